// Matrix products of 8-bit integers, compiled once per SIMD target. All sums are exact.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm/int8_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/gemm/cpu_features.hpp"
#include "cpu/gemm/epilogue-inl.h"
#include "cpu/gemm/microkernel-inl.h"
#include "cpu/gemm/pack-inl.h"
#include "cpu/gemm/reduced-inl.h"
#include "cpu/gemm/reduced_call.hpp"
#include "cpu/gemm/work_memory.hpp"

#include <cstring>
#include <utility>

#include "hwy/highway.h"

// Whether this target is compiled with vpdpbusd beside it.
#undef MYELIN_KERNELS_DPBUSD
#if HWY_ARCH_X86_64 && HWY_TARGET == HWY_AVX3
#define MYELIN_KERNELS_DPBUSD 1
#else
#define MYELIN_KERNELS_DPBUSD 0
#endif

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A tile: `a` as rows, a word for each step of four; `b` panels of fours. A word holds four bytes, each 128 too large;
// or two 16-bit integers, the even ones of four, and those of the odd ones follow behind all of the row's even ones.
struct Int8Tile {
  std::size_t fours;
  const std::int32_t* a;
  std::size_t a_stride;
  const std::int8_t* b;
  std::size_t b_panel_stride;
  std::int32_t* sums;
  std::size_t sums_stride;
  Ahead ahead;
};

using Int8Kernel = void (*)(const Int8Tile&);

#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR

// Widens to 16 bits, where two products and their sum are one instruction (pmaddwd) and cannot overflow. pmaddubsw
// takes four values at a time, but its sums of 16 bits saturate: 2 * 255 * 127 does not fit.
template <int kRows, int kPanels>
HWY_NOINLINE void widened_tile(const Int8Tile& tile) {
  const hn::ScalableTag<std::int32_t> d;
  const hn::ScalableTag<std::int16_t> d16;
  using Sum = hn::Vec<decltype(d)>;
  constexpr int kVectors = kPanels * kPanelVectors;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t a_stride = tile.a_stride;
  const std::int32_t* HWY_RESTRICT a = tile.a;
  const std::int8_t* HWY_RESTRICT b = tile.b;
  Sum sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
  }
  Sum unused = hn::Zero(d);
  for (std::size_t four = 0; four < tile.fours; ++four) {
#pragma GCC unroll 2
    for (int odd = 0; odd < 2; ++odd) {
      hn::Vec<decltype(d16)> right[kVectors];
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const auto* from = reinterpret_cast<const std::int16_t*>(b + (j / kPanelVectors) * tile.b_panel_stride +
                                                                 (j % kPanelVectors) * 4 * lanes);
        const auto bytes = hn::LoadU(d16, from);
        right[j] = hn::ShiftRight<8>(odd != 0 ? bytes : hn::ShiftLeft<8>(bytes));
      }
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const auto left = hn::BitCast(d16, hn::Set(d, a[i * a_stride + (odd != 0 ? tile.fours : 0)]));
#pragma GCC unroll 16
        for (int j = 0; j < kVectors; ++j) {
          sums[i][j] = hn::ReorderWidenMulAccumulate(d, left, right[j], sums[i][j], unused);
        }
      }
    }
    ++a;
    b += 4 * kPanelVectors * lanes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) hn::StoreU(sums[i][j], d, tile.sums + i * tile.sums_stride + j * lanes);
  }
}
#else

// Plain loops, for targets whose instruction for pairs adds other neighbours.
template <int kRows, int kPanels>
HWY_NOINLINE void widened_tile(const Int8Tile& tile) {
  const std::size_t width = panel_width();
  for (std::size_t i = 0; i < kRows; ++i) std::fill_n(tile.sums + i * tile.sums_stride, kPanels * width, 0);
  for (std::size_t four = 0; four < tile.fours; ++four) {
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int32_t even = tile.a[i * tile.a_stride + four];
      const std::int32_t odd = tile.a[i * tile.a_stride + tile.fours + four];
      const std::int32_t left[4] = {static_cast<std::int16_t>(even), static_cast<std::int16_t>(odd), even >> 16,
                                    odd >> 16};
      for (std::size_t j = 0; j < kPanels * width; ++j) {
        const std::int8_t* right = tile.b + j / width * tile.b_panel_stride + (four * width + j % width) * 4;
        std::int32_t& sum = tile.sums[i * tile.sums_stride + j];
        for (int p = 0; p < 4; ++p) sum += left[p] * right[p];
      }
    }
  }
}
#endif

