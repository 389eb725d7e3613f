#include "myelin/validator/disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "storage/descriptor.hpp"

namespace myelin::validator {

namespace {

class PosixFile final : public File {
 public:
  PosixFile(Descriptor file, std::filesystem::path path) : file_{std::move(file)}, path_{std::move(path)} {}

  Result<std::size_t> write_some(std::span<const std::byte> bytes, std::uint64_t offset) override {
    while (true) {
      const ssize_t written = ::pwrite(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written > 0) return static_cast<std::size_t>(written);
      const int error = written == 0 ? ENOSPC : errno;
      if (error == EINTR) continue;
      return system_failure(fmt::format("write {} bytes at {} of", bytes.size(), offset), path_, error);
    }
  }
  Result<void> sync() override {
    if (::fdatasync(file_.number()) != 0) return system_failure("sync", path_, errno);
    return {};
  }
  Result<void> resize(std::uint64_t bytes) override {
    if (::ftruncate(file_.number(), static_cast<off_t>(bytes)) == 0) return {};
    return system_failure(fmt::format("set to {} bytes the length of", bytes), path_, errno);
  }
  Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
    const int error = ::posix_fallocate(file_.number(), static_cast<off_t>(offset), static_cast<off_t>(bytes));
    if (error == 0) return {};
    return system_failure(fmt::format("allocate {} bytes at {} of", bytes, offset), path_, error);
  }
  Result<std::vector<std::byte>> read_all() override {
    struct stat status {};
    if (::fstat(file_.number(), &status) != 0) return system_failure("look at", path_, errno);
    std::vector<std::byte> content(static_cast<std::size_t>(status.st_size));
    for (std::size_t at = 0; at < content.size();) {
      const ssize_t got = ::pread(file_.number(), content.data() + at, content.size() - at, static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure("read", path_, errno);
      if (got == 0) content.resize(at);  // Somebody cut it meanwhile.
      at += static_cast<std::size_t>(got);
    }
    return content;
  }

 private:
  Descriptor file_;
  std::filesystem::path path_;
};

}  // namespace

Result<void> File::write(std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto written = write_some(bytes, offset);
    if (!written) return tl::unexpected{written.error()};
    bytes = bytes.subspan(*written);
    offset += *written;
  }
  return {};
}

Result<void> File::write_zeros(std::uint64_t offset, std::uint64_t end) {
  constexpr std::size_t kAtOnce = std::size_t{1} << 18;
  const std::vector<std::byte> zeros(static_cast<std::size_t>(std::min<std::uint64_t>(kAtOnce, end - offset)));
  for (; offset < end; offset += zeros.size()) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), end - offset));
    if (auto written = write(std::span{zeros}.first(size), offset); !written) return written;
  }
  return {};
}

Result<std::unique_ptr<File>> PosixDisk::open(const std::filesystem::path& path) {
  Descriptor file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!file.is_open()) return system_failure("open", path, errno);
  return std::make_unique<PosixFile>(std::move(file), path);
}

Result<void> PosixDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_failure(fmt::format("rename to '{}'", to.string()), from, errno);
}

Result<void> PosixDisk::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return system_failure("remove", path, errno);
}

Result<void> PosixDisk::sync_folder(const std::filesystem::path& folder) {
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.is_open()) return system_failure("open the folder", folder, errno);
  if (::fsync(opened.number()) != 0) return system_failure("sync the folder", folder, errno);
  return {};
}

}  // namespace myelin::validator
