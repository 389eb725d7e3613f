/// Element-wise and row-wise kernels, on the best SIMD target of the CPU. They work in place.
///
/// All of them are thread-safe on distinct memory, allocate nothing, and accept empty input as "nothing to do".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// What a dense layer does to its sums.
enum class Activation : std::uint8_t {
  none = 0,  ///< y = x
  relu = 1,  ///< y = x < 0 ? 0 : x
};

/// "none" or "relu"; "unknown" for a number that is no Activation.
[[nodiscard]] std::string_view to_string(Activation activation) noexcept;

/// x = x < 0 ? 0 : x for every element. NaN stays NaN and -0 stays -0; -inf becomes 0. The result is exact.
/// **Errors**: invalid_argument (see check_view).
[[nodiscard]] Result<void> relu(MatrixView values);

/// values(i, j) += bias[j]. **Units/shape**: `bias` has values.cols elements.
/// **Errors**: shape_mismatch; invalid_argument (see check_view).
[[nodiscard]] Result<void> add_bias(MatrixView values, std::span<const float> bias);

/// Each row becomes exp(x - max) / sum(exp(x - max)): non-negative, sum 1 within rounding. Rows of any finite values
/// are safe from overflow. An element of -inf gets probability 0. A row that holds NaN or +inf, or only -inf, becomes
/// NaN throughout: it never looks like a distribution. Probabilities below about 1e-38 become 0.
/// **Errors**: invalid_argument (see check_view).
[[nodiscard]] Result<void> softmax_rows(MatrixView logits);

/// The index of the largest element that is not NaN, the first of equals; nothing for an empty or all-NaN row.
/// **Cost**: O(n), plain loop.
[[nodiscard]] std::optional<std::size_t> argmax(std::span<const float> values) noexcept;

}  // namespace myelin::kernels
