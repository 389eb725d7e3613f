// The matrix product, compiled once per SIMD target. From the inside out: a microkernel that keeps a small tile of C in
// registers; a row of tiles; the whole product, either straight from the operands or in packed blocks.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/gemm_kernels.hpp"
#include "cpu/partial-inl.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "hwy/aligned_allocator.h"
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
  if (4 * rows * kPanelVectors <= kSumsMax + 4) return 4;
  if (2 * rows * kPanelVectors <= kSumsMax) return 2;
  return 1;
}

// Cache blocks of the packed product; docs/kernels.md has the measurements.
constexpr std::size_t kDepthBlock = 384;                  // k: a B panel is 384 x 16 x 4 = 24 KiB of a 32 KiB L1
constexpr std::size_t kColumnBlock = 4096;                // n: a B block is 384 x 4096 x 4 = 6 MiB of L3
constexpr std::size_t kPackedAStride = kDepthBlock + 16;  // not a power of two, or the rows of A evict each other

// When packing pays; docs/kernels.md has the measurements.
constexpr std::size_t kRowsInPlaceMax = 6;                        // one pass over B: nothing to win
constexpr std::size_t kElementsInPlaceMax = 64UL * 128UL;         // B of 32 KiB fits L1 in any order
constexpr std::size_t kElementsPackedWhole = 1024UL * 1024UL;     // beyond 4 MiB, B is packed in cache blocks
constexpr std::size_t kRowsStreamedMax = 64;                      // few passes over a large packed B cost little
constexpr std::size_t kTransposedVolumeMax = 96UL * 96UL * 96UL;  // A transposed: walking its columns gets slow early

// How a microkernel steps through A.
enum class LayoutOfA {
  rows,     // row i at a + i * stride
  columns,  // row i at a + i, step p at a + p * stride: A transposed
};

// One tile's worth of arguments.
struct Tile {
  std::size_t depth;
  const float* a;
  std::size_t a_stride;
  const float* b;
  std::size_t b_row_stride;
  std::size_t b_panel_stride;
  float* c;
  std::size_t c_stride;
  std::size_t last_lanes;  // lanes of the last vector that are inside C
  bool accumulate;         // add to C
  const float* bias;       // at this tile's first column, or null
  bool relu;
};

// C [kRows, kVectors vectors] (+)= A [kRows, depth] * B [depth, kVectors vectors], then the epilogue.
template <int kRows, int kVectors, LayoutOfA kLayout>
HWY_NOINLINE void microkernel(const Tile& tile) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t depth = tile.depth;
  const std::size_t a_stride = tile.a_stride;
  const std::size_t b_row_stride = tile.b_row_stride;
  const std::size_t last = tile.last_lanes;
  const float* HWY_RESTRICT a = tile.a;
  const float* HWY_RESTRICT b[(kVectors + kPanelVectors - 1) / kPanelVectors];
#pragma GCC unroll 4
  for (int panel = 0; panel * kPanelVectors < kVectors; ++panel) b[panel] = tile.b + panel * tile.b_panel_stride;
  float* HWY_RESTRICT c = tile.c;
  const std::size_t c_stride = tile.c_stride;

  V sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
  }

