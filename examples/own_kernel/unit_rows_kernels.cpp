// Rows of length 1, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "unit_rows_kernels.cpp"
#include <hwy/foreach_target.h>
// The order matters: foreach_target.h comes before every header that uses Highway.
#include <hwy/highway.h>

#include <cstring>

#include "unit_rows_kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace own {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The ragged end of a row: `count` floats, fewer than a vector has. Memory behind them may belong to another thread, or
// to nobody, and Highway's own MaskedLoad and BlendedStore touch it where the CPU has no masks.
HWY_INLINE V load_first(D d, std::size_t count, const float* from) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return hn::Load(d, lanes);
}

HWY_INLINE void store_first(V v, D d, std::size_t count, float* to) {
  HWY_ALIGN float lanes[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(v, d, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
}

void unit_row(const float* x, float* y, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = count / lanes * lanes;
  V squares = hn::Zero(d);
  for (std::size_t i = 0; i < whole; i += lanes) {
    const V v = hn::LoadU(d, x + i);
    squares = hn::MulAdd(v, v, squares);
  }
  const V last = load_first(d, count - whole, x + whole);
  const V length = hn::Sqrt(hn::SumOfLanes(d, hn::MulAdd(last, last, squares)));
  const V zero = hn::Zero(d);
  const V factor = hn::IfThenElse(hn::Eq(length, zero), zero, hn::Div(hn::Set(d, 1.0F), length));
  for (std::size_t i = 0; i < whole; i += lanes) hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factor), d, y + i);
  store_first(hn::Mul(last, factor), d, count - whole, y + whole);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace own
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace own {

HWY_EXPORT(unit_row);

void unit_row(const float* x, float* y, std::size_t count) { HWY_DYNAMIC_DISPATCH(unit_row)(x, y, count); }

}  // namespace own
#endif