#if MYELIN_KERNELS_DPBUSD
// Four products and sums an instruction, of unsigned by signed bytes: A is 128 too large, which is taken off later.
template <int kRows, int kPanels>
HWY_NOINLINE __attribute__((target("avx512vnni"))) void dotted_tile(const Int8Tile& tile) {
  constexpr int kVectors = kPanels * kPanelVectors;
  constexpr std::size_t kLanes = 16;
  const std::size_t a_stride = tile.a_stride;
  const std::int32_t* HWY_RESTRICT a = tile.a;
  const std::int8_t* HWY_RESTRICT b = tile.b;
  [[maybe_unused]] const char* ahead = tile.ahead.from;
  [[maybe_unused]] const std::size_t step = tile.ahead.step;
  __m512i sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_setzero_si512();
  }
  for (std::size_t four = 0; four < tile.fours; ++four) {
    if constexpr (kRows >= 3) {
      __builtin_prefetch(ahead, 0, 2);
      __builtin_prefetch(ahead + 64, 0, 2);
      ahead += step;
    }
    __m512i right[kVectors];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      right[j] = _mm512_loadu_si512(b + (j / kPanelVectors) * tile.b_panel_stride + (j % kPanelVectors) * 4 * kLanes);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512i left = _mm512_set1_epi32(a[i * a_stride]);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], left, right[j]);
    }
    ++a;
    b += 4 * kPanelVectors * kLanes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) _mm512_storeu_si512(tile.sums + i * tile.sums_stride + j * kLanes, sums[i][j]);
  }
}
#endif

template <int... kIndex>
constexpr ReducedKernels<Int8Kernel> make_widened(std::integer_sequence<int, kIndex...>) {
  return {{&widened_tile<kIndex + 1, 1>...}, {&widened_tile<kIndex + 1, panels_per_tile(kIndex + 1)>...}};
}

constexpr ReducedKernels<Int8Kernel> kWidened = make_widened(std::make_integer_sequence<int, kRowsMax>());

#if MYELIN_KERNELS_DPBUSD
template <int... kIndex>
constexpr ReducedKernels<Int8Kernel> make_dotted(std::integer_sequence<int, kIndex...>) {
  return {{&dotted_tile<kIndex + 1, 1>...}, {&dotted_tile<kIndex + 1, panels_per_tile(kIndex + 1)>...}};
}

constexpr ReducedKernels<Int8Kernel> kDotted = make_dotted(std::make_integer_sequence<int, kRowsMax>());
#endif

constexpr std::int32_t kOffset = 128;

bool dots_bytes() { return MYELIN_KERNELS_DPBUSD != 0 && has_avx512_vnni(); }

std::int32_t two_words(std::int8_t low, std::int8_t high) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint16_t>(low)) |
                                   static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16U);
}

// A row of A, each byte 128 larger; bytes behind the row meet zeros of B.
HWY_INLINE void offset_row(const std::int8_t* HWY_RESTRICT from, std::size_t step, std::size_t count, std::size_t fours,
                           std::int32_t* HWY_RESTRICT to) {
  auto* const bytes = reinterpret_cast<std::uint8_t*>(to);
  std::size_t p = 0;
  if (step == 1) {
    const hn::ScalableTag<std::uint8_t> d;
    const std::size_t lanes = hn::Lanes(d);
    const auto offset = hn::Set(d, static_cast<std::uint8_t>(kOffset));
    for (; p + lanes <= count; p += lanes) {
      hn::StoreU(hn::Xor(hn::LoadU(d, reinterpret_cast<const std::uint8_t*>(from) + p), offset), d, bytes + p);
    }
  }
  for (; p < count; ++p) bytes[p] = static_cast<std::uint8_t>(from[p * step] + kOffset);
  for (; p < 4 * fours; ++p) bytes[p] = 0;
}

