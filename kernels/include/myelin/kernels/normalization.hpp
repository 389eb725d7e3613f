/// Softmax and norms over the last dimension, on the best SIMD target of the CPU.
///
/// All of them are thread-safe on distinct memory, allocate nothing, and accept empty input as "nothing to do". x and y
/// have the same shape, of any rank from 1, and no gaps in the last dimension; y may be x itself.
/// **Errors** of all: shape_mismatch, and invalid_argument for a bad tensor (see check_tensor, check_output,
/// check_rows) or a y that overlaps an input and is not the same.
#pragma once

#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// y = exp(x - max) / sum(exp(x - max)): non-negative, sum 1 within rounding. Rows of any finite values are safe from
/// overflow. An element of -inf gets probability 0. A row that holds NaN or +inf, or only -inf, becomes NaN throughout:
/// it never looks like a distribution. Probabilities below about 1e-38 become 0.
[[nodiscard]] Result<void> softmax(ConstTensorView x, TensorView y);

/// y = x - max - log(sum(exp(x - max))): the logarithm of softmax, also where that is 0. An element of -inf stays -inf;
/// a row that holds NaN or +inf, or only -inf, becomes NaN throughout.
[[nodiscard]] Result<void> log_softmax(ConstTensorView x, TensorView y);

/// How a norm scales what it has normalised.
struct NormOptions {
  std::span<const float> gain = {};  ///< Of the row's length; empty for 1.
  std::span<const float> bias = {};  ///< Of the row's length; empty for 0. RMS norm has none.
  float epsilon = 1e-5F;             ///< Added to the variance. **Requires**: finite, not negative.
};

/// y = (x - mean) / sqrt(variance + epsilon) * gain + bias, the variance being that of the row (divided by its length).
/// A row that holds NaN or an infinity, or whose sum is one, becomes NaN throughout. **Source**: Ba, Kiros and Hinton
/// 2016.
[[nodiscard]] Result<void> layer_norm(ConstTensorView x, TensorView y, NormOptions options = {});

/// y = x / sqrt(mean of squares + epsilon) * gain. A row that holds NaN becomes NaN throughout; the finite elements of
/// a row that holds an infinity, or whose sum of squares is one, become 0. **Source**: Zhang and Sennrich 2019.
/// **Errors**: also invalid_argument for a bias.
[[nodiscard]] Result<void> rms_norm(ConstTensorView x, TensorView y, NormOptions options = {});

}  // namespace myelin::kernels
