// Elementary functions of a vector of floats, for kernels and for the epilogues of products. Included once per target.
//
// Each takes the tag and one vector and returns one; those with a plural take an array of vectors, step by step, and
// change it. No branches but in exps_of, no memory. NaN stays NaN. The error bounds stand in docs/kernels.md and are
// tested over all targets (elementary_test.cpp).

#if defined(MYELIN_KERNELS_CPU_ELEMENTARY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_ELEMENTARY_INL_H_
#undef MYELIN_KERNELS_CPU_ELEMENTARY_INL_H_
#else
#define MYELIN_KERNELS_CPU_ELEMENTARY_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

// x, but at most or at least `bound`. NaN passes: where one operand is NaN, minimum and maximum of x86 are the second
// one; those of other targets may be the number. The sign of a zero that equals the bound passes too.
template <class V>
HWY_INLINE V at_most(V bound, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Min(bound, x);
#else
  return hn::IfThenElse(hn::Gt(x, bound), bound, x);
#endif
}
template <class V>
HWY_INLINE V at_least(V bound, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  return hn::Max(bound, x);
#else
  return hn::IfThenElse(hn::Lt(x, bound), bound, x);
#endif
}
template <class D, class V>
HWY_INLINE V at_most(D d, float limit, V x) {
  return at_most(hwy::HWY_NAMESPACE::Set(d, limit), x);
}
template <class D, class V>
HWY_INLINE V at_least(D d, float limit, V x) {
  return at_least(hwy::HWY_NAMESPACE::Set(d, limit), x);
}

// One vector is an array of one: `several` takes arrays.
template <class D, class V, class Several>
HWY_INLINE V alone(D d, V x, const Several& several) {
  V one[1] = {x};
  several(d, one);
  return one[0];
}

// e^x, or e^-x if kNegated, = power * 2^n, n = round(+-x / ln 2), of kCount vectors step by step: each step waits four
// cycles for the one before it, and the next vector's whole row of steps is too far ahead for the processor to begin
// with meanwhile. Adding 1.5 * 2^23 rounds to an integer and leaves it in the lowest bits.
//
// The reduction is that of Cephes' expf; the power of the remainder r, |r| <= ln 2 / 2, is 1 + r + r^2 q(r), where q,
// of degree 4, has the least maximum of the relative error: 3.1e-9, and 4.2e-9 with coefficients that are floats.
template <bool kNegated, class D, class V, std::size_t kCount>
HWY_INLINE void powers_of_remainders(D d, const V (&x)[kCount], V rounder, V (&rounded)[kCount], V (&power)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  constexpr float kSign = kNegated ? -1.0F : 1.0F;
  V r[kCount];
  const auto for_each = [](auto step) HWY_ATTR {
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kCount; ++i) step(i);
  };
  const auto horner = [&](float coefficient) HWY_ATTR {
    for_each([&](std::size_t i) HWY_ATTR { power[i] = hn::MulAdd(power[i], r[i], hn::Set(d, coefficient)); });
  };
  for_each([&](std::size_t i)
               HWY_ATTR { rounded[i] = hn::MulAdd(x[i], hn::Set(d, kSign * 1.44269504088896341F), rounder); });
  for_each([&](std::size_t i) HWY_ATTR { power[i] = hn::Sub(rounded[i], rounder); });
  // ln 2 in two pieces, the first short enough that n times it is exact.
  for_each([&](std::size_t i) HWY_ATTR {
    const V first = hn::Set(d, 0.693359375F);
    r[i] = kNegated ? hn::NegMulSub(power[i], first, x[i]) : hn::NegMulAdd(power[i], first, x[i]);
  });
  for_each([&](std::size_t i) HWY_ATTR { r[i] = hn::NegMulAdd(power[i], hn::Set(d, -2.12194440e-4F), r[i]); });
  for_each([&](std::size_t i)
               HWY_ATTR { power[i] = hn::MulAdd(hn::Set(d, 1.38144647522e-3F), r[i], hn::Set(d, 8.36878062223e-3F)); });
  horner(4.16683942592e-2F);
  horner(1.66665201055e-1F);
  horner(4.99999934123e-1F);
  horner(1.0F);
  horner(1.0F);
}

// 2^n, of what powers_of_remainders rounded with n's bias in the rounder.
template <class D, class V>
HWY_INLINE V power_of_two(D d, V rounded) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(di, rounded)));
}
constexpr float kBiasedRounder = 12582912.0F + 127.0F;

