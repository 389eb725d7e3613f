#include "memory/huge_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace myelin::kernels {

void prefer_huge_pages(void* memory, std::size_t bytes) noexcept {
  constexpr std::uintptr_t kPage = std::uintptr_t{2} << 20U;
  // Only pages that lie within altogether: the rest of those at the ends is somebody else's.
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + kPage - 1) / kPage * kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / kPage * kPage;
#if defined(MADV_HUGEPAGE)
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)begin;
  (void)end;
#endif
}

}  // namespace myelin::kernels
