/// Single-precision matrix products on the CPU's best SIMD target: the direct path, without a Backend in between.
///
/// Everything here is thread-safe and runs on the calling thread. Work memory belongs to the call (at most
/// about 7 MB, and none for small products) and is given back when it returns.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// Which operands of a product are stored the other way round.
struct GemmOptions {
  bool transpose_a = false;  ///< `a` holds [k, m] and is read as its transpose.
  bool transpose_b = false;  ///< `b` holds [n, k] and is read as its transpose.
};

/// What happens to the sums before they are stored; costs next to nothing there.
struct Epilogue {
  std::span<const float> bias = {};  ///< [n], added to every row; empty for none.
  Activation activation = Activation::none;
};

/// The weights of a layer, copied once into the order in which the product reads them. Pays off when the same B meets
/// many small A: batches of 1 to 64 rows.
/// **Thread-safety**: immutable; copies share the packed memory. **Cost**: k * n floats, n rounded up to a whole panel.
class PackedMatrix {
 public:
  /// An empty [0, 0] matrix.
  PackedMatrix() = default;

  /// A packed copy of `b` [k, n] for the SIMD target in use.
  /// **Errors**: invalid_argument (see check_view). **Cost**: reads b once.
  [[nodiscard]] static Result<PackedMatrix> make(ConstMatrixView b);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  /// Columns per panel; depends on the SIMD target.
  [[nodiscard]] std::size_t panel_width() const noexcept { return panel_width_; }
  /// Whether the SIMD target in use is one that reads this layout. Only tests that switch targets see false.
  [[nodiscard]] bool usable() const noexcept;
  /// Panel after panel, each [rows, panel_width] without gaps, the last filled up with zeros; 64-byte aligned.
  [[nodiscard]] const float* data() const noexcept { return panels_.get(); }

 private:
  std::shared_ptr<const float[]> panels_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t panel_width_ = 0;
};

/// What `sgemm` demands of its operands. **Errors**: shape_mismatch naming the argument and both shapes;
/// invalid_argument for a bad view (see check_view) or a C that overlaps A or B.
[[nodiscard]] Result<void> check_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {});

/// C = op(A) * op(B), then the epilogue. NaN and inf propagate as IEEE 754 says; k = 0 stores zeros (plus bias).
/// **Units/shape**: op(A) [m, k], op(B) [k, n], C [m, n].
/// **Errors**: see check_gemm; shape_mismatch when the bias is neither empty nor of n elements.
/// **Cost**: 2 m n k operations. Each result is within k * 2^-24 * sum|a||b| of the exact value (to first order).
[[nodiscard]] Result<void> sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {},
                                 Epilogue epilogue = {});

/// C = A * B with B packed beforehand, then the epilogue. Same results and errors as above.
/// **Errors**: also invalid_argument when `b` was packed for another SIMD target.
[[nodiscard]] Result<void> sgemm(ConstMatrixView a, const PackedMatrix& b, MatrixView c, Epilogue epilogue = {});

}  // namespace myelin::kernels
