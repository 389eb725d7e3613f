/// Operands of benchmarks.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include "bench/kernels/family.hpp"

namespace myelin::tool::kernel_bench {

/// Floats that begin with a cache line: where a vector begins decides how many of its loads cross from one line into
/// the next, and no side shall have more of them than another.
class Buffer {
 public:
  /// Not a number, each of them.
  explicit Buffer(std::size_t count);
  /// See random_values, times `scale`.
  Buffer(std::size_t count, unsigned seed, float scale = 1.0F);

  [[nodiscard]] float* data() { return floats_.get(); }
  [[nodiscard]] const float* data() const { return floats_.get(); }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::span<float> span() { return {data(), count_}; }

 private:
  struct Release {
    void operator()(float* floats) const { ::operator delete(floats, kAlignment); }
  };
  static constexpr std::align_val_t kAlignment{64};

  std::size_t count_;
  std::unique_ptr<float, Release> floats_;
};

/// Whether all elements of `got` are near those of `want`: within `bound` times (1 + their size).
/// **Errors**: backend_failed, which names the side and the element.
[[nodiscard]] Result<void> check_near(const std::string& side, std::span<const float> got, std::span<const float> want,
                                      float bound);

}  // namespace myelin::tool::kernel_bench
