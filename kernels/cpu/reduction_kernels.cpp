// Reductions and dot products, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/reduction_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/lane-sums-inl.h"
#include "cpu/partial-inl.h"
#include "cpu/reduction_kernels.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Floats added as floats: with four sums of one lane at least, each adds up 128, and errs by 128 * 2^-24.
constexpr std::size_t kSumBlock = 512;

// A vector of the row's ragged end, `filler` beyond it.
HWY_INLINE V load_end(const float* x, std::size_t count, V filler) {
  const D d;
  return hn::IfThenElse(hn::FirstN(d, count), load_partial(d, count, x), filler);
}

float sum_of_block(const float* x, std::size_t count) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V a = hn::Zero(d);
  V b = hn::Zero(d);
  V c = hn::Zero(d);
  V e = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    a = hn::Add(a, hn::LoadU(d, x + i));
    b = hn::Add(b, hn::LoadU(d, x + i + lanes));
    c = hn::Add(c, hn::LoadU(d, x + i + 2 * lanes));
    e = hn::Add(e, hn::LoadU(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= count; i += lanes) a = hn::Add(a, hn::LoadU(d, x + i));
  if (i < count) b = hn::Add(b, load_partial(d, count - i, x + i));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
}

double sum(const float* x, std::size_t count) {
  double total = 0;
  for (std::size_t i = 0; i < count; i += kSumBlock) {
    total += static_cast<double>(sum_of_block(x + i, std::min(kSumBlock, count - i)));
  }
  return total;
}

// The extreme of a row, and whether it holds NaN. `better` is hn::Max or hn::Min.
template <bool kKeepNan, class Better>
HWY_INLINE V extreme(const float* x, std::size_t count, float worst, const Better& better) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const V start = hn::Set(d, worst);
  V a = start;
  V b = start;
  V c = start;
  V e = start;
  V nan = hn::Zero(d);  // all ones where there was NaN
  const auto take = [&](V& best, V v) HWY_ATTR {
    const auto is_nan = hn::IsNaN(v);
    if constexpr (kKeepNan) nan = hn::Or(nan, hn::VecFromMask(d, is_nan));
    best = better(best, hn::IfThenElse(is_nan, start, v));
  };
  std::size_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    take(a, hn::LoadU(d, x + i));
    take(b, hn::LoadU(d, x + i + lanes));
    take(c, hn::LoadU(d, x + i + 2 * lanes));
    take(e, hn::LoadU(d, x + i + 3 * lanes));
  }
  for (; i + lanes <= count; i += lanes) take(a, hn::LoadU(d, x + i));
  if (i < count) take(b, load_end(x + i, count - i, start));
  const V best = better(better(a, b), better(c, e));
  if constexpr (kKeepNan) {
    if (!hn::AllFalse(d, hn::IsNaN(nan))) return hn::Set(d, std::numeric_limits<float>::quiet_NaN());
  }
  return best;
}

template <bool kKeepNan>
HWY_INLINE float largest_of(const float* x, std::size_t count) {
  const V best = extreme<kKeepNan>(x, count, -std::numeric_limits<float>::infinity(),
                                   [](V p, V q) HWY_ATTR { return hn::Max(p, q); });
  return hn::GetLane(hn::MaxOfLanes(D(), best));
}

float largest(const float* x, std::size_t count) { return largest_of<true>(x, count); }

float smallest(const float* x, std::size_t count) {
  const V best =
      extreme<true>(x, count, std::numeric_limits<float>::infinity(), [](V p, V q) HWY_ATTR { return hn::Min(p, q); });
  return hn::GetLane(hn::MinOfLanes(D(), best));
}

