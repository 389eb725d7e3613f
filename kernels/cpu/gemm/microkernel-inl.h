// The innermost part of the single-precision product: a tile of C in registers. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_GEMM_MICROKERNEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_MICROKERNEL_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_MICROKERNEL_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_MICROKERNEL_INL_H_
#endif

#include <cstddef>
#include <utility>

#include "cpu/partial-inl.h"
#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// Shape of the largest register tile: kRowsMax rows of kPanelVectors vectors.
#if HWY_TARGET == HWY_SCALAR
constexpr int kRowsMax = 3;  // "vectors" of one float: 3 x 4 sums + 4 of B + 1 of A = 17, one more than there are
constexpr int kPanelVectors = 4;
constexpr int kSumsMax = 12;
#elif HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX3
constexpr int kRowsMax = 6;  // 6 x 4 sums + 4 of B + 1 of A = 29 of 32 registers
constexpr int kPanelVectors = 4;
constexpr int kSumsMax = 24;
#else
constexpr int kRowsMax = 6;  // 6 x 2 sums + 2 of B + 1 of A = 15 of 16 registers
constexpr int kPanelVectors = 2;
constexpr int kSumsMax = 12;
#endif

// Few rows leave few sums, and each waits for the one before it: tiles of few rows are as many panels wide as registers
// allow.
constexpr int panels_per_tile(int rows) {
  if (4 * rows * kPanelVectors <= kSumsMax) return 4;
  if (2 * rows * kPanelVectors <= kSumsMax) return 2;
  return 1;
}

// Where 4 rows of a panel's 2 vectors would be 8 sums, which keep two units with 4 cycles' latency busy only if none is
// ever late, two tiles of 3 vectors share 3 panels.
constexpr bool tiles_share_panels(int rows) { return kPanelVectors == 2 && rows == 4; }
constexpr int kPanelsShared = 3;
constexpr int kVectorsShared = 3;

// Panels that several tiles of rows meet one after the other, the least of them of `rows` rows: as many as their widest
// tiles fill, in whole tiles. All of 7 rows are 4 and 3, on 3 and on 2 panels.
constexpr std::size_t panels_at_a_time(int rows) {
  if (tiles_share_panels(rows)) return kPanelsShared;
  return tiles_share_panels(rows + 1) ? kPanelsShared * static_cast<std::size_t>(panels_per_tile(rows)) : 1;
}

HWY_INLINE std::size_t panel_width() { return kPanelVectors * hn::Lanes(D()); }

// How a microkernel steps through A.
enum class LayoutOfA {
  rows,     // row i at a + i * stride
  columns,  // row i at a + i, step p at a + p * stride: A transposed, or packed
};

// Whether a microkernel asks for B ahead of reading it. Not where B is in a cache: asking costs 4 %. Nor with one or
// two rows of A: they leave so little to do with each row of B that memory is the limit, whatever is asked for.
template <int kRows, bool kAsks>
constexpr bool kAsksAhead = kRows >= 3 && kAsks;

// Brings a line into L2: into L1 it would come long before its turn, and displace what is in use.
HWY_INLINE void ask_for(const float* line) { __builtin_prefetch(line, 0, 2); }

// Every line of a row of C. Its last element may lie on one more.
HWY_INLINE void prefetch_row(const float* row, std::size_t count) {
  constexpr std::size_t kLine = 64 / sizeof(float);
#pragma GCC unroll 16
  for (std::size_t at = 0; at < count; at += kLine) hwy::Prefetch(row + at);
  hwy::Prefetch(row + count - 1);
}

// One tile's worth of arguments.
struct Tile {
  std::size_t depth;
  const float* a;
  std::size_t a_stride;
  const float* b;
  std::size_t b_row_stride;
  std::size_t b_panel_stride;
  std::size_t b_ahead;       // elements from this tile's B to what is asked for at its first step
  std::size_t b_ahead_step;  // and from there at each further step
  float* c;
  std::size_t c_stride;
  std::size_t last_lanes;  // lanes of the last vector that are inside C
  bool resume;             // the sums go on from what C holds; else from zero
  bool scaled;             // C becomes alpha * sums + beta * C; else the sums
  float alpha;
  float beta;
  const float* bias;  // at this tile's first column, or null
  bool relu;
};

