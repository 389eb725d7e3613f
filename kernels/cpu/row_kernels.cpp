// Softmax and norms of a row, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/row_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/elementary-inl.h"
#include "cpu/lane-sums-inl.h"
#include "cpu/partial-inl.h"
#include "cpu/row_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Some vectors of a row, side by side: a step takes them together, so that none of its sums waits for another.
template <int kCount>
struct WholeVectors {
  static constexpr int kVectors = kCount;
  static HWY_INLINE V load(const float* from, int j) {
    return hn::LoadU(D(), from + static_cast<std::size_t>(j) * hn::Lanes(D()));
  }
  static HWY_INLINE void store(V v, float* to, int j) {
    hn::StoreU(v, D(), to + static_cast<std::size_t>(j) * hn::Lanes(D()));
  }
  static HWY_INLINE V inside(V v) { return v; }
};
// The ragged end.
struct PartOfVector {
  static constexpr int kVectors = 1;
  std::size_t count;
  HWY_INLINE V load(const float* from, int) const { return load_partial(D(), count, from); }
  HWY_INLINE void store(V v, float* to, int) const { store_partial(v, D(), count, to); }
  // Zero in the lanes beyond the end.
  HWY_INLINE V inside(V v) const { return hn::IfThenElseZero(hn::FirstN(D(), count), v); }
};

// Calls step(i, part) for a whole row: kCount vectors from element i on, then one by one, then the rest.
template <int kCount, class Step>
HWY_INLINE void for_each_part(std::size_t count, const Step& step) {
  const std::size_t lanes = hn::Lanes(D());
  std::size_t i = 0;
  for (; i + kCount * lanes <= count; i += kCount * lanes) step(i, WholeVectors<kCount>{});
  for (; i + lanes <= count; i += lanes) step(i, WholeVectors<1>{});
  if (i < count) step(i, PartOfVector{count - i});
}

template <int kCount, class Step>
HWY_INLINE void for_each_in(const Step& step) {
#pragma GCC unroll 8
  for (int j = 0; j < kCount; ++j) step(j);
}

// Vectors that a pass takes together. Plain sums of long rows take more: they need few registers, and wait for each
// other longest.
constexpr int kAtOnce = 4;
constexpr int kSumsLong = 8;
constexpr int kSumsShort = 4;

// The sum of the first kCount vectors.
template <int kCount, int kAll>
HWY_INLINE V total(V (&sums)[kAll]) {
  if constexpr (kCount > 1) {
    for_each_in<kCount / 2>([&](int j) HWY_ATTR { sums[j] = hn::Add(sums[j], sums[j + kCount / 2]); });
    return total<kCount / 2>(sums);
  } else {
    return sums[0];
  }
}

// The largest element. NaN may be lost here; the callers' differences to it are NaN again.
HWY_INLINE float largest_of(const float* x, std::size_t count) {
  const D d;
  const V lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  V largest[kAtOnce] = {lowest, lowest, lowest, lowest};
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t whole = count - count % lanes;
  for_each_part<kAtOnce>(whole, [&](std::size_t i, auto part) HWY_ATTR {
    for_each_in<part.kVectors>([&](int j) HWY_ATTR { largest[j] = hn::Max(largest[j], part.load(x + i, j)); });
  });
  if (whole < count) {
    const V rest = load_partial(d, count - whole, x + whole);
    largest[0] = hn::Max(largest[0], hn::IfThenElse(hn::FirstN(d, count - whole), rest, lowest));
  }
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(largest[0], largest[1]), hn::Max(largest[2], largest[3]))));
}

// The sum of all e^(x - largest), in lanes; kStores: and each of them, to y.
template <bool kStores>
HWY_INLINE V sum_of_powers(const float* x, float largest, float* y, std::size_t count) {
  const D d;
  const V shift = hn::Set(d, largest);
  V sums[kAtOnce] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  for_each_part<kAtOnce>(count, [&](std::size_t i, auto part) HWY_ATTR {
    V powers[part.kVectors];
    for_each_in<part.kVectors>([&](int j) HWY_ATTR { powers[j] = hn::Sub(part.load(x + i, j), shift); });
    exps_of_non_positive(d, powers);
    for_each_in<part.kVectors>([&](int j) HWY_ATTR {
      if constexpr (kStores) part.store(powers[j], y + i, j);
      sums[j] = hn::Add(sums[j], part.inside(powers[j]));
    });
  });
  return total<kAtOnce>(sums);
}

