/// The matrix product below the border: raw pointers, no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

namespace myelin::kernels::cpu {

/// C [m, n] = op(A) [m, k] * B [k, n] (+ bias) (then ReLU).
/// **Requires**: m, n, k > 0; C apart from A and B.
struct GemmCall {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  const float* a = nullptr;
  std::size_t a_stride = 0;
  bool transpose_a = false;
  const float* b = nullptr;  ///< Rows; not read if `packed_b` is set.
  std::size_t b_stride = 0;
  bool transpose_b = false;
  const float* packed_b = nullptr;  ///< What pack_b wrote, for the same target.
  float* c = nullptr;
  std::size_t c_stride = 0;
  const float* bias = nullptr;  ///< [n] or null
  bool relu = false;
};

/// Runs `call`. False when work memory could not be had; C is then untouched or partly written.
[[nodiscard]] bool run_gemm(const GemmCall& call);

/// Columns of a packed panel on the target in use.
[[nodiscard]] std::size_t gemm_panel_width();

/// Writes B [k, n] (or its transpose, stored [n, k]) as panels: `destination` [ceil(n / width), k, width], the last
/// panel filled up with zeros. **Requires**: `destination` 64-byte aligned.
void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination);

/// The HWY_TARGET bit of the code that runs.
[[nodiscard]] std::int64_t gemm_target();

}  // namespace myelin::kernels::cpu
