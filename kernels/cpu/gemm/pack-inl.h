// Copies of A and B in the order in which microkernels read them. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_GEMM_PACK_INL_H_
#undef MYELIN_KERNELS_CPU_GEMM_PACK_INL_H_
#else
#define MYELIN_KERNELS_CPU_GEMM_PACK_INL_H_
#endif

#include <algorithm>
#include <cstddef>

#include "cpu/gemm/gemm_call.hpp"
#include "cpu/gemm/microkernel-inl.h"
#include "cpu/partial-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET != HWY_SCALAR
// Writes four rows of four as columns, `to_stride` apart.
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

// `rows` rows of `count` elements, written as columns: element (r, p) at to[p * to_stride + r].
HWY_INLINE void transpose(const float* HWY_RESTRICT from, std::size_t from_stride, std::size_t rows, std::size_t count,
                          float* HWY_RESTRICT to, std::size_t to_stride) {
  std::size_t row = 0;
#if HWY_TARGET != HWY_SCALAR
  for (; row + 4 <= rows; row += 4) {
    const float* start = from + row * from_stride;
    std::size_t p = 0;
    for (; p + 4 <= count; p += 4) transpose_4x4(start + p, from_stride, to + p * to_stride + row, to_stride);
    for (; p < count; ++p) {
      for (std::size_t r = 0; r < 4; ++r) to[p * to_stride + row + r] = start[r * from_stride + p];
    }
  }
#endif
  for (; row < rows; ++row) {
    for (std::size_t p = 0; p < count; ++p) to[p * to_stride + row] = from[row * from_stride + p];
  }
}

// Panels [depth, panel width] from a B stored as [depth, n], one row of all of them after the other: B is read along
// its rows. Panel by panel, a row would give a line or a few at a time, each row on a page of its own.
HWY_INLINE void copy_panels(const float* HWY_RESTRICT b, std::size_t stride, std::size_t depth, std::size_t panels,
                            float* HWY_RESTRICT to) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = panel_width();
  for (std::size_t p = 0; p < depth; ++p, b += stride, to += width) {
    for (std::size_t panel = 0; panel < panels; ++panel) {
      const float* HWY_RESTRICT from = b + panel * width;
      float* HWY_RESTRICT row = to + panel * depth * width;
#pragma GCC unroll 4
      for (int v = 0; v < kPanelVectors; ++v) hn::Store(hn::LoadU(d, from + v * lanes), d, row + v * lanes);
    }
  }
}

// The last panel, of which only `columns` exist; the rest of it is left as it is.
HWY_INLINE void copy_partial_panel(const float* HWY_RESTRICT b, std::size_t stride, std::size_t depth,
                                   std::size_t columns, float* HWY_RESTRICT to) {
  const D d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = panel_width();
  const std::size_t whole = columns / lanes * lanes;
  for (std::size_t p = 0; p < depth; ++p, b += stride, to += width) {
    for (std::size_t j = 0; j < whole; j += lanes) hn::Store(hn::LoadU(d, b + j), d, to + j);
    if (whole < columns) hn::Store(load_partial(d, columns - whole, b + whole), d, to + whole);
  }
}

constexpr std::size_t kPanelsTogether = 8;  // 0.5 or 2 KiB of a row at a time, and no more streams to write than that

// B's columns [first, first + columns) over the depth as panels.
inline void pack_panels(const float* HWY_RESTRICT b, std::size_t stride, bool transposed, std::size_t depth,
                        std::size_t columns, float* HWY_RESTRICT to) {
  const std::size_t width = panel_width();
  for (std::size_t j = 0; j < columns;) {
    const std::size_t whole = std::min(kPanelsTogether, (columns - j) / width);
    if (!transposed && whole > 0) {
      copy_panels(b + j, stride, depth, whole, to);
      j += whole * width;
      to += whole * width * depth;
      continue;
    }
    const std::size_t wanted = std::min(width, columns - j);
    if (wanted < width) std::fill_n(to, depth * width, 0.0F);
    if (transposed) {
      transpose(b + j * stride, stride, wanted, depth, to, width);
    } else {
      copy_partial_panel(b + j, stride, depth, wanted, to);
    }
    j += width;
    to += width * depth;
  }
}

// Elements from one packed row of A to the next: an odd number of cache lines, so that rows do not contend for the same
// places of a cache, as they do where a row is a power of two.
HWY_INLINE std::size_t packed_a_stride(std::size_t depth) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  return (((depth + kLine - 1) / kLine) | 1U) * kLine;
}

// A's rows [row, row + rows) over [p0, p0 + depth). Rows stay rows: turning them into columns took as long as a
// twentieth of the product. A transposed becomes tile after tile, each as columns of as many elements as it has rows.
inline void pack_a(const GemmCall& call, std::size_t row, std::size_t rows, std::size_t p0, std::size_t depth,
                   float* HWY_RESTRICT to) {
  if (!call.transpose_a) {
    const std::size_t stride = packed_a_stride(depth);
    for (std::size_t r = 0; r < rows; ++r) std::copy_n(call.a + (row + r) * call.a_stride + p0, depth, to + r * stride);
    return;
  }
  for (const std::size_t end = row + rows; row < end;) {
    const std::size_t high = next_rows(end - row);
    const float* from = call.a + p0 * call.a_stride + row;
    for (std::size_t p = 0; p < depth; ++p, from += call.a_stride) {
      for (std::size_t r = 0; r < high; ++r) to[p * high + r] = from[r];
    }
    to += high * depth;
    row += high;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
