// The register tile of convolution and attention: a few rows of A times a panel of packed B, where the rows of A and
// of C lie anywhere, and the depth is a list of runs. Included once per SIMD target.
//
// A product of matrices has one run, and rows at even distances. A convolution has a run for each row of its window,
// and a row for each output pixel: so its input is read in place, where other ways would copy it kernel size times.

#if defined(MYELIN_KERNELS_CPU_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_TILE_INL_H_
#undef MYELIN_KERNELS_CPU_TILE_INL_H_
#else
#define MYELIN_KERNELS_CPU_TILE_INL_H_
#endif

#include <cstddef>
#include <limits>
#include <utility>

#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

// 6 x 2 sums + 2 of B + 1 of A = 15 of 16 registers, and 6 x 4 + 4 + 1 = 29 of 32: a tile then begins and ends half as
// often, and each element of A is read half as often.
constexpr std::size_t kTileRows = 6;
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
constexpr std::size_t kTileVectors = 4;
#else
constexpr std::size_t kTileVectors = 2;
#endif

// Sums of fewer products are done before a line of C comes from L3.
constexpr std::size_t kDepthForeseen = 32;

// Columns of a panel of B.
HWY_INLINE std::size_t tile_panel_width() {
  return kTileVectors * hwy::HWY_NAMESPACE::Lanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
}

// Columns filled up to whole vectors: from one row of a packed panel to the next, which is narrower than others where
// it is the last.
HWY_INLINE std::size_t whole_vectors(std::size_t columns) {
  const std::size_t lanes = hwy::HWY_NAMESPACE::Lanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
  return (columns + lanes - 1) / lanes * lanes;
}

// What the tiles of one product share.
struct TileOperands {
  const float* a;           // row r of A begins at a + a_rows[r]; run i of its elements at runs[i] from there
  const std::size_t* runs;  // [run_count]
  std::size_t run_count;
  std::size_t run_length;
  std::size_t b_stride;  // from one row of a panel to the next
  std::size_t b_gap;     // floats of a panel that are passed over after each run
  float* c;              // row r of C at c + c_rows[r]
  const float* bias;     // [columns] or null
  bool relu;
};

// C [kRows, columns] = A [kRows, depth] * B [depth, panel] (+ bias) (then ReLU). `columns` counts from `first` on and
// is at most kVectors vectors, and more than one vector less; rows of B are whole vectors, filled up with zeros.
// kGaps: whether there are floats of B to pass over; three steps a run would feel the addition.
template <int kRows, int kVectors, bool kGaps>
HWY_INLINE void tile(const TileOperands& operands, const std::size_t* a_rows, const float* HWY_RESTRICT b,
                     const std::size_t* c_rows, std::size_t first, std::size_t columns) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t last = columns - static_cast<std::size_t>(kVectors - 1) * lanes;
  V sums[kRows][kVectors];
#pragma GCC unroll 4
  for (int j = 0; j < kVectors; ++j) {
    V start = hn::Zero(d);
    if (operands.bias != nullptr) {
      const float* bias = operands.bias + first + static_cast<std::size_t>(j) * lanes;
      start = j == kVectors - 1 && last != lanes ? load_partial(d, last, bias) : hn::LoadU(d, bias);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sums[i][j] = start;
  }
  const float* HWY_RESTRICT a[kRows];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) a[i] = operands.a + a_rows[i];
  if (operands.run_count * operands.run_length >= kDepthForeseen) {
    // C comes into cache while the sums are made: its rows are too far apart for the processor to foresee.
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      hwy::Prefetch(operands.c + c_rows[i] + first);
      hwy::Prefetch(operands.c + c_rows[i] + first + columns - 1);
    }
  }
  const std::size_t b_stride = operands.b_stride;
  for (std::size_t run = 0; run < operands.run_count; ++run) {
    const std::size_t end = operands.runs[run] + operands.run_length;
#pragma GCC unroll 2
    for (std::size_t p = operands.runs[run]; p < end; ++p) {
      V right[kVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) right[j] = hn::LoadU(d, b + static_cast<std::size_t>(j) * lanes);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const V left = hn::Set(d, a[i][p]);
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(left, right[j], sums[i][j]);
      }
      b += b_stride;
    }
    if constexpr (kGaps) b += operands.b_gap;
  }
  const V least = hn::Set(d, operands.relu ? 0.0F : -std::numeric_limits<float>::infinity());
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
    float* to = operands.c + c_rows[i] + first;
