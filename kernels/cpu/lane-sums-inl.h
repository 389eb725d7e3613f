// Sums of the lanes of vectors. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_LANE_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_LANE_SUMS_INL_H_
#undef MYELIN_KERNELS_CPU_LANE_SUMS_INL_H_
#else
#define MYELIN_KERNELS_CPU_LANE_SUMS_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR
// Halves added until four lanes are left.
template <class D>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::FixedTag<float, 4>> folded_to_four(
    [[maybe_unused]] D d, hwy::HWY_NAMESPACE::Vec<D> v) {
  namespace hn = hwy::HWY_NAMESPACE;
  if constexpr (hn::MaxLanes(D()) > 4) {
    const hn::Half<D> half;
    return folded_to_four(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  } else {
    return v;
  }
}
#endif

// to[i] = finish(d, the sum of v[i]'s lanes), where d is a tag of as many floats as are finished together. Four vectors
// are turned and added together: one by one they take twice to four times as long. A single one is added in the same
// order, so that a row's sum does not depend on its neighbours.
template <int kCount, class Finish>
HWY_INLINE void store_sums_of_lanes(const hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<float>> (&v)[kCount],
                                    float* HWY_RESTRICT to, const Finish& finish) {
  namespace hn = hwy::HWY_NAMESPACE;
  static_assert(kCount == 1 || kCount == 4);
  const hn::ScalableTag<float> d;
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < kCount; ++i) to[i] = hn::GetLane(finish(d, v[i]));
#else
  using V = hn::Vec<decltype(d)>;
  const hn::Repartition<double, decltype(d)> d64;
  const auto halves_of_two = [d](V a, V b) HWY_ATTR {
    return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  };
  const auto first = hn::BitCast(d64, halves_of_two(v[0], v[kCount > 1 ? 1 : 0]));
  const auto second = kCount == 1 ? first : hn::BitCast(d64, halves_of_two(v[kCount / 2], v[kCount - 1]));
  const V sums = hn::Add(hn::BitCast(d, hn::InterleaveLower(d64, first, second)),
                         hn::BitCast(d, hn::InterleaveUpper(d64, first, second)));
  const hn::FixedTag<float, 4> d4;
  const auto four = finish(d4, folded_to_four(d, sums));
  if constexpr (kCount == 1) {
    *to = hn::GetLane(four);
  } else {
    hn::StoreU(four, d4, to);
  }
#endif
}

// to[i] = the sum of v[i]'s lanes.
template <int kCount>
HWY_INLINE void store_sums_of_lanes(const hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::ScalableTag<float>> (&v)[kCount],
                                    float* HWY_RESTRICT to) {
  store_sums_of_lanes(v, to, [](auto, auto sums) HWY_ATTR { return sums; });
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
