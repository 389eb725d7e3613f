#include "node/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(std::string_view what, const fs::path& path, int problem) {
  return fail(Errc::io_error, fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(problem)));
}

/// " (process 4711)", or nothing where the file does not say.
std::string holder(int lock) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size() - 1, 0);
  const long process = size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  return process > 0 ? fmt::format(" (process {})", process) : std::string{};
}

}  // namespace

Result<DataFolder> DataFolder::take(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failed("make the data folder", folder, error.value());
  const fs::path file = folder / "lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) return failed("open", file, errno);
  DataFolder taken{folder, lock};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", file, errno);
    return fail(Errc::invalid_argument,
                fmt::format("the data folder '{}' is another node's that runs{}: end that one, or give this one a "
                            "folder of its own (--data)",
                            folder.string(), holder(lock)));
  }
  // For people alone: who holds the lock is what the system says.
  const std::string process = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, process.data(), process.size(), 0) != static_cast<ssize_t>(process.size())) {
    return failed("write", file, errno);
  }
  return taken;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_{std::move(other.path_)}, lock_{std::exchange(other.lock_, -1)} {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace myelin::tool
