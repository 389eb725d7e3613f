// Products as dot products: both operands are walked along the depth, a vector at a time. For few columns, which a
// panel would fill up with zeros, and for few rows of a B that is stored transposed. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_GEMM_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_DOT_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_DOT_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_DOT_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cpu/partial-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kDotSums = 12;  // of 16 registers; the rest holds two rows of A and one of B

// The rows that are multiplied: `a` [rows, k], `b` [columns, k].
struct DotOperands {
  const float* a;
  std::size_t a_stride;
  const float* b;
  std::size_t b_stride;
  std::size_t k;
};

// out[i * out_stride + j] = the product of row i of A and row j of B. A result is the sum of `kWays` sums over every
// kWays-th vector, and depends on nothing else: not on kRows and kColumns.
template <int kRows, int kColumns, int kWays>
HWY_NOINLINE void dot_tile(const DotOperands& operands, float* HWY_RESTRICT out, std::size_t out_stride) {
  using D = hn::ScalableTag<float>;
  using V = hn::Vec<D>;
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t k = operands.k;
  const std::size_t a_stride = operands.a_stride;
  const std::size_t b_stride = operands.b_stride;
  const float* HWY_RESTRICT a = operands.a;
  const float* HWY_RESTRICT b = operands.b;
  V sums[kWays][kRows][kColumns];
#pragma GCC unroll 4
  for (int way = 0; way < kWays; ++way) {
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 12
      for (int j = 0; j < kColumns; ++j) sums[way][i][j] = hn::Zero(d);
    }
  }
  std::size_t p = 0;
  for (; p + kWays * lanes <= k; p += kWays * lanes) {
#pragma GCC unroll 4
    for (int way = 0; way < kWays; ++way) {
      const std::size_t at = p + way * lanes;
      V left[kRows];
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) left[i] = hn::LoadU(d, a + i * a_stride + at);
#pragma GCC unroll 12
      for (int j = 0; j < kColumns; ++j) {
        const V right = hn::LoadU(d, b + j * b_stride + at);
#pragma GCC unroll 4
        for (int i = 0; i < kRows; ++i) sums[way][i][j] = hn::MulAdd(left[i], right, sums[way][i][j]);
      }
    }
  }
  // What is left, less than kWays vectors, goes on from the first way.
#pragma GCC unroll 4
  for (int way = 0; way < kWays; ++way) {
    if (p >= k) break;
    const std::size_t count = std::min(lanes, k - p);
#pragma GCC unroll 12
    for (int j = 0; j < kColumns; ++j) {
      const V right = load_partial(d, count, b + j * b_stride + p);
#pragma GCC unroll 4
      for (int i = 0; i < kRows; ++i) {
        sums[way][i][j] = hn::MulAdd(load_partial(d, count, a + i * a_stride + p), right, sums[way][i][j]);
      }
    }
    p += count;
  }
#pragma GCC unroll 4
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < kColumns; ++j) {
      V sum = sums[0][i][j];
#pragma GCC unroll 4
      for (int way = 1; way < kWays; ++way) sum = hn::Add(sum, sums[way][i][j]);
      out[i * out_stride + j] = hn::GetLane(hn::SumOfLanes(d, sum));
    }
  }
}

using DotTile = void (*)(const DotOperands&, float* HWY_RESTRICT, std::size_t);

// Few columns in all need several ways for enough sums to hide the time that one addition takes. How many is the same
// for every number of rows, so that a row gets the same bits in any batch.
constexpr int dot_ways(std::size_t columns_in_all) { return columns_in_all == 1 ? 4 : columns_in_all <= 4 ? 2 : 1; }

template <int kRows, int kColumns, int kWays>
constexpr DotTile tile_if_wanted() {
  constexpr int kColumnsMin = kWays == 4 ? 1 : kWays == 2 ? 2 : 3;  // even groups are never narrower
  if constexpr (kColumns >= kColumnsMin && kRows * kColumns * kWays <= kDotSums && (kWays != 4 || kColumns == 1)) {
    return &dot_tile<kRows, kColumns, kWays>;
  } else {
    return nullptr;
  }
}

struct DotTiles {
  DotTile of[kDotSums];  // by columns - 1
};

template <int kRows, int kWays, int... kIndex>
constexpr DotTiles make_dot_tiles(std::integer_sequence<int, kIndex...>) {
  return {{tile_if_wanted<kRows, kIndex + 1, kWays>()...}};
}

template <int kRows, int kWays>
constexpr DotTiles kDotTiles = make_dot_tiles<kRows, kWays>(std::make_integer_sequence<int, kDotSums>());

template <int kRows>
const DotTiles& dot_tiles(int ways) {
  return ways == 4 ? kDotTiles<kRows, 4> : ways == 2 ? kDotTiles<kRows, 2> : kDotTiles<kRows, 1>;
}

// out [rows, columns]: one or two rows of A with `columns` of the `columns_in_all` rows of B, in even groups.
HWY_INLINE void dot_products(DotOperands operands, std::size_t rows, std::size_t columns, std::size_t columns_in_all,
                             float* HWY_RESTRICT out, std::size_t out_stride) {
  const int ways = dot_ways(columns_in_all);
  const std::size_t columns_max = kDotSums / (static_cast<std::size_t>(ways) * rows);
  const DotTiles& tiles = rows == 1 ? dot_tiles<1>(ways) : dot_tiles<2>(ways);
  while (columns > 0) {
    const std::size_t groups = (columns + columns_max - 1) / columns_max;
    const std::size_t group = (columns + groups - 1) / groups;
    tiles.of[group - 1](operands, out, out_stride);
    operands.b += group * operands.b_stride;
    out += group;
    columns -= group;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
