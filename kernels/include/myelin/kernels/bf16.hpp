/// Matrix products with weights of 16 bits a value: half the memory to keep and to read, f32's range, 8 bits of
/// precision. Sums are single-precision.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// The upper half of a float: sign, 8 bits of exponent, 7 of fraction.
enum class Bf16 : std::uint16_t {};

/// The nearest bf16, of two the one with an even last bit; a NaN stays a NaN. What is beyond the largest bf16 by half
/// a step becomes infinite.
[[nodiscard]] constexpr Bf16 to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  constexpr std::uint32_t kQuiet = 0x0040;  // a NaN whose payload is cut off must not become an infinity
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<Bf16>((bits >> 16U) | kQuiet);
  return static_cast<Bf16>((bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U);
}

/// Exact.
[[nodiscard]] constexpr float to_float(Bf16 value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16U);
}

/// Whether this CPU and the SIMD target in use have an instruction for products of bf16 (vdpbf16ps). Elsewhere weights
/// are widened as they are read: half the memory to read, and as many operations as for floats.
/// **Thread-safety**: thread-safe.
[[nodiscard]] bool bf16_is_native() noexcept;

/// Weights in bf16, in the order in which the product reads them.
/// **Thread-safety**: immutable; copies share the packed memory. **Cost**: 2 bytes a weight, columns rounded up to a
/// whole panel.
class PackedBf16 {
 public:
  /// An empty [0, 0] matrix.
  PackedBf16() = default;

  /// `b` [k, n] packed for the SIMD target in use; `b` [n, k] if `transposed`. Floats are rounded, bf16 kept as they
  /// are. **Errors**: invalid_argument for another type, another rank than 2, rows with gaps or a bad tensor (see
  /// check_tensor); backend_failed where there is no memory.
  [[nodiscard]] static Result<PackedBf16> make(const ConstTensorView& b, bool transposed = false);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  /// Columns per panel; depends on the SIMD target.
  [[nodiscard]] std::size_t panel_width() const noexcept { return panel_width_; }
  /// Whether the SIMD target in use is one that reads this layout. Only tests that switch targets see false.
  [[nodiscard]] bool usable() const noexcept;
  /// In the order of the kernels, which is theirs to change.
  [[nodiscard]] const Bf16* data() const noexcept { return packed_.get(); }

 private:
  std::shared_ptr<const Bf16[]> packed_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t panel_width_ = 0;
};

/// C = alpha * op(A) * B + beta * C, then the epilogue. A is f32, and rounded to bf16 as it is read, or bf16: that
/// costs less. A row of A gets the same bits alone and in any batch.
/// **Units/shape**: op(A) [m, k], rows without gaps; B [k, n], C [m, n].
/// **Errors**: as sgemm with packed weights; invalid_argument for an A of another type or rank. **Thread-safety**:
/// thread-safe.
/// **Cost**: each element of the product is within k * 2^-24 * sum|a||b| of the exact one of the rounded operands (to
/// first order), and the rounding itself is within 2^-7 * sum|a||b|. Where the CPU has vdpbf16ps, that takes denormal
/// numbers for zero.
[[nodiscard]] Result<void> bf16_gemm(const ConstTensorView& a, const PackedBf16& b, MatrixView c,
                                     const Epilogue& epilogue = {}, GemmOptions options = {});

}  // namespace myelin::kernels
