#include "loading/library_file.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <fstream>

namespace myelin::plugin {

namespace {

namespace fs = std::filesystem;

// Far beyond any library, far below what would be a burden.
constexpr std::uint64_t kHeadersMax = 4096;
constexpr std::uint64_t kNamesBytesMax = std::uint64_t{1} << 20;
constexpr std::uint64_t kSectionBytesMax = std::uint64_t{1} << 20;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kMachine = EM_RISCV;
#else
constexpr Elf64_Half kMachine = EM_NONE;
#endif

class LibraryFile {
 public:
  LibraryFile(const fs::path& path, std::uint64_t bytes)
      : name_{path.string()}, bytes_{bytes}, stream_{path, std::ios::binary} {}

  Result<std::vector<char>> section(std::string_view wanted) {
    if (!stream_) return fail(Errc::io_error, fmt::format("'{}' cannot be read", name_));
    Elf64_Ehdr header{};
    if (bytes_ < sizeof header || !read(0, &header, sizeof header)) return no_library("it is too short");
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return no_library("it is no ELF file");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_DYN ||
        (kMachine != EM_NONE && header.e_machine != kMachine)) {
      return no_library("it is an ELF file, but no shared library for this kind of machine");
    }
    if (const auto whole = check_segments(header); !whole) return tl::unexpected{whole.error()};
    return find(header, wanted);
  }

 private:
  [[nodiscard]] bool within(std::uint64_t offset, std::uint64_t bytes) const {
    return offset <= bytes_ && bytes <= bytes_ - offset;
  }
  bool read(std::uint64_t offset, void* into, std::uint64_t bytes) {
    if (!within(offset, bytes)) return false;
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(static_cast<char*>(into), static_cast<std::streamsize>(bytes));
    return stream_.good();
  }
  [[nodiscard]] tl::unexpected<Error> no_library(std::string_view why) const {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no shared library: {}", name_, why));
  }
  [[nodiscard]] tl::unexpected<Error> cut_short() const {
    return fail(Errc::io_error, fmt::format("'{}' is damaged, or cut short: its parts reach beyond its end", name_));
  }

  Result<void> check_segments(const Elf64_Ehdr& header) {
    if (header.e_phentsize != sizeof(Elf64_Phdr)) return cut_short();
    for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment{};
      if (!read(header.e_phoff + i * sizeof segment, &segment, sizeof segment)) return cut_short();
      if (segment.p_type == PT_LOAD && !within(segment.p_offset, segment.p_filesz)) return cut_short();
    }
    return {};
  }

  Result<std::vector<char>> find(const Elf64_Ehdr& header, std::string_view wanted) {
    if (header.e_shnum == 0) return std::vector<char>{};
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum > kHeadersMax || header.e_shstrndx >= header.e_shnum)
      return cut_short();
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    if (!read(header.e_shoff, sections.data(), sections.size() * sizeof(Elf64_Shdr))) return cut_short();
    auto names = content(sections[header.e_shstrndx], kNamesBytesMax);
    if (!names) return names;
    for (const Elf64_Shdr& section : sections) {
      if (section.sh_name >= names->size()) continue;
      const char* const name = names->data() + section.sh_name;
      if (std::string_view{name, ::strnlen(name, names->size() - section.sh_name)} != wanted) continue;
      return content(section, kSectionBytesMax);
    }
    return std::vector<char>{};
  }

  Result<std::vector<char>> content(const Elf64_Shdr& section, std::uint64_t bytes_max) {
    if (section.sh_type == SHT_NOBITS || section.sh_size > bytes_max) return cut_short();
    std::vector<char> bytes(section.sh_size);
    if (!read(section.sh_offset, bytes.data(), bytes.size())) return cut_short();
    return bytes;
  }

  std::string name_;
  std::uint64_t bytes_;
  std::ifstream stream_;
};

}  // namespace

Result<std::vector<char>> section_of(const fs::path& file, std::string_view section) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) {
    return fail(Errc::not_found, fmt::format("there is no plugin '{}'", file.string()));
  }
  if (error) return fail(Errc::io_error, fmt::format("'{}' cannot be read: {}", file.string(), error.message()));
  if (status.type() != fs::file_type::regular) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no shared library: it is no file", file.string()));
  }
  const auto bytes = fs::file_size(file, error);
  if (error) return fail(Errc::io_error, fmt::format("'{}' cannot be read: {}", file.string(), error.message()));
  return LibraryFile{file, bytes}.section(section);
}

}  // namespace myelin::plugin
