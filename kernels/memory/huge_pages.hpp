/// Large pages for large operands.
#pragma once

#include <cstddef>

namespace myelin::kernels {

/// Asks the system to back the memory with pages of 2 MiB where it can; smaller memory is left as it is. A hint: what
/// it answers does not matter. Worth it before the memory is first written. **Requires**: the memory is the caller's.
void prefer_huge_pages(void* memory, std::size_t bytes) noexcept;

}  // namespace myelin::kernels