// What is added up of each element: itself, or the square of its distance from somewhere.
struct Itself {
  HWY_INLINE V of(V v) const { return v; }
  static HWY_INLINE V add(V sum, V v) { return hn::Add(sum, v); }
};
struct SquaredDistance {
  V from;
  HWY_INLINE V of(V v) const { return hn::Sub(v, from); }
  static HWY_INLINE V add(V sum, V distance) { return hn::MulAdd(distance, distance, sum); }
};

// The sum over a row, in lanes. Not as calls for each part: where one of them is not inlined, the sums go to memory.
template <int kSums, class Term>
HWY_INLINE V sum_over(const float* x, std::size_t count, Term term) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V sums[kSums];
#pragma GCC unroll 8
  for (int j = 0; j < kSums; ++j) sums[j] = hn::Zero(d);
  std::size_t i = 0;
  for (; i + kSums * lanes <= count; i += kSums * lanes) {
#pragma GCC unroll 8
    for (int j = 0; j < kSums; ++j) {
      sums[j] = term.add(sums[j], term.of(hn::LoadU(d, x + i + static_cast<std::size_t>(j) * lanes)));
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < kSums - 1; ++j) {
    if (i + lanes > count) break;
    sums[j] = term.add(sums[j], term.of(hn::LoadU(d, x + i)));
    i += lanes;
  }
  if (i < count) {
    const V rest = hn::IfThenElseZero(hn::FirstN(d, count - i), term.of(load_partial(d, count - i, x + i)));
    sums[kSums - 1] = term.add(sums[kSums - 1], rest);
  }
  return total<kSums>(sums);
}

// y = (x - shift) * scale * gain + bias.
template <bool kHasGain, bool kHasBias>
HWY_INLINE void affine(const float* x, const float* gain, const float* bias, float shift, float scale, float* y,
                       std::size_t count) {
  const V from = hn::Set(D(), shift);
  const V factor = hn::Set(D(), scale);
  for_each_part<kAtOnce>(count, [&](std::size_t i, auto part) HWY_ATTR {
    for_each_in<part.kVectors>([&](int j) HWY_ATTR {
      V v = hn::Mul(hn::Sub(part.load(x + i, j), from), factor);
      if constexpr (kHasGain && kHasBias) {
        v = hn::MulAdd(v, part.load(gain + i, j), part.load(bias + i, j));
      } else if constexpr (kHasGain) {
        v = hn::Mul(v, part.load(gain + i, j));
      } else if constexpr (kHasBias) {
        v = hn::Add(v, part.load(bias + i, j));
      }
      part.store(v, y + i, j);
    });
  });
}

// Rows that take a pass together: while one waits for the sum of its lanes, or for a division, the others go on.
constexpr std::size_t kRowsTogether = 8;
constexpr std::size_t kFloatsTogether = 2048;  // 8 KiB of x and as much of y: half of a 32 KiB L1

// A number for each row of a group.
using RowNumbers = float[kRowsTogether];

// Calls group(some) for groups of rows.
template <class Group>
HWY_INLINE void for_each_group(const RowPairs& pairs, const Group& group) {
  const std::size_t most = std::clamp<std::size_t>(kFloatsTogether / pairs.count, 1, kRowsTogether);
  RowPairs some = pairs;
  for (std::size_t left = pairs.rows; left > 0; left -= some.rows) {
    some.rows = std::min(most, left);
    group(some);
    some.x += some.rows * some.x_stride;
    some.y += some.rows * some.y_stride;
  }
}

