// Training kernels, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/training_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/partial-inl.h"
#include "cpu/training_kernels.hpp"

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

void adam_update(const AdamStep& step, const float* gradients, float* first_moment, float* second_moment,
                 float* parameters, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V beta1 = hn::Set(d, step.beta1);
  const V beta2 = hn::Set(d, step.beta2);
  const V rest1 = hn::Set(d, 1.0F - step.beta1);
  const V rest2 = hn::Set(d, 1.0F - step.beta2);
  const V step_size = hn::Set(d, step.step_size);
  const V epsilon = hn::Set(d, step.epsilon_scaled);
  // HWY_ATTR: a lambda does not inherit the target of the function around it.
  const auto update = [&](V g, V& m, V& v, V& w) HWY_ATTR {
    m = hn::MulAdd(beta1, m, hn::Mul(rest1, g));
    v = hn::MulAdd(beta2, v, hn::Mul(rest2, hn::Mul(g, g)));
    w = hn::Sub(w, hn::Div(hn::Mul(step_size, m), hn::Add(hn::Sqrt(v), epsilon)));
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    V m = hn::LoadU(d, first_moment + i);
    V v = hn::LoadU(d, second_moment + i);
    V w = hn::LoadU(d, parameters + i);
    update(hn::LoadU(d, gradients + i), m, v, w);
    hn::StoreU(m, d, first_moment + i);
    hn::StoreU(v, d, second_moment + i);
    hn::StoreU(w, d, parameters + i);
  }
  if (i < count) {
    const std::size_t rest = count - i;
    V m = load_partial(d, rest, first_moment + i);
    V v = load_partial(d, rest, second_moment + i);
    V w = load_partial(d, rest, parameters + i);
    update(load_partial(d, rest, gradients + i), m, v, w);
    store_partial(m, d, rest, first_moment + i);
    store_partial(v, d, rest, second_moment + i);
    store_partial(w, d, rest, parameters + i);
  }
}

void relu_backward(const float* outputs, float* delta, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto active = hn::Gt(hn::LoadU(d, outputs + i), hn::Zero(d));
    hn::StoreU(hn::IfThenElseZero(active, hn::LoadU(d, delta + i)), d, delta + i);
  }
  if (i < count) {
    const std::size_t rest = count - i;
    const auto active = hn::Gt(load_partial(d, rest, outputs + i), hn::Zero(d));
    store_partial(hn::IfThenElseZero(active, load_partial(d, rest, delta + i)), d, rest, delta + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(adam_update);
HWY_EXPORT(relu_backward);

void adam_update(const AdamStep& step, const float* gradients, float* first_moment, float* second_moment,
                 float* parameters, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(adam_update)(step, gradients, first_moment, second_moment, parameters, count);
}

void relu_backward(const float* outputs, float* delta, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(relu_backward)(outputs, delta, count);
}

}  // namespace myelin::kernels::cpu
#endif