// A row of A as 16-bit integers.
HWY_INLINE void widen_row(const std::int8_t* HWY_RESTRICT from, std::size_t step, std::size_t count, std::size_t fours,
                          std::int32_t* HWY_RESTRICT to) {
  std::size_t four = 0;
#if HWY_TARGET != HWY_SCALAR
  if (step == 1) {
    const hn::ScalableTag<std::int32_t> d;
    const hn::ScalableTag<std::uint8_t> d8;
    const hn::ScalableTag<std::int16_t> d16;
    const std::size_t lanes = hn::Lanes(d);
    for (; 4 * (four + lanes) <= count; four += lanes) {
      const auto bytes = hn::BitCast(d16, hn::LoadU(d8, reinterpret_cast<const std::uint8_t*>(from) + 4 * four));
      hn::StoreU(hn::BitCast(d, hn::ShiftRight<8>(hn::ShiftLeft<8>(bytes))), d, to + four);
      hn::StoreU(hn::BitCast(d, hn::ShiftRight<8>(bytes)), d, to + fours + four);
    }
  }
#endif
  for (; four < fours; ++four) {
    std::int8_t values[4] = {};
    for (std::size_t p = 0; p < std::min<std::size_t>(4, count - 4 * four); ++p)
      values[p] = from[(4 * four + p) * step];
    to[four] = two_words(values[0], values[2]);
    to[fours + four] = two_words(values[1], values[3]);
  }
}

// A's rows [row, row + rows).
void ready_a(const Int8Call& call, std::size_t row, std::size_t rows, bool dotted, std::size_t row_size,
             std::int32_t* HWY_RESTRICT to) {
  const std::size_t fours = (call.k + 3) / 4;
  const std::size_t step = call.transpose_a ? call.a_stride : 1;
  for (std::size_t r = 0; r < rows; ++r, to += row_size) {
    const std::int8_t* from = call.a + (row + r) * (call.transpose_a ? 1 : call.a_stride);
    if (dotted) {
      offset_row(from, step, call.k, fours, to);
    } else {
      widen_row(from, step, call.k, fours, to);
    }
  }
}

// Takes off what the offset of A has added to a tile's sums. Sums with the offset may pass 32 bits, and come back: the
// result fits. `of_columns`: whole panels.
void take_off_offset(const std::uint32_t* of_columns, std::size_t rows, std::size_t columns,
                     std::int32_t* HWY_RESTRICT sums) {
  const hn::ScalableTag<std::uint32_t> du;
  auto* const words = reinterpret_cast<std::uint32_t*>(sums);
  const std::size_t lanes = hn::Lanes(du);
  for (std::size_t j = 0; j < columns; j += lanes) {
    const auto added = hn::ShiftLeft<7>(hn::LoadU(du, of_columns + j));
    static_assert(kOffset == 1 << 7);
    for (std::size_t i = 0; i < rows; ++i) {
      std::uint32_t* const at = words + i * kTileColumnsMax + j;
      hn::Store(hn::Sub(hn::Load(du, at), added), du, at);
    }
  }
}

// A tile's sums into C, scaled. `of_columns`: as above, or null where A had no offset.
void store_scaled(const Int8Call& call, const std::int32_t* HWY_RESTRICT sums, const std::uint32_t* of_columns,
                  std::size_t row, std::size_t rows, std::size_t column, std::size_t columns) {
  HWY_ALIGN float values[kRowsMax * kTileColumnsMax];
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<std::int32_t> di;
  const hn::ScalableTag<std::uint32_t> du;
  const std::size_t lanes = hn::Lanes(d);
  // Whole vectors of plain sums are C's elements once they are scaled.
  const GemmCall& into = *call.scaled;
  const bool direct = is_plain(into) && columns % lanes == 0;
  float* const out = direct ? into.c + row * into.c_stride + column : values;
  const std::size_t out_stride = direct ? into.c_stride : kTileColumnsMax;
  for (std::size_t j = 0; j < columns; j += lanes) {
    const auto added = of_columns == nullptr ? hn::Zero(du) : hn::ShiftLeft<7>(hn::LoadU(du, of_columns + j));
    const auto b_scale = load_partial(d, std::min(lanes, columns - j), call.b_scales + column + j);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto scale = hn::Mul(hn::Set(d, call.a_scales[row + i]), b_scale);
      const auto sum = hn::BitCast(di, hn::Sub(hn::BitCast(du, hn::Load(di, sums + i * kTileColumnsMax + j)), added));
      hn::StoreU(hn::Mul(hn::ConvertTo(d, sum), scale), d, out + i * out_stride + j);
    }
  }
  if (direct) return finish(into, row, rows, column, columns);
  store_sums(into, values, kTileColumnsMax, row, rows, column, columns);
}

