/// Memory for packed weights, and the checks that come before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>

#include "memory/huge_pages.hpp"
#include "myelin/base/result.hpp"

namespace myelin::kernels::cpu {

/// A cache line, and the widest vector.
inline constexpr std::align_val_t kPackedAlignment{64};

/// Whether [k, n] weights of type T can be counted in any order that a product reads them in.
/// **Errors**: invalid_argument naming "b".
template <class T>
[[nodiscard]] Result<void> check_packable(std::size_t k, std::size_t n) {
  // The most that an order adds to either: a panel of columns, or a cache line a column.
  constexpr std::size_t kRoundingMax = 64;
  // The column sums of 8-bit weights come on top.
  constexpr std::size_t kElementsMax = static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(T) / 8;
  if (n <= kElementsMax - kRoundingMax && k <= kElementsMax - kRoundingMax &&
      n + kRoundingMax <= kElementsMax / (k + kRoundingMax)) {
    return {};
  }
  return fail(Errc::invalid_argument,
              "matrix 'b' of " + std::to_string(k) + " x " + std::to_string(n) + " is too large to be packed");
}

/// **Errors**: backend_failed where there is no memory. **Cost**: nothing is written.
template <class T>
[[nodiscard]] Result<std::shared_ptr<T[]>> allocate_packed(std::size_t count) {
  void* memory = ::operator new(count * sizeof(T), kPackedAlignment, std::nothrow);
  if (memory == nullptr) {
    return fail(Errc::backend_failed, "no memory for " + std::to_string(count) + " packed weights of matrix 'b'");
  }
  prefer_huge_pages(memory, count * sizeof(T));
  return std::shared_ptr<T[]>{static_cast<T*>(memory), [](T* p) { ::operator delete(p, kPackedAlignment); }};
}

}  // namespace myelin::kernels::cpu
