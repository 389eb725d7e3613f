/// A checked matrix product below the border: raw pointers, run-time choice of the SIMD target.
#pragma once

#include <cstddef>
#include <cstdint>

#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/workers.hpp"

namespace myelin::kernels::cpu {

/// C [m, n] = alpha * op(A) [m, k] * B [k, n] + beta * C, then bias, activation and residual.
/// **Requires**: m, n, k > 0; alpha not 0; C apart from all that is read.
struct GemmCall {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  const float* a = nullptr;
  std::size_t a_stride = 0;
  bool transpose_a = false;
  const float* b = nullptr;  ///< Not read if `packed_b` is set.
  std::size_t b_stride = 0;
  bool transpose_b = false;
  const float* packed_b = nullptr;  ///< What pack_b wrote, for the same target.
  float* c = nullptr;
  std::size_t c_stride = 0;
  float alpha = 1.0F;
  float beta = 0.0F;
  const float* bias = nullptr;  ///< [n] or null
  Activation activation = Activation::none;
  const float* residual = nullptr;  ///< [m, n] or null
  std::size_t residual_stride = 0;
  Workers* workers = nullptr;
};

/// Runs `call`. False when work memory could not be had; C is then untouched.
[[nodiscard]] bool run_gemm(const GemmCall& call);

/// Columns of a packed panel on the target in use.
[[nodiscard]] std::size_t gemm_panel_width();

/// Floats that pack_b writes on the target in use. **Requires**: it was checked that they fit the address space.
[[nodiscard]] std::size_t packed_size(std::size_t k, std::size_t n);

/// Writes B [k, n] (or its transpose, stored [n, k]) as the product reads it: panels [ceil(n / width), k, width], the
/// last filled up with zeros; or, of fewer columns than a panel has, each as a row [n, k rounded up to 16].
/// **Requires**: `destination` 64-byte aligned.
void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination);

/// The HWY_TARGET bit of the code that runs.
[[nodiscard]] std::int64_t gemm_target();

}  // namespace myelin::kernels::cpu