#pragma GCC unroll 4
    for (int j = 0; j < kVectors - 1; ++j, to += lanes) hn::StoreU(at_least(least, sums[i][j]), d, to);
    const V v = at_least(least, sums[i][kVectors - 1]);
    if (last == lanes) {
      hn::StoreU(v, d, to);
    } else {
      store_partial(v, d, last, to);
    }
  }
}

// `count` tiles, each of the kRows rows that follow on those of the one before it. One call for all: with one for each,
// a window of 3 x 3 and one channel, whose tiles last nine steps, was 1.2 times as slow.
template <int kRows, int kVectors, bool kGaps>
HWY_NOINLINE void tiles(const TileOperands& operands, const std::size_t* a_rows, const float* HWY_RESTRICT b,
                        const std::size_t* c_rows, std::size_t first, std::size_t columns, std::size_t count) {
  for (; count > 0; --count, a_rows += kRows, c_rows += kRows) {
    tile<kRows, kVectors, kGaps>(operands, a_rows, b, c_rows, first, columns);
  }
}

using TilesFunction = void (*)(const TileOperands&, const std::size_t*, const float*, const std::size_t*, std::size_t,
                               std::size_t, std::size_t);

// Every tile: [rows - 1][vectors - 1].
struct TileTable {
  TilesFunction of[kTileRows][kTileVectors];
};

template <bool kGaps, int kRows, int... kIndex>
constexpr void fill_row_of_table(TileTable& table, std::integer_sequence<int, kIndex...>) {
  ((table.of[kRows - 1][kIndex] = &tiles<kRows, kIndex + 1, kGaps>), ...);
}

template <bool kGaps, int... kIndex>
constexpr TileTable make_tile_table(std::integer_sequence<int, kIndex...>) {
  TileTable table{};
  (fill_row_of_table<kGaps, kIndex + 1>(table, std::make_integer_sequence<int, kTileVectors>()), ...);
  return table;
}

template <bool kGaps>
constexpr TileTable kTiles = make_tile_table<kGaps>(std::make_integer_sequence<int, kTileRows>());

// All rows of one panel, in tiles as even as can be. `first` is the panel's first column, `columns` how many it has.
HWY_INLINE void tiles_of_panel(const TileOperands& operands, const std::size_t* a_rows, const float* b,
                               const std::size_t* c_rows, std::size_t rows, std::size_t first, std::size_t columns) {
  const std::size_t lanes = hwy::HWY_NAMESPACE::Lanes(hwy::HWY_NAMESPACE::ScalableTag<float>());
  const std::size_t vectors = (columns + lanes - 1) / lanes;
  const TileTable& table = operands.b_gap == 0 ? kTiles<false> : kTiles<true>;
  // One division for all tiles: one for each took 4 % of the time where the depth is 9.
  const std::size_t count = (rows + kTileRows - 1) / kTileRows;
  const std::size_t least = rows / count;
  const std::size_t higher = rows % count;  // tiles with one row more
  if (higher > 0) {
    table.of[least][vectors - 1](operands, a_rows, b, c_rows, first, columns, higher);
    a_rows += higher * (least + 1);
    c_rows += higher * (least + 1);
  }
  if (least > 0) table.of[least - 1][vectors - 1](operands, a_rows, b, c_rows, first, columns, count - higher);
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
