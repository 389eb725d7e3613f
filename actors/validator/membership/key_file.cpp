#include "myelin/validator/key_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>

#include "storage/descriptor.hpp"

namespace myelin::validator {

namespace {

constexpr std::string_view kHeader = "myelin validator key 1\n";
constexpr std::string_view kSeedLabel = "secret ";
constexpr std::string_view kPublicLabel = "public ";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kFileBytes =
    kHeader.size() + kSeedLabel.size() + 2 * kKeyBytes + 1 + kPublicLabel.size() + 2 * kKeyBytes + 1;

using Seed = std::array<std::uint8_t, kKeyBytes>;

/// Bytes that are wiped when they go.
template <class Bytes>
struct Wiped {
  Bytes bytes{};

  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { sodium_memzero(bytes.data(), bytes.size()); }
};
/// One byte more than a key file has, so that a longer one shows.
using FileBytes = Wiped<std::array<char, kFileBytes + 1>>;

constexpr int digit_of(char letter) noexcept {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

void put_hex(std::span<const std::uint8_t> bytes, char* out) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    *out++ = kDigits[byte >> 4];
    *out++ = kDigits[byte & 15];
  }
}

/// The place of the first letter that is no digit; the text's length where all are. **Requires**: two letters a byte.
std::size_t take_hex(std::string_view text, std::span<std::uint8_t> bytes) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = digit_of(text[i]);
    if (digit < 0) return i;
    bytes[i / 2] = static_cast<std::uint8_t>(i % 2 == 0 ? digit << 4 : bytes[i / 2] | digit);
  }
  return text.size();
}

/// Takes `prefix` off the text's front.
bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}
bool take_line(std::string_view& text, std::string_view label, std::span<std::uint8_t> bytes) noexcept {
  const std::size_t digits = 2 * bytes.size();
  if (!take(text, label) || text.size() <= digits || text[digits] != '\n') return false;
  const bool good = take_hex(text.substr(0, digits), bytes) == digits;
  text.remove_prefix(digits + 1);
  return good;
}

Result<void> write_all(const Descriptor& file, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number()) != 0) return system_failure("sync", path, errno);
  const std::filesystem::path folder = folder_of(path);
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.is_open() || ::fsync(opened.number()) != 0) return system_failure("sync the folder", folder, errno);
  return {};
}

Result<void> check_is_private(const Descriptor& file, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return system_failure("look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::invalid_argument, fmt::format("the key file '{}' is not a plain file", path.string()));
  }
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if ((status.st_mode & kOthers) != 0) {
    return fail(Errc::invalid_argument,
                fmt::format("the key file '{0}' has mode {1:04o}: others than its owner can use it. Run: chmod 600 "
                            "'{0}'; and if somebody may have read it, replace the validator's key",
                            path.string(), status.st_mode & 07777));
  }
  return {};
}

Result<std::size_t> read_all(const Descriptor& file, FileBytes& content, const std::filesystem::path& path) {
  std::size_t size = 0;
  while (size < content.bytes.size()) {
    const ssize_t got = ::read(file.number(), content.bytes.data() + size, content.bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return size;
}

}  // namespace

Result<KeyPairPtr> create_key_file(const std::filesystem::path& path) {
  if (sodium_init() < 0) return fail(Errc::io_error, "libsodium finds no source of randomness on this system");
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (!file.is_open() && errno == EEXIST) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' exists; a key is never overwritten: choose another name", path.string()));
  }
  if (!file.is_open()) return system_failure("create", path, errno);
  Wiped<Seed> seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  auto key = std::make_unique<const consensus::KeyPair>(seed.bytes);
  FileBytes content;
  char* out = content.bytes.data();
  const auto put = [&out](std::string_view text) { out += text.copy(out, text.size()); };
  const auto put_digits = [&out](std::span<const std::uint8_t> bytes) {
    put_hex(bytes, out);
    out += 2 * bytes.size();
    *out++ = '\n';
  };
  put(kHeader);
  put(kSeedLabel);
  put_digits(seed.bytes);
  put(kPublicLabel);
  put_digits(key->public_key().bytes);
  if (const auto written = write_all(file, {content.bytes.data(), kFileBytes}, path); !written) {
    ::unlink(path.c_str());
    return tl::unexpected{written.error()};
  }
  return key;
}

Result<KeyPairPtr> load_key_file(const std::filesystem::path& path) {
  // O_NONBLOCK: or a pipe of that name would have us wait for somebody to write to it.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file.is_open()) return system_failure("open the key file", path, errno);
  if (const auto checked = check_is_private(file, path); !checked) return tl::unexpected{checked.error()};
  FileBytes content;
  const auto size = read_all(file, content, path);
  if (!size) return tl::unexpected{size.error()};
  const auto damaged = [&path](std::string_view why) {
    return fail(Errc::corrupt_file, fmt::format("'{}' is not a key file: {}. Take it from a backup, or replace the "
                                                "validator's key",
                                                path.string(), why));
  };
  std::string_view text{content.bytes.data(), *size};
  Wiped<Seed> seed;
  consensus::PublicKey public_key;
  if (!take(text, kHeader))
    return damaged(fmt::format("its first line is not '{}'", kHeader.substr(0, kHeader.size() - 1)));
  if (!take_line(text, kSeedLabel, seed.bytes)) return damaged("its second line is not 'secret ' and 64 digits");
  if (!take_line(text, kPublicLabel, public_key.bytes)) return damaged("its third line is not 'public ' and 64 digits");
  if (!text.empty()) return damaged("it goes on behind its third line");
  auto key = std::make_unique<const consensus::KeyPair>(seed.bytes);
  if (key->public_key() != public_key) return damaged("its public key is not that of its secret");
  return key;
}

std::string to_hex(const consensus::PublicKey& key) {
  std::string text(2 * key.bytes.size(), '0');
  put_hex(key.bytes, text.data());
  return text;
}

Result<consensus::PublicKey> parse_public_key(std::string_view text) {
  consensus::PublicKey key;
  if (text.size() != 2 * key.bytes.size()) {
    return fail(Errc::invalid_argument,
                fmt::format("a public key is {} hexadecimal digits; these are {}", 2 * key.bytes.size(), text.size()));
  }
  if (const std::size_t wrong = take_hex(text, key.bytes); wrong < text.size()) {
    return fail(Errc::invalid_argument,
                fmt::format("a public key is of hexadecimal digits; the {}th, '{}', is none", wrong + 1, text[wrong]));
  }
  return key;
}

}  // namespace myelin::validator
