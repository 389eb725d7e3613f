#include "process/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kLook{10};

tl::unexpected<Error> failed(std::string_view what, const fs::path& file, int problem) {
  return fail(problem == ENOENT ? Errc::not_found : Errc::io_error,
              fmt::format("cannot {} '{}': {}", what, file.string(), std::generic_category().message(problem)));
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// Whether the descriptor is still the file of that name: who held it may have deleted it.
bool is_named(int descriptor, const fs::path& file) {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor, &held) == 0 && ::stat(file.c_str(), &named) == 0 && is_same(held, named);
}

/// Of a lock's, or a file that has just been made: a process's number, or nothing.
bool may_be_written(int descriptor) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::array<char, 32> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size(), 0);
  return count >= 0 && count < static_cast<ssize_t>(text.size()) &&
         std::all_of(text.begin(), text.begin() + count,
                     [](char letter) { return letter == '\n' || (letter >= '0' && letter <= '9'); });
}

pid_t process_in(const fs::path& file) {
  std::ifstream in{file};
  pid_t process = 0;
  return in >> process && process > 0 ? process : 0;
}

}  // namespace

Result<FileLock> FileLock::take(const fs::path& file, const Wait& wait) {
  const auto end = std::chrono::steady_clock::now() + wait.limit;
  for (bool is_told = false;;) {
    const int descriptor =
        ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (descriptor < 0) return failed("open", file, errno);
    FileLock lock{descriptor};
    if (!may_be_written(descriptor)) {
      return fail(Errc::invalid_argument, fmt::format("'{}' is no lock of ours, and is left as it is", file.string()));
    }
    if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
      if (!is_named(descriptor, file)) continue;
      const std::string process = fmt::format("{}\n", ::getpid());
      if (::ftruncate(descriptor, 0) != 0 ||
          ::pwrite(descriptor, process.data(), process.size(), 0) != static_cast<ssize_t>(process.size())) {
        return failed("write", file, errno);
      }
      return lock;
    }
    if (errno != EWOULDBLOCK) return failed("lock", file, errno);
    const pid_t holder = holder_of(file);
    if (wait.stop.stop_requested()) return fail(Errc::cancelled, "interrupted while another process was waited for");
    if (std::chrono::steady_clock::now() >= end) {
      return fail(Errc::timeout, fmt::format("'{}' is held by another process{}: wait until it has ended, or end it",
                                             file.string(), holder == 0 ? "" : fmt::format(" ({})", holder)));
    }
    if (!is_told && wait.on_wait) wait.on_wait(holder);
    is_told = true;
    std::this_thread::sleep_for(kLook);
  }
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

pid_t holder_of(const fs::path& file) {
  struct stat lock {};
  const pid_t process = process_in(file);
  if (process == 0 || ::stat(file.c_str(), &lock) != 0) return 0;
  std::error_code error;
  for (fs::directory_iterator entry{fmt::format("/proc/{}/fd", process), error}, none; !error && entry != none;
       entry.increment(error)) {
    struct stat open {};
    if (::stat(entry->path().c_str(), &open) == 0 && is_same(open, lock)) return process;
  }
  return 0;
}

}  // namespace myelin::tool
