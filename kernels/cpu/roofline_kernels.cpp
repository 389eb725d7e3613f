// The machine's limits, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/roofline_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include <cstddef>
#include <span>

#include "hwy/highway.h"
#include "myelin/kernels/roofline.hpp"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// 12 chains: more than the 8 to 10 that two units with a latency of 4 or 5 cycles need, and they fit 16 registers.
constexpr int kChains = 12;

double spin(std::size_t rounds) {
  const D d;
  constexpr std::size_t kSteps = 64;
  V sums[kChains];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  // Stays near 1, so that no value becomes denormal or infinite.
  const V factor = hn::Set(d, 0.5F);
  const V addend = hn::Set(d, 0.5F);
  for (std::size_t step = 0; step < rounds * kSteps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) sums[i] = hn::MulAdd(sums[i], factor, addend);
  }
  V total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < kChains; ++i) total = hn::Add(total, sums[i]);
  // The result is used, so that the work is done.
  const double result = static_cast<double>(hn::GetLane(hn::SumOfLanes(d, total)));
  const double operations = 2.0 * kChains * static_cast<double>(kSteps * rounds * hn::Lanes(d));
  return result >= 0 ? operations : 0;
}

float read(const float* values, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sums[j] = hn::Add(sums[j], hn::LoadU(d, values + i + j * lanes));
  }
  float rest = 0;
  for (; i < count; ++i) rest += values[i];
  return rest + hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels {

namespace cpu {
HWY_EXPORT(spin);
HWY_EXPORT(read);
}  // namespace cpu

double multiply_in_registers(std::size_t rounds) noexcept {
  using namespace cpu;
  return HWY_DYNAMIC_DISPATCH(spin)(rounds);
}

float read_through(std::span<const float> values) noexcept {
  using namespace cpu;
  return HWY_DYNAMIC_DISPATCH(read)(values.data(), values.size());
}

}  // namespace myelin::kernels
#endif