// numbers[i] = finish(d, the sum of the lanes of row(i, x, y)): four rows at once, but not where they are so long that
// a group has fewer, for each would wait for the last one. What is done to the sums is done before they are stored: a
// vector that is loaded from what two stores have just written waits for both to reach L1.
template <class Row, class Finish>
HWY_INLINE void sum_rows(const RowPairs& pairs, RowNumbers& numbers, const Row& row, const Finish& finish) {
  constexpr std::size_t kRows = 4;
  static_assert(kRowsTogether % kRows == 0);
  const auto lanes_of = [&](std::size_t i)
                            HWY_ATTR { return row(i, pairs.x + i * pairs.x_stride, pairs.y + i * pairs.y_stride); };
  std::size_t i = 0;
  for (; i + kRows <= pairs.rows; i += kRows) {
    V lanes[kRows];
    for (std::size_t r = 0; r < kRows; ++r) lanes[r] = lanes_of(i + r);
    store_sums_of_lanes(lanes, numbers + i, finish);
  }
  for (; i < pairs.rows; ++i) {
    const V lanes[] = {lanes_of(i)};
    store_sums_of_lanes(lanes, numbers + i, finish);
  }
}

template <class Row>
HWY_INLINE void for_each_row(const RowPairs& pairs, const Row& row) {
  for (std::size_t i = 0; i < pairs.rows; ++i) row(i, pairs.x + i * pairs.x_stride, pairs.y + i * pairs.y_stride);
}

void softmax(const RowPairs& pairs) {
  const std::size_t count = pairs.count;
  for_each_group(pairs, [&](const RowPairs& some) HWY_ATTR {
    RowNumbers largest;
    RowNumbers scales;
    for_each_row(some, [&](std::size_t i, const float* x, float*) HWY_ATTR { largest[i] = largest_of(x, count); });
    sum_rows(
        some, scales,
        [&](std::size_t i, const float* x, float* y) HWY_ATTR { return sum_of_powers<true>(x, largest[i], y, count); },
        [](auto d, auto sums) HWY_ATTR { return hn::Div(hn::Set(d, 1.0F), sums); });
    for_each_row(some, [&](std::size_t i, const float*, float* y) HWY_ATTR {
      const V scale = hn::Set(D(), scales[i]);
      for_each_part<kAtOnce>(count, [&](std::size_t at, auto part) HWY_ATTR {
        for_each_in<part.kVectors>([&](int j)
                                       HWY_ATTR { part.store(hn::Mul(part.load(y + at, j), scale), y + at, j); });
      });
    });
  });
}

void log_softmax(const RowPairs& pairs) {
  const std::size_t count = pairs.count;
  for_each_group(pairs, [&](const RowPairs& some) HWY_ATTR {
    RowNumbers largest;
    RowNumbers logarithms;
    for_each_row(some, [&](std::size_t i, const float* x, float*) HWY_ATTR { largest[i] = largest_of(x, count); });
    sum_rows(
        some, logarithms,
        [&](std::size_t i, const float* x, float* y) HWY_ATTR { return sum_of_powers<false>(x, largest[i], y, count); },
        [](auto, auto sums) HWY_ATTR { return sums; });
    for (std::size_t i = 0; i < some.rows; ++i) logarithms[i] = std::log(logarithms[i]);
    for_each_row(some, [&](std::size_t i, const float* x, float* y) HWY_ATTR {
      const V shift = hn::Set(D(), largest[i]);
      const V logarithm = hn::Set(D(), logarithms[i]);
      for_each_part<kAtOnce>(count, [&](std::size_t at, auto part) HWY_ATTR {
        for_each_in<part.kVectors>(
            [&](int j) HWY_ATTR { part.store(hn::Sub(hn::Sub(part.load(x + at, j), shift), logarithm), y + at, j); });
      });
    });
  });
}

// What makes a variance of 1 of a sum of squares.
struct ToScale {
  float inverse_count;
  float epsilon;
  template <class DF>
  HWY_INLINE hn::Vec<DF> operator()(DF d, hn::Vec<DF> sums) const {
    const auto variance = hn::Mul(sums, hn::Set(d, inverse_count));
    return hn::Div(hn::Set(d, 1.0F), hn::Sqrt(hn::Add(variance, hn::Set(d, epsilon))));
  }
};

// Whether a row is long enough for eight sums: adding them up at its end costs seven additions.
HWY_INLINE bool is_long(std::size_t count) { return count >= 2 * kSumsLong * hn::Lanes(D()); }

