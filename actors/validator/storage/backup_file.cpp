#include "storage/backup_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "MYBACKUP";
constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

struct Seal {
  std::array<char, 8> magic{};
  std::uint64_t format = 0;
  std::uint64_t bytes = 0;  // before the seal
  std::uint64_t zeros = 0;
  std::array<unsigned char, kHashBytes> hash{};
};
static_assert(sizeof(Seal) == 64);
constexpr std::size_t kHashedOfSeal = offsetof(Seal, hash);

/// The hash of what goes by.
class Hash {
 public:
  Hash() { crypto_generichash_init(&state_, nullptr, 0, kHashBytes); }
  void add(const void* bytes, std::size_t size) {
    crypto_generichash_update(&state_, static_cast<const unsigned char*>(bytes), size);
  }
  /// Of all that was added, and the seal's own fields.
  [[nodiscard]] std::array<unsigned char, kHashBytes> finish(const Seal& seal) {
    add(&seal, kHashedOfSeal);
    std::array<unsigned char, kHashBytes> hash;
    crypto_generichash_final(&state_, hash.data(), hash.size());
    return hash;
  }

 private:
  crypto_generichash_state state_;
};

Result<std::uint64_t> size_of(const Descriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return system_failure("look at", path, errno);
  if (!S_ISREG(status.st_mode)) return fail(Errc::corrupt_file, fmt::format("'{}' is no plain file", path.string()));
  return static_cast<std::uint64_t>(status.st_size);
}

/// Reads `bytes` whole, from an offset.
Result<void> read_at(const Descriptor& file, const fs::path& path, std::span<std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path, errno);
    if (got == 0) return fail(Errc::corrupt_file, fmt::format("'{}' became shorter while it was read", path.string()));
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<void> write_at(const Descriptor& file, const fs::path& path, std::span<const std::byte> bytes,
                      std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

/// Calls `use(piece, offset)` for the file's first `size` bytes, piece by piece.
template <class Use>
Result<void> for_each_piece(const Descriptor& file, const fs::path& path, std::uint64_t size, Use use) {
  std::vector<std::byte> buffer(kPieceBytes);
  for (std::uint64_t at = 0; at < size; at += buffer.size()) {
    const std::span piece = std::span{buffer}.first(std::min<std::uint64_t>(buffer.size(), size - at));
    if (auto got = read_at(file, path, piece, at); !got) return got;
    if (Result<void> used = use(piece, at); !used) return used;
  }
  return {};
}

Result<Seal> seal_of(const Descriptor& file, const fs::path& path) {
  const auto size = size_of(file, path);
  if (!size) return tl::unexpected{size.error()};
  Seal seal;
  if (*size < sizeof seal) return Seal{};
  if (auto got = read_at(file, path, std::as_writable_bytes(std::span{&seal, 1}), *size - sizeof seal); !got) {
    return tl::unexpected{got.error()};
  }
  return std::string_view{seal.magic.data(), seal.magic.size()} == kMagic ? seal : Seal{};
}

tl::unexpected<Error> damaged(const fs::path& path) {
  return fail(Errc::corrupt_file,
              fmt::format("'{}' is a damaged backup: it is not what was written; take another one", path.string()));
}

/// A seal that fits the file's size. **Errors**: corrupt_file; unsupported_version; io_error.
Result<Seal> good_seal_of(const Descriptor& file, const fs::path& path) {
  const auto size = size_of(file, path);
  if (!size) return tl::unexpected{size.error()};
  auto seal = seal_of(file, path);
  if (!seal) return seal;
  if (seal->format == 0) {
    return fail(Errc::corrupt_file,
                fmt::format("'{}' is no backup, or its end is missing; take another one", path.string()));
  }
  if (seal->format != kFormat) {
    return fail(Errc::unsupported_version, fmt::format("'{}' is a backup of format {}; this build reads {}",
                                                       path.string(), seal->format, kFormat));
  }
  if (seal->bytes != *size - sizeof(Seal)) return damaged(path);
  return seal;
}

}  // namespace

Result<void> seal_backup(const Descriptor& file, const fs::path& path) {
  const auto size = size_of(file, path);
  if (!size) return tl::unexpected{size.error()};
  Hash hash;
  auto hashed = for_each_piece(file, path, *size, [&](std::span<const std::byte> piece, std::uint64_t) -> Result<void> {
    hash.add(piece.data(), piece.size());
    return {};
  });
  if (!hashed) return hashed;
  Seal seal{.format = kFormat, .bytes = *size};
  std::memcpy(seal.magic.data(), kMagic.data(), kMagic.size());
  seal.hash = hash.finish(seal);
  return write_at(file, path, std::as_bytes(std::span{&seal, 1}), *size);
}

Result<bool> is_sealed(const Descriptor& file, const fs::path& path) {
  const auto size = size_of(file, path);
  if (!size) return tl::unexpected{size.error()};
  // Pages may say whatever they like; but nothing but a seal lies behind whole ones.
  constexpr std::uint64_t kPageBytesMin = 512;
  if (*size % kPageBytesMin != sizeof(Seal)) return false;
  const auto seal = seal_of(file, path);
  if (!seal) return tl::unexpected{seal.error()};
  return seal->format != 0;
}

Result<void> check_seal(const Descriptor& file, const fs::path& path) {
  const auto seal = good_seal_of(file, path);
  if (!seal) return tl::unexpected{seal.error()};
  Hash hash;
  auto read =
      for_each_piece(file, path, seal->bytes, [&](std::span<const std::byte> piece, std::uint64_t) -> Result<void> {
        hash.add(piece.data(), piece.size());
        return {};
      });
  if (!read) return read;
  return hash.finish(*seal) == seal->hash ? Result<void>{} : damaged(path);
}

Result<void> open_seal(const fs::path& backup, const fs::path& to) {
  // O_NONBLOCK: or a pipe of that name would have us wait for somebody to write to it.
  const Descriptor from{::open(backup.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!from.is_open()) return system_failure("open the backup", backup, errno);
  const auto seal = good_seal_of(from, backup);
  if (!seal) return tl::unexpected{seal.error()};
  const Descriptor file{::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!file.is_open()) return system_failure("create", to, errno);
  const auto give_up = [&to](tl::unexpected<Error> error) {
    ::unlink(to.c_str());
    return error;
  };
  Hash hash;
  auto copied = for_each_piece(from, backup, seal->bytes, [&](std::span<const std::byte> piece, std::uint64_t offset) {
    hash.add(piece.data(), piece.size());
    return write_at(file, to, piece, offset);
  });
  if (!copied) return give_up(tl::unexpected{copied.error()});
  if (hash.finish(*seal) != seal->hash) return give_up(damaged(backup));
  if (::fsync(file.number()) != 0) return give_up(system_failure("sync", to, errno));
  return {};
}

}  // namespace myelin::validator