// A tile's sums into C, with all that comes after them.
template <int kRows, int kVectors>
HWY_INLINE void store_tile(const Tile& tile, const V (&sums)[kRows][kVectors]) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t last = tile.last_lanes;
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      const bool partial = j == kVectors - 1 && last != lanes;
      float* to = tile.c + i * tile.c_stride + j * lanes;
      V v = sums[i][j];
      if (HWY_UNLIKELY(tile.scaled)) {
        v = hn::Mul(v, hn::Set(d, tile.alpha));
        if (tile.beta != 0.0F) {
          v = hn::MulAdd(hn::Set(d, tile.beta), partial ? load_partial(d, last, to) : hn::LoadU(d, to), v);
        }
      }
      if (tile.bias != nullptr) {
        const float* from = tile.bias + j * lanes;
        v = hn::Add(v, partial ? load_partial(d, last, from) : hn::LoadU(d, from));
      }
      // A comparison, not a maximum: NaN stays NaN.
      if (tile.relu) v = hn::IfThenZeroElse(hn::Lt(v, hn::Zero(d)), v);
      if (partial) {
        store_partial(v, d, last, to);
      } else {
        hn::StoreU(v, d, to);
      }
    }
  }
}

// C [kRows, kVectors vectors] from A [kRows, depth] and B [depth, kVectors vectors]. Each sum is a chain of fused
// multiply-adds in the order of the depth (of products and sums where the target has no such instruction), wherever the
// chain is broken off and resumed: so blocking does not show in the bits.
//
// kMasked: the last vector of B is read in part, for B in place may end there. Packed panels are filled up with zeros.
// kFirst: the first vector's number in the panel at tile.b.
template <int kRows, int kVectors, LayoutOfA kLayout, bool kMasked, bool kAsks, int kFirst = 0>
HWY_NOINLINE void microkernel(const Tile& tile) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t depth = tile.depth;
  const std::size_t a_stride = tile.a_stride;
  const std::size_t b_row_stride = tile.b_row_stride;
  const float* ahead = tile.b + tile.b_ahead;
  const std::size_t b_panel_stride = tile.b_panel_stride;
  const std::size_t last = tile.last_lanes;
  const float* HWY_RESTRICT a = tile.a;
  constexpr int kPanels = (kFirst + kVectors + kPanelVectors - 1) / kPanelVectors;
  const float* HWY_RESTRICT b[kPanels];
#pragma GCC unroll 4
  for (int panel = 0; panel < kPanels; ++panel) b[panel] = tile.b + panel * tile.b_panel_stride;
  float* HWY_RESTRICT c = tile.c;
  const std::size_t c_stride = tile.c_stride;

  V sums[kRows][kVectors];
  if (HWY_UNLIKELY(tile.resume)) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const float* from = c + i * c_stride + j * lanes;
        sums[i][j] = j == kVectors - 1 && last != lanes ? load_partial(d, last, from) : hn::LoadU(d, from);
      }
    }
    // What the next tile resumes from: else it would wait for memory before its first sum.
    if constexpr (kRows == kRowsMax) {
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        prefetch_row(c + (kRows + i) * c_stride, kVectors * lanes);
      }
    }
  } else {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      prefetch_row(c + i * c_stride, kVectors * lanes);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
    }
  }

#pragma GCC unroll 2
  for (std::size_t p = 0; p < depth; ++p) {
    if constexpr (kAsksAhead<kRows, kAsks>) {
#pragma GCC unroll 4
      for (int panel = 0; panel < kPanels; ++panel) {
        ask_for(ahead + panel * b_panel_stride);
      }
      ahead += tile.b_ahead_step;
    }
    const auto left_of = [&](int i)
                             HWY_ATTR { return hn::Set(d, kLayout == LayoutOfA::columns ? a[i] : a[i * a_stride]); };
    const auto right_of = [&](int j) HWY_ATTR {
      const float* from = b[(kFirst + j) / kPanelVectors] + ((kFirst + j) % kPanelVectors) * lanes;
      return kMasked && j == kVectors - 1 ? load_partial(d, last, from) : hn::LoadU(d, from);
    };
    // The shorter side stays in registers: with all 4 vectors of B, 3 rows would need 17 of 16.
    if constexpr (kRows < kVectors) {
      V left[kRows];
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) left[i] = left_of(i);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const V right = right_of(j);
#pragma GCC unroll 8
        for (int i = 0; i < kRows; ++i) sums[i][j] = hn::MulAdd(left[i], right, sums[i][j]);
      }
    } else {
      V right[kVectors];
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) right[j] = right_of(j);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const V left = left_of(i);
#pragma GCC unroll 16
        for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(left, right[j], sums[i][j]);
      }
    }
    a += kLayout == LayoutOfA::columns ? a_stride : 1;