#pragma GCC unroll 2
  for (std::size_t p = 0; p < depth; ++p) {
    V right[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      // Whole vectors also at the ragged end: there B is always a packed panel, filled up with zeros.
      right[j] = hn::LoadU(d, b[j / kPanelVectors] + (j % kPanelVectors) * lanes);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const V left = hn::Set(d, kLayout == LayoutOfA::columns ? a[i] : a[i * a_stride]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(left, right[j], sums[i][j]);
    }
    a += kLayout == LayoutOfA::columns ? a_stride : 1;
#pragma GCC unroll 4
    for (int panel = 0; panel * kPanelVectors < kVectors; ++panel) b[panel] += b_row_stride;
  }

#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      const bool partial = j == kVectors - 1 && last != lanes;
      float* to = c + i * c_stride + j * lanes;
      V v = sums[i][j];
      if (tile.accumulate) v = hn::Add(v, partial ? load_partial(d, last, to) : hn::LoadU(d, to));
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

using Microkernel = void (*)(const Tile&);

// Every microkernel of one layout: [rows - 1][vectors - 1], and [rows - 1] for tiles of several panels.
struct Microkernels {
  Microkernel panel[kRowsMax][kPanelVectors];
  Microkernel wide[kRowsMax];
};

template <LayoutOfA kLayout, int kRows, int... kIndex>
constexpr void fill_row(Microkernels& table, std::integer_sequence<int, kIndex...>) {
  ((table.panel[kRows - 1][kIndex] = &microkernel<kRows, kIndex + 1, kLayout>), ...);
  table.wide[kRows - 1] = &microkernel<kRows, kPanelVectors * panels_per_tile(kRows), kLayout>;
}

template <LayoutOfA kLayout, int... kIndex>
constexpr Microkernels make_microkernels(std::integer_sequence<int, kIndex...>) {
  Microkernels table{};
  (fill_row<kLayout, kIndex + 1>(table, std::make_integer_sequence<int, kPanelVectors>()), ...);
  return table;
}

template <LayoutOfA kLayout>
constexpr Microkernels kMicrokernels = make_microkernels<kLayout>(std::make_integer_sequence<int, kRowsMax>());

std::size_t panel_width() { return kPanelVectors * hn::Lanes(D()); }

// `rows` rows of C over `n` columns; `tile` holds what the first tile needs.
template <LayoutOfA kLayout>
void row_of_tiles(std::size_t rows, std::size_t n, Tile tile) {
  const std::size_t lanes = hn::Lanes(D());
  const std::size_t width = panel_width();
  const Microkernels& table = kMicrokernels<kLayout>;
  const auto advance = [&tile](std::size_t columns, std::size_t panels) {
    tile.b += panels * tile.b_panel_stride;
    tile.c += columns;
    if (tile.bias != nullptr) tile.bias += columns;
  };
  const auto wide_panels = static_cast<std::size_t>(panels_per_tile(static_cast<int>(rows)));
  tile.last_lanes = lanes;
  std::size_t j = 0;
  for (; wide_panels > 1 && j + wide_panels * width <= n; j += wide_panels * width) {
    table.wide[rows - 1](tile);
    advance(wide_panels * width, wide_panels);
  }
  for (; j < n; j += width) {
    const std::size_t columns = std::min(width, n - j);
    const std::size_t vectors = (columns + lanes - 1) / lanes;
    tile.last_lanes = columns - (vectors - 1) * lanes;
    table.panel[rows - 1][vectors - 1](tile);
    advance(columns, 1);
  }
}

// Rows of the next tile when `rows` are left: tiles as even as can be, not full ones and a remainder.
std::size_t next_rows(std::size_t rows) {
  const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
  return (rows + tiles - 1) / tiles;
}

// Writes four rows of four as columns, `to_stride` apart.
#if HWY_TARGET != HWY_SCALAR
HWY_INLINE void transpose_4x4(const float* HWY_RESTRICT from, std::size_t from_stride, float* HWY_RESTRICT to,
                              std::size_t to_stride) {
  const hn::FixedTag<float, 4> d;
  const auto row0 = hn::LoadU(d, from);
  const auto row1 = hn::LoadU(d, from + from_stride);
  const auto row2 = hn::LoadU(d, from + 2 * from_stride);
  const auto row3 = hn::LoadU(d, from + 3 * from_stride);
  const auto left02 = hn::InterleaveLower(d, row0, row2);
  const auto left13 = hn::InterleaveLower(d, row1, row3);
  const auto right02 = hn::InterleaveUpper(d, row0, row2);
  const auto right13 = hn::InterleaveUpper(d, row1, row3);
  hn::StoreU(hn::InterleaveLower(d, left02, left13), d, to);
  hn::StoreU(hn::InterleaveUpper(d, left02, left13), d, to + to_stride);
  hn::StoreU(hn::InterleaveLower(d, right02, right13), d, to + 2 * to_stride);
  hn::StoreU(hn::InterleaveUpper(d, right02, right13), d, to + 3 * to_stride);
}
#endif

// Panel [depth, panel width] from a B stored as [n, depth]; `columns` of its columns exist.
void transpose_panel(const float* HWY_RESTRICT b, std::size_t stride, std::size_t depth, std::size_t columns,
                     float* HWY_RESTRICT to) {
  const std::size_t width = panel_width();
  std::size_t column = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; column + 4 <= columns; column += 4) {
    std::size_t p = 0;
    for (; p + 4 <= depth; p += 4) transpose_4x4(b + column * stride + p, stride, to + p * width + column, width);
    for (; p < depth; ++p) {
      for (std::size_t r = column; r < column + 4; ++r) to[p * width + r] = b[r * stride + p];
    }
  }
#endif
  for (; column < columns; ++column) {
    for (std::size_t p = 0; p < depth; ++p) to[p * width + column] = b[column * stride + p];
  }
}