template <bool kHasGain, bool kHasBias, int kSums>
void layer_norm_by(const RowPairs& pairs, const float* gain, const float* bias, float epsilon) {
  const std::size_t count = pairs.count;
  const float inverse = 1.0F / static_cast<float>(count);
  for_each_group(pairs, [&](const RowPairs& some) HWY_ATTR {
    RowNumbers means;
    RowNumbers scales;
    sum_rows(
        some, means, [&](std::size_t, const float* x, float*) HWY_ATTR { return sum_over<kSums>(x, count, Itself{}); },
        [&](auto d, auto sums) HWY_ATTR { return hn::Mul(sums, hn::Set(d, inverse)); });
    sum_rows(
        some, scales,
        [&](std::size_t i, const float* x, float*)
            HWY_ATTR { return sum_over<kSums>(x, count, SquaredDistance{hn::Set(D(), means[i])}); },
        ToScale{inverse, epsilon});
    for_each_row(some, [&](std::size_t i, const float* x, float* y)
                           HWY_ATTR { affine<kHasGain, kHasBias>(x, gain, bias, means[i], scales[i], y, count); });
  });
}

template <bool kHasGain, bool kHasBias>
void layer_norm_with(const RowPairs& pairs, const float* gain, const float* bias, float epsilon) {
  if (is_long(pairs.count)) return layer_norm_by<kHasGain, kHasBias, kSumsLong>(pairs, gain, bias, epsilon);
  layer_norm_by<kHasGain, kHasBias, kSumsShort>(pairs, gain, bias, epsilon);
}

void layer_norm(const RowPairs& pairs, const float* gain, const float* bias, float epsilon) {
  if (gain != nullptr && bias != nullptr) return layer_norm_with<true, true>(pairs, gain, bias, epsilon);
  if (gain != nullptr) return layer_norm_with<true, false>(pairs, gain, bias, epsilon);
  if (bias != nullptr) return layer_norm_with<false, true>(pairs, gain, bias, epsilon);
  layer_norm_with<false, false>(pairs, gain, bias, epsilon);
}

template <bool kHasGain, int kSums>
void rms_norm_by(const RowPairs& pairs, const float* gain, float epsilon) {
  const std::size_t count = pairs.count;
  for_each_group(pairs, [&](const RowPairs& some) HWY_ATTR {
    RowNumbers scales;
    sum_rows(
        some, scales,
        [&](std::size_t, const float* x, float*)
            HWY_ATTR { return sum_over<kSums>(x, count, SquaredDistance{hn::Zero(D())}); },
        ToScale{1.0F / static_cast<float>(count), epsilon});
    for_each_row(some, [&](std::size_t i, const float* x, float* y)
                           HWY_ATTR { affine<kHasGain, false>(x, gain, nullptr, 0.0F, scales[i], y, count); });
  });
}

template <bool kHasGain>
void rms_norm_with(const RowPairs& pairs, const float* gain, float epsilon) {
  if (is_long(pairs.count)) return rms_norm_by<kHasGain, kSumsLong>(pairs, gain, epsilon);
  rms_norm_by<kHasGain, kSumsShort>(pairs, gain, epsilon);
}

void rms_norm(const RowPairs& pairs, const float* gain, float epsilon) {
  if (gain != nullptr) return rms_norm_with<true>(pairs, gain, epsilon);
  rms_norm_with<false>(pairs, gain, epsilon);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(softmax);
HWY_EXPORT(log_softmax);
HWY_EXPORT(layer_norm);
HWY_EXPORT(rms_norm);

void softmax(const RowPairs& pairs) { HWY_DYNAMIC_DISPATCH(softmax)(pairs); }

void log_softmax(const RowPairs& pairs) { HWY_DYNAMIC_DISPATCH(log_softmax)(pairs); }

void layer_norm(const RowPairs& pairs, const float* gain, const float* bias, float epsilon) {
  HWY_DYNAMIC_DISPATCH(layer_norm)(pairs, gain, bias, epsilon);
}

void rms_norm(const RowPairs& pairs, const float* gain, float epsilon) {
  HWY_DYNAMIC_DISPATCH(rms_norm)(pairs, gain, epsilon);
}

}  // namespace myelin::kernels::cpu
#endif
