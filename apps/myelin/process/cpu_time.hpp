/// How much processor time the process has used.
#pragma once

#include <sys/types.h>

#include "myelin/base/time.hpp"

namespace myelin::tool {

/// Of all its threads together, since it began. **Cost**: a system call.
[[nodiscard]] Duration process_cpu_time() noexcept;

/// The same of another process that runs; none where there is no such process.
[[nodiscard]] Duration cpu_time_of(pid_t process) noexcept;

}  // namespace myelin::tool
