/// Says which seeds were running, should the program itself crash.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::sim {

/// A signal handler can only reach what is global. **Thread-safety**: thread-safe, one job a thread.
class CrashNote {
 public:
  /// From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT first write the running seeds to stderr.
  static void install() noexcept;
  static void running(std::size_t job, std::uint64_t seed) noexcept;
  static void idle(std::size_t job) noexcept;
};

}  // namespace myelin::sim
