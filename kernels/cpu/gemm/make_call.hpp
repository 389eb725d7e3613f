/// From checked views to what the kernels below the border take, and the errors that all products share.
#pragma once

#include <cstddef>
#include <string>

#include "cpu/gemm/gemm_call.hpp"
#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels::cpu {

/// Whether `view` is a tensor of `type` with rows without gaps. **Errors**: those of check_tensor and check_rows, and
/// invalid_argument for another rank than 2.
[[nodiscard]] inline Result<void> check_matrix(const char* name, const ConstTensorView& view, ElementType type) {
  if (auto checked = check_tensor(name, view, type); !checked) return checked;
  if (view.shape.rank() != 2) {
    return fail(Errc::invalid_argument, "tensor '" + std::string{name} + "' has rank " +
                                            std::to_string(view.shape.rank()) + " where 2 is needed: rows and columns");
  }
  return check_rows(name, view);
}

/// op(A) is [rows, depth].
struct LeftShape {
  std::size_t rows;
  std::size_t depth;
};

[[nodiscard]] inline LeftShape left_shape(const ConstTensorView& a, const GemmOptions& options) {
  return options.transpose_a ? LeftShape{a.shape[1], a.shape[0]} : LeftShape{a.shape[0], a.shape[1]};
}

/// Whether packed weights of `rows` rows can follow on A. **Errors**: shape_mismatch. **Requires**: passed
/// check_matrix.
[[nodiscard]] inline Result<void> check_depth(const ConstTensorView& a, std::size_t rows, const GemmOptions& options) {
  const std::size_t depth = left_shape(a, options).depth;
  if (depth == rows) return {};
  return fail(Errc::shape_mismatch, "tensor 'a' has a depth of " + std::to_string(depth) + " where packed 'b' has " +
                                        std::to_string(rows) + " rows");
}

/// The stride, where there is a second row: without one it may be anything, and is not to be reckoned with.
[[nodiscard]] inline std::size_t stride_of(ConstMatrixView view) { return view.rows > 1 ? view.stride : view.cols; }
[[nodiscard]] inline std::size_t stride_of_rows(const ConstTensorView& matrix) {
  return matrix.shape[0] > 1 ? matrix.strides[0] : matrix.shape[1];
}

/// All but B.
[[nodiscard]] inline GemmCall make_call(ConstMatrixView a, MatrixView c, std::size_t k, const GemmOptions& options,
                                        const Epilogue& epilogue) {
  GemmCall call;
  call.m = c.rows;
  call.n = c.cols;
  call.k = k;
  call.a = a.data;
  call.a_stride = stride_of(a);
  call.transpose_a = options.transpose_a;
  call.c = c.data;
  call.c_stride = stride_of(c);
  call.alpha = options.alpha;
  call.beta = options.beta;
  call.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
  call.activation = epilogue.activation;
  call.residual = epilogue.residual.data;
  call.residual_stride = stride_of(epilogue.residual);
  call.workers = options.workers;
  return call;
}

[[nodiscard]] inline Result<void> no_work_memory(std::size_t m, std::size_t n, std::size_t k) {
  return fail(Errc::backend_failed, "no memory for the work space of a matrix product of " + std::to_string(m) + " x " +
                                        std::to_string(k) + " x " + std::to_string(n));
}

[[nodiscard]] inline Result<void> transposed_after_packing() {
  return fail(Errc::invalid_argument, "transpose_b is set for a packed 'b': transpose it when it is packed");
}

[[nodiscard]] inline Result<void> packed_for_another_target(std::size_t panel_width) {
  return fail(Errc::invalid_argument, "'b' was packed in panels of " + std::to_string(panel_width) +
                                          " columns where the SIMD target in use needs " +
                                          std::to_string(gemm_panel_width()) + ": pack it again");
}

}  // namespace myelin::kernels::cpu
