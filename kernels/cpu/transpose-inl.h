// Transposes small blocks of floats. Included once per SIMD target.

#if defined(MYELIN_KERNELS_CPU_TRANSPOSE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MYELIN_KERNELS_CPU_TRANSPOSE_INL_H_
#undef MYELIN_KERNELS_CPU_TRANSPOSE_INL_H_
#else
#define MYELIN_KERNELS_CPU_TRANSPOSE_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

#if HWY_MAX_BYTES >= 32
HWY_INLINE void transpose_8x8(const float* HWY_RESTRICT from, std::size_t from_stride, float* HWY_RESTRICT to,
                              std::size_t to_stride) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::FixedTag<float, 8> d;
  const hn::Repartition<double, decltype(d)> d64;
  using V = hn::Vec<decltype(d)>;
  // Of four rows: columns 0 and 4, 1 and 5, 2 and 6, 3 and 7.
  const auto quarters = [&](std::size_t row, V& c04, V& c15, V& c26, V& c37) HWY_ATTR {
    const V r0 = hn::LoadU(d, from + row * from_stride);
    const V r1 = hn::LoadU(d, from + (row + 1) * from_stride);
    const V r2 = hn::LoadU(d, from + (row + 2) * from_stride);
    const V r3 = hn::LoadU(d, from + (row + 3) * from_stride);
    const auto lower01 = hn::BitCast(d64, hn::InterleaveLower(d, r0, r1));
    const auto upper01 = hn::BitCast(d64, hn::InterleaveUpper(d, r0, r1));
    const auto lower23 = hn::BitCast(d64, hn::InterleaveLower(d, r2, r3));
    const auto upper23 = hn::BitCast(d64, hn::InterleaveUpper(d, r2, r3));
    c04 = hn::BitCast(d, hn::InterleaveLower(d64, lower01, lower23));
    c15 = hn::BitCast(d, hn::InterleaveUpper(d64, lower01, lower23));
    c26 = hn::BitCast(d, hn::InterleaveLower(d64, upper01, upper23));
    c37 = hn::BitCast(d, hn::InterleaveUpper(d64, upper01, upper23));
  };
  V a04, a15, a26, a37, b04, b15, b26, b37;
  quarters(0, a04, a15, a26, a37);
  quarters(4, b04, b15, b26, b37);
  hn::StoreU(hn::ConcatLowerLower(d, b04, a04), d, to);
  hn::StoreU(hn::ConcatLowerLower(d, b15, a15), d, to + to_stride);
  hn::StoreU(hn::ConcatLowerLower(d, b26, a26), d, to + 2 * to_stride);
  hn::StoreU(hn::ConcatLowerLower(d, b37, a37), d, to + 3 * to_stride);
  hn::StoreU(hn::ConcatUpperUpper(d, b04, a04), d, to + 4 * to_stride);
  hn::StoreU(hn::ConcatUpperUpper(d, b15, a15), d, to + 5 * to_stride);
  hn::StoreU(hn::ConcatUpperUpper(d, b26, a26), d, to + 6 * to_stride);
  hn::StoreU(hn::ConcatUpperUpper(d, b37, a37), d, to + 7 * to_stride);
}
#endif

// to[p * to_stride + r] = from[r * from_stride + p] for r < rows and p < columns.
HWY_INLINE void transpose_rows(const float* HWY_RESTRICT from, std::size_t from_stride, std::size_t rows,
                               std::size_t columns, float* HWY_RESTRICT to, std::size_t to_stride) {
  namespace hn = hwy::HWY_NAMESPACE;
  std::size_t r = 0;
#if HWY_MAX_BYTES >= 32
  for (; r + 8 <= rows; r += 8) {
    std::size_t p = 0;
    for (; p + 8 <= columns; p += 8)
      transpose_8x8(from + r * from_stride + p, from_stride, to + p * to_stride + r, to_stride);
    for (; p < columns; ++p) {
      for (std::size_t i = r; i < r + 8; ++i) to[p * to_stride + i] = from[i * from_stride + p];
    }
  }
#endif
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d;
  for (; r + 4 <= rows; r += 4) {
    const float* a = from + r * from_stride;
    std::size_t p = 0;
    for (; p + 4 <= columns; p += 4) {
      const auto row0 = hn::LoadU(d, a + p);
      const auto row1 = hn::LoadU(d, a + from_stride + p);
      const auto row2 = hn::LoadU(d, a + 2 * from_stride + p);
      const auto row3 = hn::LoadU(d, a + 3 * from_stride + p);
      const auto left02 = hn::InterleaveLower(d, row0, row2);
      const auto left13 = hn::InterleaveLower(d, row1, row3);
      const auto right02 = hn::InterleaveUpper(d, row0, row2);
      const auto right13 = hn::InterleaveUpper(d, row1, row3);
      float* b = to + p * to_stride + r;
      hn::StoreU(hn::InterleaveLower(d, left02, left13), d, b);
      hn::StoreU(hn::InterleaveUpper(d, left02, left13), d, b + to_stride);
      hn::StoreU(hn::InterleaveLower(d, right02, right13), d, b + 2 * to_stride);
      hn::StoreU(hn::InterleaveUpper(d, right02, right13), d, b + 3 * to_stride);
    }
    for (; p < columns; ++p) {
      for (std::size_t i = 0; i < 4; ++i) to[p * to_stride + r + i] = a[i * from_stride + p];
    }
  }
#endif
  for (; r < rows; ++r) {
    for (std::size_t p = 0; p < columns; ++p) to[p * to_stride + r] = from[r * from_stride + p];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#endif
