/// Element-wise kernels, on the best SIMD target of the CPU.
///
/// All of them are thread-safe on distinct memory, allocate nothing, and accept empty input as "nothing to do". What
/// each may err by, and what becomes of NaN and infinities, stands in docs/kernels.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// A function of one float. What a layer does to its sums. The numbers are stable.
enum class Activation : std::uint8_t {
  none = 0,        ///< y = x
  relu = 1,        ///< y = x < 0 ? 0 : x
  leaky_relu = 2,  ///< y = x < 0 ? slope * x : x; see ActivationOptions.
  gelu_erf = 3,    ///< y = x (1 + erf(x / sqrt 2)) / 2
  gelu_tanh = 4,   ///< y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
  silu = 5,        ///< y = x / (1 + e^-x)
  sigmoid = 6,     ///< y = 1 / (1 + e^-x)
  tanh = 7,        ///< y = tanh x
  exp = 8,         ///< y = e^x
};

/// Its name, e.g. "gelu_erf"; "unknown" for a number that is no Activation.
[[nodiscard]] std::string_view to_string(Activation activation) noexcept;

struct ActivationOptions {
  float slope = 0.01F;  ///< Of leaky_relu, where x is negative.
};

/// y = f(x) for every element. **Units/shape**: x and y have the same shape, any strides; y may be x itself.
/// **Errors**: shape_mismatch; invalid_argument for an unknown activation, a bad tensor (see check_tensor,
/// check_output), or a y that overlaps x and is not the same. **Cost**: best where the last dimension has no gaps.
[[nodiscard]] Result<void> activate(ConstTensorView x, Activation activation, TensorView y,
                                    ActivationOptions options = {});

/// x = x < 0 ? 0 : x for every element. NaN stays NaN and -0 stays -0; -inf becomes 0. The result is exact.
/// **Errors**: invalid_argument (see check_view).
[[nodiscard]] Result<void> relu(MatrixView values);

/// values(i, j) += bias[j]. **Units/shape**: `bias` has values.cols elements.
/// **Errors**: shape_mismatch; invalid_argument (see check_view) and for a bias that points to no data or overlaps.
[[nodiscard]] Result<void> add_bias(MatrixView values, std::span<const float> bias);

/// softmax() of each row, in place. **Errors**: invalid_argument (see check_view).
[[nodiscard]] Result<void> softmax_rows(MatrixView logits);

/// The index of the largest element that is not NaN, the first of equals; nothing for an empty or all-NaN row, nor for
/// one that points to no data.
/// **Cost**: O(n), plain loop.
[[nodiscard]] std::optional<std::size_t> argmax(std::span<const float> values) noexcept;

}  // namespace myelin::kernels
