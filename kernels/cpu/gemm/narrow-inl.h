// Products whose C is at most one vector wide, with B in place: the outputs of a classifier. Included once per SIMD
// target.

#if defined(MYELIN_KERNELS_CPU_GEMM_NARROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_NARROW_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_NARROW_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_NARROW_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <utility>

#include "cpu/gemm/epilogue-inl.h"
#include "cpu/gemm/gemm_call.hpp"
#include "cpu/gemm/microkernel-inl.h"
#include "cpu/partial-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sums that each element is split into: as many as let a full tile fill the registers, whatever the number of rows, so
// that a row gets the same bits in any batch. With one sum a step waits for the one before it, four cycles.
constexpr int kNarrowWays = kSumsMax / kRowsMax;

struct NarrowOperands {
  const float* a;
  std::size_t a_stride;
  const float* b;
  std::size_t b_stride;
  std::size_t depth;
  std::size_t columns;
  const float* last_rows;  // of B, the last ones, each a whole vector: as many as narrow_last_rows() says
};

// The rows of B that a tile reads from a copy: those of its last step. A masked vector that reaches over into a page
// that is not there costs the CPU an assist each time: ten outputs of 8 rows went from 94 to 70 GFLOP/s by it.
inline std::size_t narrow_last_rows(std::size_t depth) {
  const std::size_t rest = depth % kNarrowWays;
  return rest != 0 ? rest : kNarrowWays;
}

// A vector of sums for each row, of which as many lanes are stored as there are columns. What is left of the depth goes
// on from the first way.
template <int kRows, LayoutOfA kLayout>
HWY_NOINLINE void narrow_tile(const NarrowOperands& operands, float* HWY_RESTRICT out, std::size_t out_stride) {
  const D d;
  const std::size_t depth = operands.depth;
  const std::size_t columns = operands.columns;
  const std::size_t b_stride = operands.b_stride;
  const std::size_t a_row = kLayout == LayoutOfA::columns ? 1 : operands.a_stride;
  const std::size_t a_step = kLayout == LayoutOfA::columns ? operands.a_stride : 1;
  const float* HWY_RESTRICT a = operands.a;
  const float* HWY_RESTRICT b = operands.b;
  V sums[kNarrowWays][kRows];
#pragma GCC unroll 8
  for (int way = 0; way < kNarrowWays; ++way) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sums[way][i] = hn::Zero(d);
  }
  // Of whole steps, for all that is left is in the copy.
  const std::size_t in_place = depth - narrow_last_rows(depth);
  for (std::size_t p = 0; p < in_place; p += kNarrowWays) {
#pragma GCC unroll 8
    for (int way = 0; way < kNarrowWays; ++way) {
      const V right = load_partial(d, columns, b + way * b_stride);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        sums[way][i] = hn::MulAdd(hn::Set(d, a[i * a_row + way * a_step]), right, sums[way][i]);
      }
    }
    a += kNarrowWays * a_step;
    b += kNarrowWays * b_stride;
  }
  const std::size_t lanes = hn::Lanes(d);
  const float* HWY_RESTRICT last = operands.last_rows;
  if (depth % kNarrowWays == 0) {
#pragma GCC unroll 8
    for (int way = 0; way < kNarrowWays; ++way) {
      const V right = hn::Load(d, last + way * lanes);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        sums[way][i] = hn::MulAdd(hn::Set(d, a[i * a_row + way * a_step]), right, sums[way][i]);
      }
    }
  } else {
    for (std::size_t p = in_place; p < depth; ++p, a += a_step, last += lanes) {
      const V right = hn::Load(d, last);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) sums[0][i] = hn::MulAdd(hn::Set(d, a[i * a_row]), right, sums[0][i]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    V sum = sums[0][i];
#pragma GCC unroll 8
    for (int way = 1; way < kNarrowWays; ++way) sum = hn::Add(sum, sums[way][i]);
    store_partial(sum, d, columns, out + i * out_stride);
  }
}

using NarrowTile = void (*)(const NarrowOperands&, float* HWY_RESTRICT, std::size_t);

struct NarrowTiles {
  NarrowTile of[kRowsMax];  // by rows - 1
};

template <LayoutOfA kLayout, int... kIndex>
constexpr NarrowTiles make_narrow_tiles(std::integer_sequence<int, kIndex...>) {
  return {{&narrow_tile<kIndex + 1, kLayout>...}};
}

template <LayoutOfA kLayout>
constexpr NarrowTiles kNarrowTiles = make_narrow_tiles<kLayout>(std::make_integer_sequence<int, kRowsMax>());

// B in place, not transposed, of at most as many columns as a vector has lanes.
inline void multiply_narrow(const GemmCall& call) {
  HWY_ALIGN float sums[kRowsMax * HWY_MAX_BYTES / sizeof(float)];
  const NarrowTiles& tiles = call.transpose_a ? kNarrowTiles<LayoutOfA::columns> : kNarrowTiles<LayoutOfA::rows>;
  HWY_ALIGN float last_rows[kNarrowWays * HWY_MAX_BYTES / sizeof(float)] = {};
  const std::size_t copied = narrow_last_rows(call.k);
  for (std::size_t i = 0; i < copied; ++i) {
    std::copy_n(call.b + (call.k - copied + i) * call.b_stride, call.n, last_rows + i * hn::Lanes(D()));
  }
  NarrowOperands operands{call.a, call.a_stride, call.b, call.b_stride, call.k, call.n, last_rows};
  const bool plain = is_plain(call);
  for (std::size_t row = 0; row < call.m;) {
    const std::size_t rows = next_rows(call.m - row);
    if (plain) {
      tiles.of[rows - 1](operands, call.c + row * call.c_stride, call.c_stride);
      finish(call, row, rows, 0, call.n);
    } else {
      tiles.of[rows - 1](operands, sums, hn::Lanes(D()));
      store_sums(call, sums, hn::Lanes(D()), row, rows, 0, call.n);
    }
    operands.a += call.transpose_a ? rows : rows * call.a_stride;
    row += rows;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
