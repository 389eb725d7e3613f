/// Sums, extremes and rankings along the last dimension, on the best SIMD target of the CPU. Thread-safe on distinct
/// memory; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// What becomes of a row. The numbers are stable.
enum class Reduction : std::uint8_t {
  sum = 0,   ///< 0 for an empty row.
  mean = 1,  ///< NaN for an empty row.
  max = 2,   ///< -inf for an empty row; NaN if the row holds NaN.
  min = 3,   ///< +inf for an empty row; NaN if the row holds NaN.
};

/// "sum", "mean", "max" or "min"; "unknown" for a number that is no Reduction.
[[nodiscard]] std::string_view to_string(Reduction reduction) noexcept;

/// y = the reduction of each row of x. **Units/shape**: x [..., n] without gaps in its last dimension, y [...].
/// A sum errs by at most 2^-16 of the sum of absolute values, whatever the length: parts are added in double.
/// **Errors**: shape_mismatch; invalid_argument for an unknown reduction, a bad tensor, or a y that overlaps x.
[[nodiscard]] Result<void> reduce(ConstTensorView x, Reduction reduction, TensorView y);

/// y = the index of the largest element of each row that is not NaN, the first of equals; -1 for a row without any.
/// **Units/shape**: x [..., n], y [...] of i32. **Errors**: as reduce; invalid_argument for n of 2^31 and more.
[[nodiscard]] Result<void> argmax(ConstTensorView x, TensorView y);

/// An element among many, and its value.
struct Ranked {
  std::size_t index = 0;
  float value = 0;

  friend bool operator==(const Ranked&, const Ranked&) = default;
};

/// Writes the best.size() largest of `values` to `best`, the largest first, of equals the first; NaN is never among
/// them. Returns how many there are: fewer only where `values` has fewer. **Errors**: invalid_argument for null data.
/// **Cost**: one pass; for k of n values in random order about k ln(n / k) of them are moved, each in O(log k).
[[nodiscard]] Result<std::size_t> top_k(std::span<const float> values, std::span<Ranked> best);

}  // namespace myelin::kernels