bool run_int8(const Int8Call& call) {
  const bool dotted = dots_bytes();
  const std::size_t fours = (call.k + 3) / 4;
  const std::size_t row_size = packed_a_stride(fours * (dotted ? 1 : 2));
  const std::size_t block_rows = reduced_rows(call.m, row_size * sizeof(std::int32_t));
  static_assert(sizeof(std::int32_t) == sizeof(float));
  const WorkMemory memory{WorkFor::a, block_rows * row_size};
  auto* const block = reinterpret_cast<std::int32_t*>(memory.get());
  if (block == nullptr) return false;
  const std::size_t width = panel_width();
  const std::size_t panel_size = fours * width * 4;
  const std::size_t panels_in_all = (call.n + width - 1) / width;
  // Aligned: before them lie whole panels, of a multiple of 4 bytes each.
  const auto* const column_sums = reinterpret_cast<const std::uint32_t*>(call.weights + panels_in_all * panel_size);
#if MYELIN_KERNELS_DPBUSD
  const ReducedKernels<Int8Kernel>& kernels = dotted ? kDotted : kWidened;
#else
  const ReducedKernels<Int8Kernel>& kernels = kWidened;
#endif
  Workers* const workers = workers_for(call.workers, call.m, call.n, call.k);
  for (std::size_t first = 0; first < call.m; first += block_rows) {
    const std::size_t rows = std::min(block_rows, call.m - first);
    const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
    ready_a(call, first, rows, dotted, row_size, block);
    for_each_tile(
        rows, call.n, workers,
        [&](std::size_t row, std::size_t high, std::size_t number, std::size_t panel, std::size_t panels,
            std::size_t columns) {
          HWY_ALIGN std::int32_t sums[kRowsMax * kTileColumnsMax];
          const auto* const from = call.weights + panel * panel_size;
          const Ahead ahead = share_of_next(from, panel_size, panels_in_all, fours, number, tiles);
          const Int8Tile tile{fours, block + row * row_size, row_size, from, panel_size, sums, kTileColumnsMax, ahead};
          (panels > 1 ? kernels.wide : kernels.one)[high - 1](tile);
          const std::size_t column = panel * width;
          const std::uint32_t* const of_columns = dotted ? column_sums + column : nullptr;
          if (call.sums == nullptr) {
            return store_scaled(call, sums, of_columns, first + row, high, column, columns);
          }
          if (dotted) take_off_offset(of_columns, high, columns, sums);
          for (std::size_t i = 0; i < high; ++i) {
            std::copy_n(sums + i * kTileColumnsMax, columns, call.sums + (first + row + i) * call.sums_stride + column);
          }
        });
  }
  return true;
}

std::size_t packed_int8_size(std::size_t k, std::size_t n) {
  const std::size_t width = panel_width();
  const std::size_t columns = (n + width - 1) / width * width;
  return columns * ((k + 3) / 4 * 4) + columns * sizeof(std::int32_t);
}

void pack_int8(const std::int8_t* b, std::size_t stride, std::size_t k, std::size_t n, std::int8_t* destination) {
  const std::size_t width = panel_width();
  const std::size_t steps = (k + 3) / 4 * 4;
  const std::size_t columns = (n + width - 1) / width * width;
  std::fill_n(destination, packed_int8_size(k, n), std::int8_t{0});
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t j = 0; j < n; ++j) {
      destination[j / width * width * steps + (p / 4 * width + j % width) * 4 + p % 4] = b[p * stride + j];
    }
  }
  for (std::size_t j = 0; j < n; ++j) {
    std::int32_t sum = 0;
    for (std::size_t p = 0; p < k; ++p) sum += b[p * stride + j];
    std::memcpy(destination + columns * steps + j * sizeof sum, &sum, sizeof sum);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(dots_bytes);
HWY_EXPORT(run_int8);
HWY_EXPORT(packed_int8_size);
HWY_EXPORT(pack_int8);

bool dots_bytes() { return HWY_DYNAMIC_DISPATCH(dots_bytes)(); }

std::size_t packed_int8_size(std::size_t k, std::size_t n) { return HWY_DYNAMIC_DISPATCH(packed_int8_size)(k, n); }

void pack_int8(const std::int8_t* b, std::size_t stride, std::size_t k, std::size_t n, std::int8_t* destination) {
  HWY_DYNAMIC_DISPATCH(pack_int8)(b, stride, k, n, destination);
}

bool run_int8(const Int8Call& call) { return HWY_DYNAMIC_DISPATCH(run_int8)(call); }

}  // namespace myelin::kernels::cpu
#endif
