// The gates of recurrent cells, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/recurrent_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"
#include "cpu/recurrent_kernels.hpp"

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

HWY_INLINE V load(const float* from, std::size_t count) {
  const D d;
  return count == hn::Lanes(d) ? hn::LoadU(d, from) : load_partial(d, count, from);
}

HWY_INLINE void store(V v, float* to, std::size_t count) {
  const D d;
  if (count == hn::Lanes(d)) return hn::StoreU(v, d, to);
  store_partial(v, d, count, to);
}

// Calls step(i, count) for whole vectors, and for the rest.
template <class Step>
HWY_INLINE void for_each_vector(std::size_t length, const Step& step) {
  const std::size_t lanes = hn::Lanes(D());
  std::size_t i = 0;
  for (; i + lanes <= length; i += lanes) step(i, lanes);
  if (i < length) step(i, length - i);
}

void lstm_gates(const float* from_input, const float* from_hidden, const float* c, float* h_next, float* c_next,
                std::size_t hidden) {
  const D d;
  for_each_vector(hidden, [&](std::size_t i, std::size_t count) HWY_ATTR {
    const auto sum = [&](std::size_t gate) HWY_ATTR {
      const std::size_t at = gate * hidden + i;
      return hn::Add(load(from_input + at, count), load(from_hidden + at, count));
    };
    const V input = sigmoid_of(d, sum(0));
    const V forget = sigmoid_of(d, sum(1));
    const V cell = tanh_of(d, sum(2));
    const V output = sigmoid_of(d, sum(3));
    const V next = hn::MulAdd(forget, load(c + i, count), hn::Mul(input, cell));
    store(next, c_next + i, count);
    store(hn::Mul(output, tanh_of(d, next)), h_next + i, count);
  });
}

void gru_gates(const float* from_input, const float* from_hidden, const float* h, float* h_next, std::size_t hidden) {
  const D d;
  const V one = hn::Set(d, 1.0F);
  for_each_vector(hidden, [&](std::size_t i, std::size_t count) HWY_ATTR {
    const auto input = [&](std::size_t gate) HWY_ATTR { return load(from_input + gate * hidden + i, count); };
    const auto memory = [&](std::size_t gate) HWY_ATTR { return load(from_hidden + gate * hidden + i, count); };
    const V reset = sigmoid_of(d, hn::Add(input(0), memory(0)));
    const V keep = sigmoid_of(d, hn::Add(input(1), memory(1)));
    const V fresh = tanh_of(d, hn::MulAdd(reset, memory(2), input(2)));
    store(hn::MulAdd(keep, load(h + i, count), hn::Mul(hn::Sub(one, keep), fresh)), h_next + i, count);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(lstm_gates);
HWY_EXPORT(gru_gates);

void lstm_gates(const float* from_input, const float* from_hidden, const float* c, float* h_next, float* c_next,
                std::size_t hidden) {
  HWY_DYNAMIC_DISPATCH(lstm_gates)(from_input, from_hidden, c, h_next, c_next, hidden);
}

void gru_gates(const float* from_input, const float* from_hidden, const float* h, float* h_next, std::size_t hidden) {
  HWY_DYNAMIC_DISPATCH(gru_gates)(from_input, from_hidden, h, h_next, hidden);
}

}  // namespace myelin::kernels::cpu
#endif
