/// How much processor time the process has used.
#pragma once

#include "myelin/base/time.hpp"

namespace myelin::tool {

/// Of all its threads together, since it began. **Cost**: a system call.
[[nodiscard]] Duration process_cpu_time() noexcept;

}  // namespace myelin::tool