// Panel [depth, panel width] from a B stored as [depth, n]; `columns` of its columns exist.
void copy_panel(const float* HWY_RESTRICT b, std::size_t stride, std::size_t depth, std::size_t columns,
                float* HWY_RESTRICT to) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = panel_width();
  const std::size_t whole = columns / lanes * lanes;
  for (std::size_t p = 0; p < depth; ++p, b += stride, to += width) {
    if (columns == width) {
      for (int v = 0; v < kPanelVectors; ++v) hn::Store(hn::LoadU(d, b + v * lanes), d, to + v * lanes);
      continue;
    }
    for (std::size_t j = 0; j < whole; j += lanes) hn::Store(hn::LoadU(d, b + j), d, to + j);
    if (whole < columns) hn::Store(load_partial(d, columns - whole, b + whole), d, to + whole);
  }
}

void pack_panels(const float* HWY_RESTRICT b, std::size_t stride, bool transposed, std::size_t depth, std::size_t n,
                 float* HWY_RESTRICT to) {
  const std::size_t width = panel_width();
  for (std::size_t j = 0; j < n; j += width, to += depth * width) {
    const std::size_t columns = std::min(width, n - j);
    if (columns < width) std::fill_n(to, depth * width, 0.0F);
    if (transposed) {
      transpose_panel(b + j * stride, stride, depth, columns, to);
    } else {
      copy_panel(b + j, stride, depth, columns, to);
    }
  }
}

// B as the microkernel walks it.
struct RightOperand {
  const float* data;
  std::size_t row_stride;
  std::size_t panel_stride;
};

template <LayoutOfA kLayout>
void rows_of_tiles(const GemmCall& call, RightOperand b, std::size_t first_column, std::size_t columns) {
  for (std::size_t i = 0; i < call.m;) {
    const std::size_t rows = next_rows(call.m - i);
    row_of_tiles<kLayout>(rows, columns,
                          {.depth = call.k,
                           .a = kLayout == LayoutOfA::columns ? call.a + i : call.a + i * call.a_stride,
                           .a_stride = call.a_stride,
                           .b = b.data,
                           .b_row_stride = b.row_stride,
                           .b_panel_stride = b.panel_stride,
                           .c = call.c + i * call.c_stride + first_column,
                           .c_stride = call.c_stride,
                           .last_lanes = 0,
                           .accumulate = false,
                           .bias = call.bias != nullptr ? call.bias + first_column : nullptr,
                           .relu = call.relu});
    i += rows;
  }
}

// Some columns of C, the whole depth at once, A in place. `b` starts at the first of the columns.
void multiply_columns(const GemmCall& call, RightOperand b, std::size_t first_column, std::size_t columns) {
  if (call.transpose_a) {
    rows_of_tiles<LayoutOfA::columns>(call, b, first_column, columns);
  } else {
    rows_of_tiles<LayoutOfA::rows>(call, b, first_column, columns);
  }
}

// Both operands in place, but for a last panel of B that is not whole: that one is packed. B is not transposed.
bool multiply_in_place(const GemmCall& call) {
  const std::size_t width = panel_width();
  const std::size_t whole = call.n / width * width;
  if (whole > 0) multiply_columns(call, {call.b, call.b_stride, width}, 0, whole);
  if (whole == call.n) return true;
  const auto panel = hwy::AllocateAligned<float>(call.k * width);
  if (!panel) return false;
  pack_panels(call.b + whole, call.b_stride, false, call.k, call.n - whole, panel.get());
  multiply_columns(call, {panel.get(), width, call.k * width}, whole, call.n - whole);
  return true;
}

// All of B packed, A in place.
bool multiply_with_packed_b(const GemmCall& call) {
  const std::size_t width = panel_width();
  const auto panels = hwy::AllocateAligned<float>((call.n + width - 1) / width * width * call.k);
  if (!panels) return false;
  pack_panels(call.b, call.b_stride, call.transpose_b, call.k, call.n, panels.get());
  multiply_columns(call, {panels.get(), width, call.k * width}, 0, call.n);
  return true;
}

// Copies `rows` rows of A from (row, p0) on: each at a stride of kPackedAStride, or, of a transposed A, as columns of
// kRowsMax.
void pack_a(const GemmCall& call, std::size_t row, std::size_t rows, std::size_t p0, std::size_t depth,
            float* HWY_RESTRICT to) {
  if (call.transpose_a) {
    for (std::size_t p = 0; p < depth; ++p) {
      const float* from = call.a + (p0 + p) * call.a_stride + row;
      for (std::size_t r = 0; r < rows; ++r) to[p * kRowsMax + r] = from[r];
    }
  } else {
    for (std::size_t r = 0; r < rows; ++r) {
      std::memcpy(to + r * kPackedAStride, call.a + (row + r) * call.a_stride + p0, depth * sizeof(float));
    }
  }
}

