/// Single-precision matrix products on the CPU's best SIMD target: the direct path, without a Backend in between.
///
/// Everything here is thread-safe, and runs on the calling thread unless GemmOptions::workers says otherwise. Work
/// memory is at most kGemmWorkBytes, a little more for each helper, and none for small products; the calling thread
/// keeps it for its next product, until it ends. Targets without memory masks (SSE4, NEON) also copy, for the length of
/// a call, the last columns of a B that is not packed where they fill no whole panel: k times a panel's width.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/workers.hpp"

namespace myelin::kernels {

/// The most work memory of one product on one thread: a block of B that fits L3, and one of A that fits L2.
inline constexpr std::size_t kGemmWorkBytes = std::size_t{14} << 20;

/// How the product reads its operands and meets what C holds: C = alpha * op(A) * op(B) + beta * C.
struct GemmOptions {
  bool transpose_a = false;    ///< `a` holds [k, m] and is read as its transpose.
  bool transpose_b = false;    ///< `b` holds [n, k] and is read as its transpose.
  float alpha = 1.0F;          ///< With 0 neither A nor B is read.
  float beta = 0.0F;           ///< With 0 what C held is not read: it may be NaN.
  Workers* workers = nullptr;  ///< Who helps with a large product; null for the calling thread alone. Not owned.
};

/// What happens to alpha * op(A) * op(B) + beta * C before it is stored: bias, then activation, then residual.
struct Epilogue {
  std::span<const float> bias = {};  ///< [n], added to every row; empty for none.
  Activation activation = Activation::none;
  ConstMatrixView residual = {};  ///< [m, n], added last; a view of no data for none.
};

/// The weights of a layer, copied once into the order in which the product reads them. Pays off when the same B meets
/// many small A: batches of 1 to 64 rows.
/// **Thread-safety**: immutable; copies share the packed memory. **Cost**: k * n floats, n rounded up to a whole panel;
/// fewer columns than a panel has are kept as rows of their own.
class PackedMatrix {
 public:
  /// An empty [0, 0] matrix.
  PackedMatrix() = default;

  /// A packed copy of `b` [k, n] for the SIMD target in use; of `b` [n, k] if `transposed`.
  /// **Errors**: invalid_argument (see check_view); backend_failed where there is no memory. **Cost**: reads b once.
  [[nodiscard]] static Result<PackedMatrix> make(ConstMatrixView b, bool transposed = false);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  /// Columns per panel; depends on the SIMD target.
  [[nodiscard]] std::size_t panel_width() const noexcept { return panel_width_; }
  /// Whether the SIMD target in use is one that reads this layout. Only tests that switch targets see false.
  [[nodiscard]] bool usable() const noexcept;
  /// In the order of the kernels, which is theirs to change; 64-byte aligned.
  [[nodiscard]] const float* data() const noexcept { return packed_.get(); }

 private:
  std::shared_ptr<const float[]> packed_;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t panel_width_ = 0;
};

/// What `sgemm` demands of its operands. **Errors**: shape_mismatch naming the argument and both shapes;
/// invalid_argument for a bad view (see check_view) or a C that overlaps A or B.
[[nodiscard]] Result<void> check_gemm(const ConstMatrixView& a, const ConstMatrixView& b, MatrixView c,
                                      GemmOptions options = {});

/// What `sgemm` demands of an epilogue for `c`. **Errors**: shape_mismatch for a bias that is neither empty nor of n
/// elements and for a residual of another shape than C's; invalid_argument for a bad view, for a C that overlaps one of
/// them, and for an unknown activation.
[[nodiscard]] Result<void> check_epilogue(MatrixView c, const Epilogue& epilogue);

/// C = alpha * op(A) * op(B) + beta * C, then the epilogue. NaN and inf propagate as IEEE 754 says; k = 0 is an empty
/// sum. Same operands, options and target: same bits, whatever the number of threads.
/// **Units/shape**: op(A) [m, k], op(B) [k, n], C [m, n].
/// **Errors**: see check_gemm and check_epilogue; backend_failed where there is no work memory, with C untouched.
/// **Cost**: 2 m n k operations. Each element of the product is within k * 2^-24 * sum|a||b| of the exact value (to
/// first order); alpha, beta and the epilogue round once each.
[[nodiscard]] Result<void> sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {},
                                 const Epilogue& epilogue = {});

/// The same with B packed beforehand. A row of A gets the same bits alone and in any batch.
/// **Errors**: also invalid_argument when `b` was packed for another SIMD target, or with transpose_b set.
[[nodiscard]] Result<void> sgemm(ConstMatrixView a, const PackedMatrix& b, MatrixView c, const Epilogue& epilogue = {},
                                 GemmOptions options = {});

/// How a vector meets a matrix: y = alpha * op(A) * x + beta * y. Alpha and beta as in GemmOptions.
struct GemvOptions {
  bool transpose_a = false;  ///< `a` is read as its transpose.
  float alpha = 1.0F;
  float beta = 0.0F;
};

/// y = alpha * op(A) * x + beta * y.
/// **Units/shape**: op(A) [m, k], x [k], y [m]. **Errors**: shape_mismatch naming "x" or "y"; invalid_argument for a
/// bad view or a y that overlaps A or x. **Cost**: reads A once.
[[nodiscard]] Result<void> sgemv(ConstMatrixView a, std::span<const float> x, std::span<float> y,
                                 GemvOptions options = {});

}  // namespace myelin::kernels