// e^x for -88 <= x <= 88.5: 0 below -87.7, infinity above 88.37, so that callers clamp and need no comparison.
template <class D, class V, std::size_t kCount>
HWY_INLINE void exps_in_range(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  V rounded[kCount];
  V power[kCount];
  powers_of_remainders<false>(d, x, hn::Set(d, kBiasedRounder), rounded, power);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = hn::Mul(power[i], power_of_two(d, rounded[i]));
}

// 1 + e^x, or 1 + e^-x, in the same range of the exponent.
template <bool kNegated, class D, class V, std::size_t kCount>
HWY_INLINE void exps_and_one_in_range(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  V rounded[kCount];
  V power[kCount];
  powers_of_remainders<kNegated>(d, x, hn::Set(d, kBiasedRounder), rounded, power);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) {
    x[i] = hn::MulAdd(power[i], power_of_two(d, rounded[i]), hn::Set(d, 1.0F));
  }
}

/// Each x <= 0 becomes e^x; 0 where that is below the smallest normal number.
template <class D, class V, std::size_t kCount>
HWY_INLINE void exps_of_non_positive(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V least = hn::Set(d, -87.33654F);  // ln of the smallest normal number
  const V none = hn::Set(d, -88.0F);       // whose power is 0
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = hn::IfThenElse(hn::Lt(x[i], least), none, x[i]);
  exps_in_range(d, x);
}
template <class D, class V>
HWY_INLINE V exp_of_non_positive(D d, V x) {
  return alone(d, x, [](auto tag, auto& one) HWY_ATTR { exps_of_non_positive(tag, one); });
}

// e^x where it may be denormal or overflow: 2^n in two factors.
template <class D, class V>
HWY_NOINLINE V exp_at_the_limits(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::RebindToSigned<D> di;
  // As in exps_in_range: with another one, ties would be rounded to other sides, and show which way was gone.
  const V rounder = hn::Set(d, kBiasedRounder);
  const V limited[1] = {at_least(d, -104.0F, at_most(d, 89.0F, x))};
  V rounded[1];
  V power[1];
  powers_of_remainders<false>(d, limited, rounder, rounded, power);
  const auto n = hn::Sub(hn::BitCast(di, rounded[0]), hn::BitCast(di, rounder));
  const auto half = hn::ShiftRight<1>(n);
  const auto bias = hn::Set(di, 127);
  const V scale1 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V scale2 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(n, half), bias)));
  return hn::Mul(hn::Mul(power[0], scale1), scale2);
}

/// Each x becomes e^x, also where the result is denormal; infinity above 88.72, 0 below -103.97.
template <class D, class V, std::size_t kCount>
HWY_INLINE void exps_of(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V limit = hn::Set(d, 87.0F);
  auto are_in_range = hn::Le(hn::Abs(x[0]), limit);  // NaN is not
#pragma GCC unroll 8
  for (std::size_t i = 1; i < kCount; ++i) are_in_range = hn::And(are_in_range, hn::Le(hn::Abs(x[i]), limit));
  if (HWY_LIKELY(hn::AllTrue(d, are_in_range))) return exps_in_range(d, x);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = exp_at_the_limits(d, x[i]);
}

/// Each x becomes 1 / (1 + e^-x); 0 below -88.37.
template <class D, class V, std::size_t kCount>
HWY_INLINE void sigmoids_of(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = at_least(d, -88.5F, at_most(d, 88.0F, x[i]));
  exps_and_one_in_range<true>(d, x);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = hn::Div(hn::Set(d, 1.0F), x[i]);
}
template <class D, class V>
HWY_INLINE V sigmoid_of(D d, V x) {
  return alone(d, x, [](auto tag, auto& one) HWY_ATTR { sigmoids_of(tag, one); });
}

/// Each x becomes x / (1 + e^-x); -0 below -88.37, also for -infinity.
template <class D, class V, std::size_t kCount>
HWY_INLINE void silus_of(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  V power[kCount];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) {
    x[i] = at_least(d, -88.5F, x[i]);
    power[i] = at_most(d, 88.0F, x[i]);
  }
  exps_and_one_in_range<true>(d, power);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = hn::Div(x[i], power[i]);
}

