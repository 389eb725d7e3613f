#include "process/cpu_time.hpp"

#include <time.h>

namespace myelin::tool {

Duration process_cpu_time() noexcept {
  timespec used{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return Duration::zero();
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace myelin::tool
