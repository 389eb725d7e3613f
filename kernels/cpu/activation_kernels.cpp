// Element-wise kernels, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/activation_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/activation_kernels.hpp"
#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"

#include <cstring>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// `f` changes an array of vectors. Four at a time: the steps of a function wait for each other, those of four do not.
template <class F>
HWY_INLINE void map(const float* x, float* y, std::size_t count, const F& f) {
  constexpr std::size_t kAtOnce = 4;
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + kAtOnce * lanes <= count; i += kAtOnce * lanes) {
    V v[kAtOnce];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kAtOnce; ++j) v[j] = hn::LoadU(d, x + i + j * lanes);
    f(v);
#pragma GCC unroll 4
    for (std::size_t j = 0; j < kAtOnce; ++j) hn::StoreU(v[j], d, y + i + j * lanes);
  }
  for (; i < count; i += lanes) {
    const std::size_t some = count - i < lanes ? count - i : lanes;
    V v[1] = {some == lanes ? hn::LoadU(d, x + i) : load_partial(d, some, x + i)};
    f(v);
    if (some == lanes) {
      hn::StoreU(v[0], d, y + i);
    } else {
      store_partial(v[0], d, some, y + i);
    }
  }
}

// The same for an `f` of one vector.
template <class F>
HWY_INLINE void map_each(const float* x, float* y, std::size_t count, const F& f) {
  map(x, y, count, [&](auto& v) HWY_ATTR {
#pragma GCC unroll 4
    for (auto& one : v) one = f(one);
  });
}

void activate(Activation activation, float slope, const float* x, float* y, std::size_t count) {
  const D d;
  // HWY_ATTR: a lambda does not inherit the target of the function around it.
  switch (activation) {
    case Activation::none:
      if (x != y) std::memcpy(y, x, count * sizeof(float));
      return;
    case Activation::relu: return map_each(x, y, count, [=](V v) HWY_ATTR { return relu_of(d, v); });
    case Activation::leaky_relu: {
      const V factor = hn::Set(d, slope);
      return map_each(x, y, count, [=](V v) HWY_ATTR { return leaky_relu_of(d, v, factor); });
    }
    case Activation::gelu_erf: return map_each(x, y, count, [=](V v) HWY_ATTR { return gelu_erf_of(d, v); });
    case Activation::gelu_tanh: return map(x, y, count, [=](auto& v) HWY_ATTR { gelus_by_tanh_of(d, v); });
    case Activation::silu: return map(x, y, count, [=](auto& v) HWY_ATTR { silus_of(d, v); });
    case Activation::sigmoid: return map(x, y, count, [=](auto& v) HWY_ATTR { sigmoids_of(d, v); });
    case Activation::tanh: return map_each(x, y, count, [=](V v) HWY_ATTR { return tanh_of(d, v); });
    case Activation::exp: return map(x, y, count, [=](auto& v) HWY_ATTR { exps_of(d, v); });
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(activate);
HWY_EXPORT(add);

void activate(Activation activation, float slope, const float* x, float* y, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(activate)(activation, slope, x, y, count);
}

void add(float* values, const float* addends, std::size_t count) { HWY_DYNAMIC_DISPATCH(add)(values, addends, count); }

}  // namespace myelin::kernels::cpu
#endif
