/// Matrix products of 8-bit integers with exact sums of 32 bits, and the scales that make real numbers of them: a
/// quarter of the memory to keep and to read.
///
/// Quantisation is symmetric: value = scale * integer, integers from -127 to 127, a scale for each column of the
/// weights and each row of the activations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// Whether this CPU and the SIMD target in use have an instruction that sums four products of bytes (vpdpbusd).
/// Elsewhere they are widened to 16 bits as they are read. **Thread-safety**: thread-safe.
[[nodiscard]] bool int8_is_native() noexcept;

/// The greatest depth of a product: 128 * 128 * depth still fits a sum of 32 bits.
inline constexpr std::size_t kInt8DepthMax = (std::size_t{1} << 17) - 1;

/// Each row of `values` as integers with a scale of its own: the largest magnitude of a row becomes 127. A row of zeros
/// has scale 0.
/// **Units/shape**: `values` [m, k], `integers` i8 [m, k], `scales` [m].
/// **Errors**: shape_mismatch; invalid_argument for a bad view or tensor, for memory that overlaps, and for a row that
/// holds NaN or an infinity; integers and scales are then unspecified.
/// **Cost**: reads `values` twice. Each value is within scale / 2 of scale * integer.
[[nodiscard]] Result<void> quantize_rows(ConstMatrixView values, const TensorView& integers, std::span<float> scales);

/// Weights of 8 bits with a scale a column, in the order in which the product reads them.
/// **Thread-safety**: immutable; copies share the packed memory.
class PackedInt8 {
 public:
  /// An empty [0, 0] matrix.
  PackedInt8() = default;

  /// `b`, i8 [k, n], as it is, with the columns' scales.
  /// **Errors**: shape_mismatch for other than n scales; invalid_argument for a bad tensor, a depth above
  /// kInt8DepthMax, and a scale that is not finite; backend_failed where there is no memory.
  [[nodiscard]] static Result<PackedInt8> make(const ConstTensorView& b, std::span<const float> scales);
  /// `b` [k, n] quantised, a column at a time. **Errors**: also invalid_argument for NaN and infinities.
  [[nodiscard]] static Result<PackedInt8> quantize(ConstMatrixView b);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] std::span<const float> scales() const noexcept;
  /// Columns per panel; depends on the SIMD target.
  [[nodiscard]] std::size_t panel_width() const noexcept { return panel_width_; }
  /// Whether the SIMD target in use is one that reads this layout. Only tests that switch targets see false.
  [[nodiscard]] bool usable() const noexcept;
  /// In the order of the kernels, which is theirs to change.
  [[nodiscard]] const std::int8_t* data() const noexcept { return packed_.get(); }

 private:
  std::shared_ptr<const std::int8_t[]> packed_;
  std::shared_ptr<const std::vector<float>> scales_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t panel_width_ = 0;
};

/// C = op(A) * B in integers: exact, the same on every target. The columns' scales are not applied.
/// **Units/shape**: op(A) i8 [m, k], B [k, n], C i32 [m, n].
/// **Errors**: shape_mismatch and invalid_argument naming the argument, also for transpose_b (B is packed) and for an
/// alpha that is not 1 or a beta that is not 0 (sums are integers); backend_failed where there is no work memory.
/// **Thread-safety**: thread-safe.
[[nodiscard]] Result<void> int8_gemm(const ConstTensorView& a, const PackedInt8& b, const TensorView& c,
                                     GemmOptions options = {});

/// C(i, j) = alpha * (op(A) * B)(i, j) * (a_scales[i] * b.scales()[j]) + beta * C(i, j), then the epilogue. The sum is
/// rounded to a float once, and so are the products and what comes after them.
/// **Units/shape**: as above, C floats, `a_scales` [m]. **Errors**: as above, but for alpha and beta.
[[nodiscard]] Result<void> int8_gemm(const ConstTensorView& a, std::span<const float> a_scales, const PackedInt8& b,
                                     MatrixView c, const Epilogue& epilogue = {}, GemmOptions options = {});

}  // namespace myelin::kernels
