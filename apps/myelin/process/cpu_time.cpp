#include "process/cpu_time.hpp"

#include <time.h>

namespace myelin::tool {

namespace {

Duration read_clock(clockid_t clock) noexcept {
  timespec used{};
  if (clock_gettime(clock, &used) != 0) return Duration::zero();
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace

Duration process_cpu_time() noexcept { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

Duration cpu_time_of(pid_t process) noexcept {
  clockid_t clock{};
  return clock_getcpuclockid(process, &clock) == 0 ? read_clock(clock) : Duration::zero();
}

}  // namespace myelin::tool