#pragma GCC unroll 4
    for (int panel = 0; panel < kPanels; ++panel) b[panel] += b_row_stride;
  }

  const bool plain = !tile.scaled && tile.bias == nullptr && !tile.relu && last == lanes;
  if (HWY_LIKELY(plain)) {
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) hn::StoreU(sums[i][j], d, c + i * c_stride + j * lanes);
    }
    return;
  }
  store_tile<kRows, kVectors>(tile, sums);
}

using Microkernel = void (*)(const Tile&);

// Every microkernel of one layout: [rows - 1][vectors - 1], and [rows - 1] for tiles of several panels.
struct Microkernels {
  Microkernel panel[kRowsMax][kPanelVectors];
  Microkernel masked[kRowsMax][kPanelVectors];  // null where the target has no memory masks
  Microkernel wide[kRowsMax];
  Microkernel shared[2];  // the tiles that share panels: of their first vectors, and of their last; or null
};

template <LayoutOfA kLayout, bool kAsks, int kRows, int... kIndex>
constexpr void fill_row(Microkernels& table, std::integer_sequence<int, kIndex...>) {
  ((table.panel[kRows - 1][kIndex] = &microkernel<kRows, kIndex + 1, kLayout, false, kAsks>), ...);
  if constexpr (kHasMemoryMasks) {
    ((table.masked[kRows - 1][kIndex] = &microkernel<kRows, kIndex + 1, kLayout, true, kAsks>), ...);
  }
  table.wide[kRows - 1] = &microkernel<kRows, kPanelVectors * panels_per_tile(kRows), kLayout, false, kAsks>;
}

template <LayoutOfA kLayout, bool kAsks, int... kIndex>
constexpr Microkernels make_microkernels(std::integer_sequence<int, kIndex...>) {
  Microkernels table{};
  (fill_row<kLayout, kAsks, kIndex + 1>(table, std::make_integer_sequence<int, kPanelVectors>()), ...);
  if constexpr (tiles_share_panels(4)) {
    table.shared[0] = &microkernel<4, kVectorsShared, kLayout, false, kAsks>;
    table.shared[1] = &microkernel<4, kVectorsShared, kLayout, false, kAsks, kVectorsShared % kPanelVectors>;
  }
  return table;
}

template <LayoutOfA kLayout, bool kAsks>
constexpr Microkernels kMicrokernels = make_microkernels<kLayout, kAsks>(std::make_integer_sequence<int, kRowsMax>());

// `rows` rows of C over `columns` columns, from left to right; `tile` holds what the first tile needs, and is moved on.
// `masked`: B's last panel is not filled up.
template <LayoutOfA kLayout, bool kAsks>
HWY_INLINE void row_of_tiles(std::size_t rows, std::size_t columns, bool masked, Tile& tile) {
  const std::size_t lanes = hn::Lanes(D());
  const std::size_t width = panel_width();
  const Microkernels& table = kMicrokernels<kLayout, kAsks>;
  const auto advance = [&tile](std::size_t done, std::size_t panels) {
    tile.b += panels * tile.b_panel_stride;
    tile.c += done;
    if (tile.bias != nullptr) tile.bias += done;
  };
  const auto wide_panels = static_cast<std::size_t>(panels_per_tile(static_cast<int>(rows)));
  tile.last_lanes = lanes;
  std::size_t j = 0;
  if (tiles_share_panels(static_cast<int>(rows))) {
    for (; j + kPanelsShared * width <= columns; j += kPanelsShared * width) {
      table.shared[0](tile);
      advance(kVectorsShared * lanes, 1);
      table.shared[1](tile);
      advance(kVectorsShared * lanes, 2);
    }
  }
  for (; wide_panels > 1 && j + wide_panels * width <= columns; j += wide_panels * width) {
    table.wide[rows - 1](tile);
    advance(wide_panels * width, wide_panels);
  }
  for (; j < columns; j += width) {
    const std::size_t wanted = columns - j < width ? columns - j : width;
    const std::size_t vectors = (wanted + lanes - 1) / lanes;
    tile.last_lanes = wanted - (vectors - 1) * lanes;
    const bool ragged = masked && tile.last_lanes != lanes;
    (ragged ? table.masked : table.panel)[rows - 1][vectors - 1](tile);
    advance(wanted, 1);
  }
}

// Rows of the next tile when `rows` are left: tiles as even as can be, not full ones and a remainder.
HWY_INLINE std::size_t next_rows(std::size_t rows) {
  const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
  return (rows + tiles - 1) / tiles;
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
