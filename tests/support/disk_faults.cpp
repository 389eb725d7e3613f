#include "disk_faults.hpp"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <string_view>
#include <utility>

namespace myelin::test {

namespace {

std::mutex mutex;
DiskFaults* active = nullptr;  // under the mutex
std::atomic<bool> is_active = false;

}  // namespace

DiskFaults::DiskFaults(std::string ending, std::uint64_t number, int error, Lasts lasts)
    : ending_{std::move(ending)}, number_{number}, error_{error}, lasts_{lasts} {
  const std::lock_guard lock{mutex};
  active = this;
  is_active = true;
}

DiskFaults::~DiskFaults() {
  const std::lock_guard lock{mutex};
  is_active = false;
  active = nullptr;
}

bool DiskFaults::fails(int file) noexcept {
  if (!is_active) return false;
  const std::lock_guard lock{mutex};
  if (active == nullptr) return false;
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, 4096> path{};
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  if (size < 0 || !std::string_view{path.data(), static_cast<std::size_t>(size)}.ends_with(active->ending_)) {
    return false;
  }
  const std::uint64_t call = ++active->calls_;
  if (active->number_ == 0) return false;
  if (active->lasts_ == Lasts::once ? call != active->number_ : call < active->number_) return false;
  active->has_failed_ = true;
  errno = active->error_;
  return true;
}

}  // namespace myelin::test

// In the place of the C library's: the program's own come first wherever a shared library looks for them.
#define MYELIN_IN_PLACE extern "C" __attribute__((visibility("default")))

using myelin::test::DiskFaults;

MYELIN_IN_PLACE ssize_t write(int file, const void* bytes, size_t size) {
  if (DiskFaults::fails(file)) return -1;
  return ::syscall(SYS_write, file, bytes, size);
}

MYELIN_IN_PLACE ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (DiskFaults::fails(file)) return -1;
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}

MYELIN_IN_PLACE ssize_t writev(int file, const iovec* parts, int count) {
  if (DiskFaults::fails(file)) return -1;
  return ::syscall(SYS_writev, file, parts, count);
}

MYELIN_IN_PLACE int fdatasync(int file) {
  if (DiskFaults::fails(file)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

MYELIN_IN_PLACE int fsync(int file) {
  if (DiskFaults::fails(file)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, file));
}
