/// How much memory the process holds.
#pragma once

#include <cstdint>

namespace myelin::tool {

/// Bytes of physical memory in use, a multiple of the page size; 0 where the system does not say. **Cost**: reads
/// /proc.
[[nodiscard]] std::uint64_t resident_bytes();

/// The most that resident_bytes() ever was; 0 where the system does not say. **Cost**: reads /proc.
[[nodiscard]] std::uint64_t peak_resident_bytes();

}  // namespace myelin::tool
