// Activations, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/activation_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/activation_kernels.hpp"
#include "cpu/partial-inl.h"

#include <cstdint>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// exp(x) for x <= 0, within 2 ulp; 0 below the smallest normal result; NaN for NaN.
// Source: Cephes expf: x = n ln 2 + r, |r| <= ln 2 / 2; a polynomial for e^r; n goes into the exponent.
HWY_INLINE V exp_of_non_positive(V x) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto too_small = hn::Lt(x, hn::Set(d, -87.33654F));  // ln of the smallest normal float
  // Keeps the conversion to an integer in range; NaN passes through the comparison.
  const V safe = hn::IfThenZeroElse(too_small, x);
  const V n = hn::Round(hn::Mul(safe, hn::Set(d, 1.44269504088896341F)));
  // ln 2 in two pieces, the first short enough that n times it is exact.
  const V r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4F), hn::NegMulAdd(n, hn::Set(d, 0.693359375F), safe));
  V power = hn::Set(d, 1.9875691500e-4F);
  power = hn::MulAdd(power, r, hn::Set(d, 1.3981999507e-3F));
  power = hn::MulAdd(power, r, hn::Set(d, 8.3334519073e-3F));
  power = hn::MulAdd(power, r, hn::Set(d, 4.1665795894e-2F));
  power = hn::MulAdd(power, r, hn::Set(d, 1.6666665459e-1F));
  power = hn::MulAdd(power, r, hn::Set(d, 5.0000001201e-1F));
  power = hn::Add(hn::MulAdd(power, hn::Mul(r, r), r), hn::Set(d, 1.0F));
  const auto scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::ConvertTo(di, n), hn::Set(di, 127))));
  return hn::IfThenZeroElse(too_small, hn::Mul(power, scale));
}

void relu(float* values, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const V v = hn::LoadU(d, values + i);
    hn::StoreU(hn::IfThenZeroElse(hn::Lt(v, hn::Zero(d)), v), d, values + i);
  }
  if (i < count) {
    const V v = load_partial(d, count - i, values + i);
    store_partial(hn::IfThenZeroElse(hn::Lt(v, hn::Zero(d)), v), d, count - i, values + i);
  }
}

void add(float* values, const float* addends, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Add(hn::LoadU(d, values + i), hn::LoadU(d, addends + i)), d, values + i);
  }
  if (i < count) {
    const std::size_t rest = count - i;
    store_partial(hn::Add(load_partial(d, rest, values + i), load_partial(d, rest, addends + i)), d, rest, values + i);
  }
}

void softmax(float* row, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = count - count % lanes;
  const std::size_t rest = count - whole;
  const auto inside = hn::FirstN(d, rest);
  const V lowest = hn::Set(d, -std::numeric_limits<float>::infinity());

  V largest = lowest;
  for (std::size_t i = 0; i < whole; i += lanes) largest = hn::Max(largest, hn::LoadU(d, row + i));
  if (rest != 0) largest = hn::Max(largest, hn::IfThenElse(inside, load_partial(d, rest, row + whole), lowest));
  // NaN may be lost here, but its own difference is NaN again, and spoils the sum.
  largest = hn::MaxOfLanes(d, largest);

  V sums = hn::Zero(d);
  for (std::size_t i = 0; i < whole; i += lanes) {
    const V power = exp_of_non_positive(hn::Sub(hn::LoadU(d, row + i), largest));
    hn::StoreU(power, d, row + i);
    sums = hn::Add(sums, power);
  }
  if (rest != 0) {
    const V power = exp_of_non_positive(hn::Sub(load_partial(d, rest, row + whole), largest));
    store_partial(power, d, rest, row + whole);
    sums = hn::Add(sums, hn::IfThenElseZero(inside, power));
  }

  const V scale = hn::Div(hn::Set(d, 1.0F), hn::SumOfLanes(d, sums));
  for (std::size_t i = 0; i < whole; i += lanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, row + i), scale), d, row + i);
  }
  if (rest != 0) store_partial(hn::Mul(load_partial(d, rest, row + whole), scale), d, rest, row + whole);
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(relu);
HWY_EXPORT(add);
HWY_EXPORT(softmax);

void relu(float* values, std::size_t count) { HWY_DYNAMIC_DISPATCH(relu)(values, count); }

void add(float* values, const float* addends, std::size_t count) { HWY_DYNAMIC_DISPATCH(add)(values, addends, count); }

void softmax(float* row, std::size_t count) { HWY_DYNAMIC_DISPATCH(softmax)(row, count); }

}  // namespace myelin::kernels::cpu
#endif
