/// From checked views to what the kernels below the border take, and the errors that all products share.
#pragma once

#include <cstddef>
#include <string>

#include "cpu/gemm/gemm_call.hpp"
#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"

namespace myelin::kernels::cpu {

/// The stride, where there is a second row: without one it may be anything, and is not to be reckoned with.
[[nodiscard]] inline std::size_t stride_of(ConstMatrixView view) { return view.rows > 1 ? view.stride : view.cols; }

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