// The first index from `first` on where `holds` of the vector does.
template <class Holds>
HWY_INLINE std::size_t find_where(const float* x, std::size_t first, std::size_t count, const Holds& holds) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = first;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const auto a = holds(hn::LoadU(d, x + i));
    const auto b = holds(hn::LoadU(d, x + i + lanes));
    const auto c = holds(hn::LoadU(d, x + i + 2 * lanes));
    const auto e = holds(hn::LoadU(d, x + i + 3 * lanes));
    if (!hn::AllFalse(d, hn::Or(hn::Or(a, b), hn::Or(c, e)))) break;
  }
  for (; i + lanes <= count; i += lanes) {
    const auto found = hn::FindFirstTrue(d, holds(hn::LoadU(d, x + i)));
    if (found >= 0) return i + static_cast<std::size_t>(found);
  }
  if (i < count) {
    const V rest = load_end(x + i, count - i, hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
    const auto found = hn::FindFirstTrue(d, holds(rest));
    if (found >= 0) return i + static_cast<std::size_t>(found);
  }
  return count;
}

std::size_t index_of_largest(const float* x, std::size_t count) {
  const V best = hn::Set(D(), largest_of<false>(x, count));
  return find_where(x, 0, count, [best](V v) HWY_ATTR { return hn::Eq(v, best); });
}

std::size_t find_above(const float* x, std::size_t first, std::size_t count, float threshold) {
  const V bar = hn::Set(D(), threshold);
  return find_where(x, first, count, [bar](V v) HWY_ATTR { return hn::Gt(v, bar); });
}

// kRows rows at once: one load of the query serves them all, and their sums do not wait for each other.
template <int kRows, bool kSquares>
HWY_INLINE void dot_tile(const float* HWY_RESTRICT query, const float* HWY_RESTRICT rows, std::size_t stride,
                         std::size_t dim, float* HWY_RESTRICT dots, float* HWY_RESTRICT squares) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  constexpr int kChains = kSquares ? 1 : 2;
  V sums[kRows][2];
  V norms[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = norms[r] = hn::Zero(d);
  const auto step = [&](int r, int chain, V q, V v) HWY_ATTR {
    sums[r][chain] = hn::MulAdd(q, v, sums[r][chain]);
    if constexpr (kSquares) norms[r] = hn::MulAdd(v, v, norms[r]);
  };
  std::size_t i = 0;
  for (; i + kChains * lanes <= dim; i += kChains * lanes) {
#pragma GCC unroll 2
    for (int chain = 0; chain < kChains; ++chain) {
      const std::size_t at = i + static_cast<std::size_t>(chain) * lanes;
      const V q = hn::LoadU(d, query + at);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) step(r, chain, q, hn::LoadU(d, rows + static_cast<std::size_t>(r) * stride + at));
    }
  }
  for (; i + lanes <= dim; i += lanes) {
    const V q = hn::LoadU(d, query + i);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) step(r, 0, q, hn::LoadU(d, rows + static_cast<std::size_t>(r) * stride + i));
  }
  if (i < dim) {
    const V q = load_partial(d, dim - i, query + i);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      step(r, 0, q, load_partial(d, dim - i, rows + static_cast<std::size_t>(r) * stride + i));
    }
  }
  V dot_lanes[kRows];
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) dot_lanes[r] = hn::Add(sums[r][0], sums[r][1]);
  store_sums_of_lanes(dot_lanes, dots);
  if constexpr (kSquares) store_sums_of_lanes(norms, squares);
}

template <bool kSquares>
void dot_all(const float* query, const float* rows, std::size_t stride, std::size_t count, std::size_t dim, float* dots,
             float* squares) {
  constexpr std::size_t kRows = 4;
  std::size_t i = 0;
  for (; i + kRows <= count; i += kRows) {
    dot_tile<kRows, kSquares>(query, rows + i * stride, stride, dim, dots + i, kSquares ? squares + i : nullptr);
  }
  for (; i < count; ++i) {
    dot_tile<1, kSquares>(query, rows + i * stride, stride, dim, dots + i, kSquares ? squares + i : nullptr);
  }
}

void dot_rows(const float* query, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
              float* dots, float* squares) {
  if (squares != nullptr) return dot_all<true>(query, rows, stride, count, dim, dots, squares);
  dot_all<false>(query, rows, stride, count, dim, dots, nullptr);
}

