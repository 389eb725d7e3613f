/// Writes and syncs that fail below libraries that write by themselves, such as LMDB.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace myelin::test {

/// A test that is linked with disk_faults.cpp writes and syncs through this: it takes the place of the system's
/// functions in the whole process. At most one at a time. **Thread-safety**: thread-safe, but for construction and
/// destruction.
class DiskFaults {
 public:
  /// How long the disk is bad.
  enum class Lasts : std::uint8_t { once, for_good };

  /// Of the calls on files whose paths end so, the `number`th from now on fails, from 1, and does nothing; also those
  /// behind it, if it lasts. `number` 0: they are only counted.
  DiskFaults(std::string ending, std::uint64_t number, int error, Lasts lasts = Lasts::once);
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;
  ~DiskFaults();

  /// On those files, so far.
  [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
  [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

  /// Whether a call that is about to be made is to fail; then errno says with what.
  [[nodiscard]] static bool fails(int file) noexcept;

 private:
  std::string ending_;
  std::uint64_t number_;
  int error_;
  Lasts lasts_;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<bool> has_failed_ = false;
};

}  // namespace myelin::test
