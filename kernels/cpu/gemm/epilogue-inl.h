// What happens to sums on their way into C. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_GEMM_EPILOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_EPILOGUE_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_EPILOGUE_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_EPILOGUE_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "cpu/activation_kernels.hpp"
#include "cpu/gemm/gemm_call.hpp"
#include "cpu/partial-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

inline bool is_scaled(const GemmCall& call) { return call.alpha != 1.0F || call.beta != 0.0F; }

// Whether C's elements are the sums themselves, but for what finish() does.
inline bool is_plain(const GemmCall& call) {
  return !is_scaled(call) && call.bias == nullptr && call.activation != Activation::relu;
}

// What microkernels leave out, over a part of C that holds all else: functions that ReLU is not, and the residual.
inline void finish(const GemmCall& call, std::size_t row, std::size_t rows, std::size_t column, std::size_t columns) {
  const bool activates = call.activation != Activation::none && call.activation != Activation::relu;
  if (!activates && call.residual == nullptr) return;
  for (std::size_t i = row; i < row + rows; ++i) {
    float* c = call.c + i * call.c_stride + column;
    if (activates) activate(call.activation, ActivationOptions{}.slope, c, c, columns);
    if (call.residual != nullptr) add(c, call.residual + i * call.residual_stride + column, columns);
  }
}

// sums [rows, columns] become C's elements from (row, column) on. Whole vectors are read of `sums`.
inline void store_sums(const GemmCall& call, const float* HWY_RESTRICT sums, std::size_t stride, std::size_t row,
                       std::size_t rows, std::size_t column, std::size_t columns) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  const bool scaled = is_scaled(call);
  const bool relu = call.activation == Activation::relu;
  const std::size_t whole = is_plain(call) ? columns / lanes * lanes : 0;
  for (std::size_t i = 0; i < rows; ++i) {
    float* c = call.c + (row + i) * call.c_stride + column;
    for (std::size_t j = 0; j < whole; j += lanes) hn::StoreU(hn::LoadU(d, sums + i * stride + j), d, c + j);
    for (std::size_t j = whole; j < columns; j += lanes) {
      const std::size_t count = std::min(lanes, columns - j);
      auto v = hn::LoadU(d, sums + i * stride + j);
      if (scaled) {
        v = hn::Mul(v, hn::Set(d, call.alpha));
        if (call.beta != 0.0F) v = hn::MulAdd(hn::Set(d, call.beta), load_partial(d, count, c + j), v);
      }
      if (call.bias != nullptr) v = hn::Add(v, load_partial(d, count, call.bias + column + j));
      // A comparison, not a maximum: NaN stays NaN.
      if (relu) v = hn::IfThenZeroElse(hn::Lt(v, hn::Zero(d)), v);
      store_partial(v, d, count, c + j);
    }
  }
  finish(call, row, rows, column, columns);
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