// kVectors vectors of y stay in registers while the rows go by. Few vectors have two sums each, of every other row, so
// that they do not wait for each other.
template <int kVectors>
void add_rows_to(const float* HWY_RESTRICT weights, const float* HWY_RESTRICT rows, std::size_t stride,
                 std::size_t count, float* HWY_RESTRICT y) {
  constexpr int kChains = kVectors > 4 ? 1 : 2;
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  V sums[kChains][kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    sums[0][v] = hn::LoadU(d, y + static_cast<std::size_t>(v) * lanes);
    sums[kChains - 1][v] = kChains == 1 ? sums[0][v] : hn::Zero(d);
  }
  const auto add_row = [&](V(&to)[kVectors], float weight_of_row) HWY_ATTR {
    const V weight = hn::Set(d, weight_of_row);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      to[v] = hn::MulAdd(weight, hn::LoadU(d, rows + static_cast<std::size_t>(v) * lanes), to[v]);
    }
    rows += stride;
  };
  std::size_t i = 0;
  for (; i + kChains <= count; i += kChains) {
#pragma GCC unroll 2
    for (int chain = 0; chain < kChains; ++chain) add_row(sums[chain], weights[i + static_cast<std::size_t>(chain)]);
  }
  for (; i < count; ++i) add_row(sums[0], weights[i]);
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) {
    const V sum = kChains == 1 ? sums[0][v] : hn::Add(sums[0][v], sums[kChains - 1][v]);
    hn::StoreU(sum, d, y + static_cast<std::size_t>(v) * lanes);
  }
}

using AddRows = void (*)(const float*, const float*, std::size_t, std::size_t, float*);
constexpr AddRows kAddRows[] = {&add_rows_to<1>, &add_rows_to<2>, &add_rows_to<3>, &add_rows_to<4>,
                                &add_rows_to<5>, &add_rows_to<6>, &add_rows_to<7>, &add_rows_to<8>};

void add_weighted_rows(const float* weights, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
                       float* y) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t j = 0;
  while (j + lanes <= dim) {
    const std::size_t vectors = std::min(std::size(kAddRows), (dim - j) / lanes);
    kAddRows[vectors - 1](weights, rows + j, stride, count, y + j);
    j += vectors * lanes;
  }
  if (j == dim) return;
  const std::size_t rest = dim - j;
  V sums = load_partial(d, rest, y + j);
  for (std::size_t i = 0; i < count; ++i) {
    sums = hn::MulAdd(hn::Set(d, weights[i]), load_partial(d, rest, rows + i * stride + j), sums);
  }
  store_partial(sums, d, rest, y + j);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(sum);
HWY_EXPORT(largest);
HWY_EXPORT(smallest);
HWY_EXPORT(index_of_largest);
HWY_EXPORT(find_above);
HWY_EXPORT(dot_rows);
HWY_EXPORT(add_weighted_rows);

double sum(const float* x, std::size_t count) { return HWY_DYNAMIC_DISPATCH(sum)(x, count); }

float largest(const float* x, std::size_t count) { return HWY_DYNAMIC_DISPATCH(largest)(x, count); }

float smallest(const float* x, std::size_t count) { return HWY_DYNAMIC_DISPATCH(smallest)(x, count); }

std::size_t index_of_largest(const float* x, std::size_t count) {
  return HWY_DYNAMIC_DISPATCH(index_of_largest)(x, count);
}

std::size_t find_above(const float* x, std::size_t first, std::size_t count, float threshold) {
  return HWY_DYNAMIC_DISPATCH(find_above)(x, first, count, threshold);
}

void dot_rows(const float* query, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
              float* dots, float* squares) {
  HWY_DYNAMIC_DISPATCH(dot_rows)(query, rows, stride, count, dim, dots, squares);
}

void add_weighted_rows(const float* weights, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
                       float* y) {
  HWY_DYNAMIC_DISPATCH(add_weighted_rows)(weights, rows, stride, count, dim, y);
}

}  // namespace myelin::kernels::cpu
#endif