/// Each x becomes x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2; -0 below about -10.1, also for -infinity.
/// (1 + tanh u) / 2 = 1 / (1 + e^-2u) has no cancellation where x is negative.
template <class D, class V, std::size_t kCount>
HWY_INLINE void gelus_by_tanh_of(D d, V (&x)[kCount]) {
  namespace hn = hwy::HWY_NAMESPACE;
  V power[kCount];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) {
    x[i] = at_least(d, -11.0F, x[i]);
    const V slope = hn::MulAdd(hn::Mul(x[i], x[i]), hn::Set(d, -0.0713548162726F), hn::Set(d, -1.5957691216057F));
    power[i] = at_least(d, -88.0F, at_most(d, 88.5F, hn::Mul(slope, x[i])));
  }
  exps_and_one_in_range<false>(d, power);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < kCount; ++i) x[i] = hn::Div(x[i], power[i]);
}

/// tanh x, never outside [-1, 1]. Source: the rational approximation of Eigen's fast_tanh.
template <class D, class V>
HWY_INLINE V tanh_of(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V limited = at_least(d, -9.0F, at_most(d, 9.0F, x));
  const V square = hn::Mul(limited, limited);
  V above = hn::MulAdd(hn::Set(d, -2.76076847742355e-16F), square, hn::Set(d, 2.00018790482477e-13F));
  above = hn::MulAdd(above, square, hn::Set(d, -8.60467152213735e-11F));
  above = hn::MulAdd(above, square, hn::Set(d, 5.12229709037114e-8F));
  above = hn::MulAdd(above, square, hn::Set(d, 1.48572235717979e-5F));
  above = hn::MulAdd(above, square, hn::Set(d, 6.37261928875436e-4F));
  above = hn::MulAdd(above, square, hn::Set(d, 4.89352455891786e-3F));
  V below = hn::MulAdd(hn::Set(d, 1.19825839466702e-6F), square, hn::Set(d, 1.18534705686654e-4F));
  below = hn::MulAdd(below, square, hn::Set(d, 2.26843463243900e-3F));
  below = hn::MulAdd(below, square, hn::Set(d, 4.89352518554385e-3F));
  // The quotient first: x times the small numerator would lose the bits of a small x.
  const V result = hn::Mul(limited, hn::Div(above, below));
  return at_least(d, -1.0F, at_most(d, 1.0F, result));
}

/// x (1 + erf(x / sqrt 2)) / 2; 0 below -5.65, also for -infinity.
/// Source: the rational approximation of Eigen's erf for floats.
template <class D, class V>
HWY_INLINE V gelu_erf_of(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  const V z = at_least(d, -4.0F, at_most(d, 4.0F, hn::Mul(x, hn::Set(d, 0.70710678118654752F))));
  const V square = hn::Mul(z, z);
  V above = hn::MulAdd(hn::Set(d, -2.72614225801306e-10F), square, hn::Set(d, 2.77068142495902e-8F));
  above = hn::MulAdd(above, square, hn::Set(d, -2.10102402082508e-6F));
  above = hn::MulAdd(above, square, hn::Set(d, -5.69250639462346e-5F));
  above = hn::MulAdd(above, square, hn::Set(d, -7.34990630326855e-4F));
  above = hn::MulAdd(above, square, hn::Set(d, -2.95459980854025e-3F));
  above = hn::MulAdd(above, square, hn::Set(d, -1.60960333262415e-2F));
  V below = hn::MulAdd(hn::Set(d, -1.45660718464996e-5F), square, hn::Set(d, -2.13374055278905e-4F));
  below = hn::MulAdd(below, square, hn::Set(d, -1.68282697438203e-3F));
  below = hn::MulAdd(below, square, hn::Set(d, -7.37332916720468e-3F));
  below = hn::MulAdd(below, square, hn::Set(d, -1.42647390514189e-2F));
  const V half = hn::Set(d, 0.5F);
  const V share = hn::MulAdd(hn::Mul(z, half), hn::Div(above, below), half);
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -5.65F)), hn::Mul(x, share));
}

/// x < 0 ? 0 : x. A comparison, not a maximum: NaN stays NaN, -0 stays -0.
template <class D, class V>
HWY_INLINE V relu_of(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
}

/// x < 0 ? slope * x : x.
template <class D, class V>
HWY_INLINE V leaky_relu_of(D d, V x, V slope) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(slope, x), x);
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
