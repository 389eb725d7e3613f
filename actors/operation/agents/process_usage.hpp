/// What this process has used of its machine.
#pragma once

#include <cstdint>

#include "myelin/base/time.hpp"

namespace myelin::operation {

/// Bytes of physical memory in use; 0 where the system does not say. **Cost**: reads /proc.
[[nodiscard]] std::uint64_t resident_bytes();
/// Processor time of all threads since the process began. **Cost**: a system call.
[[nodiscard]] Duration processor_time() noexcept;

}  // namespace myelin::operation