// In blocks: a few rows of A stay in L1 while a block of B streams past from L2 and L3. Source: Goto and van de Geijn
// 2008, "Anatomy of High-Performance Matrix Multiplication".
bool multiply_in_blocks(const GemmCall& call) {
  const std::size_t width = panel_width();
  const std::size_t depth_blocks = (call.k + kDepthBlock - 1) / kDepthBlock;
  const std::size_t depth_max = (call.k + depth_blocks - 1) / depth_blocks;
  const std::size_t columns_max = std::min(kColumnBlock, (call.n + width - 1) / width * width);
  // 8 rows beyond the end: the microkernel prefetches there, which is harmless, but stays inside the block.
  const auto b_block = hwy::AllocateAligned<float>(call.packed_b != nullptr ? width : (depth_max + 8) * columns_max);
  const auto a_tile = hwy::AllocateAligned<float>(kRowsMax * kPackedAStride);
  if (!b_block || !a_tile) return false;

  for (std::size_t j0 = 0; j0 < call.n; j0 += kColumnBlock) {
    const std::size_t columns = std::min(kColumnBlock, call.n - j0);
    for (std::size_t block = 0, p0 = 0; block < depth_blocks; ++block) {
      const std::size_t depth = (call.k - p0 + (depth_blocks - block) - 1) / (depth_blocks - block);
      const bool last_block = block + 1 == depth_blocks;
      RightOperand right{b_block.get(), width, depth * width};
      if (call.packed_b != nullptr) {
        right = {call.packed_b + j0 * call.k + p0 * width, width, call.k * width};
      } else {
        const float* from = call.transpose_b ? call.b + j0 * call.b_stride + p0 : call.b + p0 * call.b_stride + j0;
        pack_panels(from, call.b_stride, call.transpose_b, depth, columns, b_block.get());
      }
      for (std::size_t i0 = 0; i0 < call.m;) {
        const std::size_t rows = next_rows(call.m - i0);
        pack_a(call, i0, rows, p0, depth, a_tile.get());
        const Tile tile{.depth = depth,
                        .a = a_tile.get(),
                        .a_stride = call.transpose_a ? kRowsMax : kPackedAStride,
                        .b = right.data,
                        .b_row_stride = right.row_stride,
                        .b_panel_stride = right.panel_stride,
                        .c = call.c + i0 * call.c_stride + j0,
                        .c_stride = call.c_stride,
                        .last_lanes = 0,
                        .accumulate = block > 0,
                        .bias = last_block && call.bias != nullptr ? call.bias + j0 : nullptr,
                        .relu = last_block && call.relu};
        if (call.transpose_a) {
          row_of_tiles<LayoutOfA::columns>(rows, columns, tile);
        } else {
          row_of_tiles<LayoutOfA::rows>(rows, columns, tile);
        }
        i0 += rows;
      }
      p0 += depth;
    }
  }
  return true;
}

bool run_gemm(const GemmCall& call) {
  const std::size_t elements = call.k * call.n;
  if (call.packed_b != nullptr) {
    if (elements > kElementsPackedWhole && call.m > kRowsStreamedMax) return multiply_in_blocks(call);
    multiply_columns(call, {call.packed_b, panel_width(), call.k * panel_width()}, 0, call.n);
    return true;
  }
  const bool few_passes = call.m <= kRowsInPlaceMax && call.k * panel_width() <= kElementsPackedWhole;
  if (!call.transpose_b && (few_passes || elements <= kElementsInPlaceMax)) return multiply_in_place(call);
  const bool a_in_place = !call.transpose_a || call.m <= kTransposedVolumeMax / elements;
  const bool packs_whole = call.k * (call.n + panel_width()) <= kElementsPackedWhole;
  if (packs_whole && a_in_place) return multiply_with_packed_b(call);
  return multiply_in_blocks(call);
}

void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination) {
  pack_panels(b, stride, transposed, k, n, destination);
}

std::int64_t target() { return HWY_TARGET; }

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(run_gemm);
HWY_EXPORT(panel_width);
HWY_EXPORT(pack_b);
HWY_EXPORT(target);

bool run_gemm(const GemmCall& call) { return HWY_DYNAMIC_DISPATCH(run_gemm)(call); }

std::size_t gemm_panel_width() { return HWY_DYNAMIC_DISPATCH(panel_width)(); }

void pack_b(const float* b, std::size_t stride, bool transposed, std::size_t k, std::size_t n, float* destination) {
  HWY_DYNAMIC_DISPATCH(pack_b)(b, stride, transposed, k, n, destination);
}

std::int64_t gemm_target() { return HWY_DYNAMIC_DISPATCH(target)(); }

}  // namespace myelin::kernels::cpu
#endif
