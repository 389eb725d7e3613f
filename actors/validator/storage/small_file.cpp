#include "storage/small_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "storage/descriptor.hpp"

namespace myelin::validator {

Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  // O_NONBLOCK: or a pipe of that name would have us wait for somebody to write to it.
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file.is_open()) return system_failure("open", path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return system_failure("look at", path, errno);
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is not a plain file", path.string()));
  }
  std::string bytes(bytes_max, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

Result<void> replace_file(const std::filesystem::path& path, std::string_view bytes) {
  std::string aside = path.string() + ".XXXXXX";
  const Descriptor file{::mkostemp(aside.data(), O_CLOEXEC)};
  if (!file.is_open()) return system_failure("create a file beside", path, errno);
  const auto give_up = [&](std::string_view what) {
    const int error = errno;
    ::unlink(aside.c_str());
    return system_failure(what, path, error);
  };
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return give_up("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  constexpr mode_t kAllRead = 0644;
  if (::fchmod(file.number(), kAllRead) != 0 || ::fsync(file.number()) != 0) return give_up("sync");
  if (std::rename(aside.c_str(), path.c_str()) != 0) return give_up("replace");
  const std::filesystem::path folder = folder_of(path);
  const Descriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.is_open() || ::fsync(opened.number()) != 0) return system_failure("sync the folder", folder, errno);
  return {};
}

}  // namespace myelin::validator
