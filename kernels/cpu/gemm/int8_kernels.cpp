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
#include "cpu/registers-inl.h"

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

// A tile: `a` as rows, a word for each step of four; `b` panels of fours. A word holds four bytes; or two 16-bit
// integers, the even ones of four, and those of the odd ones follow behind all of the row's even ones.
struct Int8Tile {
  std::size_t fours;
  const std::int8_t* a;  // of any alignment where words hold bytes
  std::size_t a_stride;  // in bytes
  const std::int8_t* b;
  std::size_t b_panel_stride;
  const std::uint32_t* column_sums;  // what each column of B adds up to, for words of bytes
  void* out;                         // the sums; or, for tiles that scale, elements of C
  std::size_t out_stride;
  const float* a_scales;  // for tiles that scale
  const float* b_scales;
  Ahead ahead;
};

using Int8Kernel = void (*)(const Int8Tile&);

// What vpdpbusd wants added to A: its bytes are unsigned.
[[maybe_unused]] constexpr std::int32_t kOffset = 128;

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
  const std::size_t a_stride = tile.a_stride / sizeof(std::int32_t);
  const auto* HWY_RESTRICT a = reinterpret_cast<const std::int32_t*>(tile.a);
  const std::int8_t* HWY_RESTRICT b = tile.b;
  auto* const out = static_cast<std::int32_t*>(tile.out);
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
          // Else GCC 12 adds products to one another first, and runs out of registers.
          hold_in_register(sums[i][j]);
        }
      }
    }
    ++a;
    b += 4 * kPanelVectors * lanes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) hn::StoreU(sums[i][j], d, out + i * tile.out_stride + j * lanes);
  }
}
#else

// Plain loops, for targets whose instruction for pairs adds other neighbours.
template <int kRows, int kPanels>
HWY_NOINLINE void widened_tile(const Int8Tile& tile) {
  const std::size_t width = panel_width();
  const auto* const a = reinterpret_cast<const std::int32_t*>(tile.a);
  const std::size_t a_stride = tile.a_stride / sizeof(std::int32_t);
  auto* const out = static_cast<std::int32_t*>(tile.out);
  for (std::size_t i = 0; i < kRows; ++i) std::fill_n(out + i * tile.out_stride, kPanels * width, 0);
  for (std::size_t four = 0; four < tile.fours; ++four) {
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int32_t even = a[i * a_stride + four];
      const std::int32_t odd = a[i * a_stride + tile.fours + four];
      const std::int32_t left[4] = {static_cast<std::int16_t>(even), static_cast<std::int16_t>(odd), even >> 16,
                                    odd >> 16};
      for (std::size_t j = 0; j < kPanels * width; ++j) {
        const std::int8_t* right = tile.b + j / width * tile.b_panel_stride + (four * width + j % width) * 4;
        std::int32_t& sum = out[i * tile.out_stride + j];
        for (int p = 0; p < 4; ++p) sum += left[p] * right[p];
      }
    }
  }
}
#endif

#if MYELIN_KERNELS_DPBUSD
// Four products and sums an instruction, of unsigned by signed bytes: A is read 128 too large, and the sums begin with
// what that adds to them, taken off. They may pass 32 bits on their way, and come back. Scaled, they become C's
// elements in their registers.
template <int kRows, int kPanels, bool kScaled>
HWY_NOINLINE __attribute__((target("avx512vnni"))) void dotted_tile(const Int8Tile& tile) {
  constexpr int kVectors = kPanels * kPanelVectors;
  constexpr std::size_t kLanes = 16;
  const std::size_t a_stride = tile.a_stride;
  const std::int8_t* HWY_RESTRICT a = tile.a;
  const std::int8_t* HWY_RESTRICT b = tile.b;
  const std::size_t out_stride = tile.out_stride;
  [[maybe_unused]] const char* ahead = tile.ahead.from;
  [[maybe_unused]] const std::size_t step = tile.ahead.step;
  const __m512i offset = _mm512_set1_epi8(static_cast<char>(-kOffset));
  __m512i sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int j = 0; j < kVectors; ++j) {
    static_assert(kOffset == 1 << 7);
    const __m512i added = _mm512_slli_epi32(_mm512_loadu_si512(tile.column_sums + j * kLanes), 7);
    sums[0][j] = _mm512_sub_epi32(_mm512_setzero_si512(), added);
#pragma GCC unroll 8
    for (int i = 1; i < kRows; ++i) sums[i][j] = sums[0][j];
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
      int word;
      std::memcpy(&word, a + i * a_stride, sizeof word);
      const __m512i left = _mm512_xor_si512(_mm512_set1_epi32(word), offset);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], left, right[j]);
    }
    a += sizeof(std::int32_t);
    b += 4 * kPanelVectors * kLanes;
  }
  // Else GCC 12 stores each sum at each step for what follows: half the speed.
  hold_in_registers(sums);
  if constexpr (kScaled) {
    auto* const out = static_cast<float*>(tile.out);
    __m512 b_scales[kVectors];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) b_scales[j] = _mm512_loadu_ps(tile.b_scales + j * kLanes);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512 a_scale = _mm512_set1_ps(tile.a_scales[i]);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const __m512 scale = _mm512_mul_ps(a_scale, b_scales[j]);
        _mm512_storeu_ps(out + i * out_stride + j * kLanes, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i][j]), scale));
      }
    }
  } else {
    auto* const out = static_cast<std::int32_t*>(tile.out);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) _mm512_storeu_si512(out + i * out_stride + j * kLanes, sums[i][j]);
    }
  }
}
#endif

template <int... kIndex>
constexpr ReducedKernels<Int8Kernel> make_widened(std::integer_sequence<int, kIndex...>) {
  return {{&widened_tile<kIndex + 1, 1>...}, {&widened_tile<kIndex + 1, panels_per_tile(kIndex + 1)>...}};
}

constexpr ReducedKernels<Int8Kernel> kWidened = make_widened(std::make_integer_sequence<int, kRowsMax>());

#if MYELIN_KERNELS_DPBUSD
template <bool kScaled, int... kIndex>
constexpr ReducedKernels<Int8Kernel> make_dotted(std::integer_sequence<int, kIndex...>) {
  return {{&dotted_tile<kIndex + 1, 1, kScaled>...},
          {&dotted_tile<kIndex + 1, panels_per_tile(kIndex + 1), kScaled>...}};
}

constexpr ReducedKernels<Int8Kernel> kDotted = make_dotted<false>(std::make_integer_sequence<int, kRowsMax>());
constexpr ReducedKernels<Int8Kernel> kDottedScaled = make_dotted<true>(std::make_integer_sequence<int, kRowsMax>());
#endif

bool dots_bytes() { return MYELIN_KERNELS_DPBUSD != 0 && has_avx512_vnni(); }

std::int32_t two_words(std::int8_t low, std::int8_t high) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint16_t>(low)) |
                                   static_cast<std::uint32_t>(static_cast<std::uint16_t>(high)) << 16U);
}

// A row of A as it is; bytes behind it meet zeros of B.
HWY_INLINE void copy_row(const std::int8_t* HWY_RESTRICT from, std::size_t step, std::size_t count, std::size_t fours,
                         std::int32_t* HWY_RESTRICT to) {
  auto* const bytes = reinterpret_cast<std::int8_t*>(to);
  if (step == 1) {
    std::memcpy(bytes, from, count);
  } else {
    for (std::size_t p = 0; p < count; ++p) bytes[p] = from[p * step];
  }
  std::fill(bytes + count, bytes + 4 * fours, std::int8_t{0});
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
      copy_row(from, step, call.k, fours, to);
    } else {
      widen_row(from, step, call.k, fours, to);
    }
  }
}

// A tile's sums into C, scaled.
void store_scaled(const Int8Call& call, const std::int32_t* HWY_RESTRICT sums, std::size_t row, std::size_t rows,
                  std::size_t column, std::size_t columns) {
  HWY_ALIGN float values[kRowsMax * kTileColumnsMax];
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<std::int32_t> di;
  const std::size_t lanes = hn::Lanes(d);
  // Whole vectors of plain sums are C's elements once they are scaled.
  const GemmCall& into = *call.scaled;
  const bool direct = is_plain(into) && columns % lanes == 0;
  float* const out = direct ? into.c + row * into.c_stride + column : values;
  const std::size_t out_stride = direct ? into.c_stride : kTileColumnsMax;
  for (std::size_t j = 0; j < columns; j += lanes) {
    const auto b_scale = load_partial(d, std::min(lanes, columns - j), call.b_scales + column + j);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto scale = hn::Mul(hn::Set(d, call.a_scales[row + i]), b_scale);
      hn::StoreU(hn::Mul(hn::ConvertTo(d, hn::Load(di, sums + i * kTileColumnsMax + j)), scale), d,
                 out + i * out_stride + j);
    }
  }
  if (direct) return finish(into, row, rows, column, columns);
  store_sums(into, values, kTileColumnsMax, row, rows, column, columns);
}

// Rows of A as tiles read them.
struct RowsOfA {
  const std::int8_t* data;
  std::size_t stride;  // bytes
};

bool run_int8(const Int8Call& call) {
  const bool dotted = dots_bytes();
  const std::size_t fours = (call.k + 3) / 4;
  const std::size_t row_size = packed_a_stride(fours * (dotted ? 1 : 2));
  // Rows of whole fours are read where they lie.
  const bool in_place = dotted && !call.transpose_a && call.k % 4 == 0;
  const std::size_t block_rows = reduced_rows(call.m, row_size * sizeof(std::int32_t));
  static_assert(sizeof(std::int32_t) == sizeof(float));
  const WorkMemory memory{WorkFor::a, in_place ? 0 : block_rows * row_size};
  auto* const block = reinterpret_cast<std::int32_t*>(memory.get());
  if (!in_place && block == nullptr) return false;
  const std::size_t width = panel_width();
  const std::size_t panel_size = fours * width * 4;
  const std::size_t panels_in_all = (call.n + width - 1) / width;
  // Aligned: before them lie whole panels, of a multiple of 4 bytes each.
  const auto* const column_sums = reinterpret_cast<const std::uint32_t*>(call.weights + panels_in_all * panel_size);
  const ReducedKernels<Int8Kernel>* sums_of = &kWidened;
  const ReducedKernels<Int8Kernel>* scaled_of = nullptr;
#if MYELIN_KERNELS_DPBUSD
  if (dotted) {
    sums_of = &kDotted;
    if (call.sums == nullptr && is_plain(*call.scaled)) scaled_of = &kDottedScaled;
  }
#endif
  Workers* const workers = workers_for(call.workers, call.m, call.n, call.k);
  for (std::size_t first = 0; first < call.m; first += block_rows) {
    const std::size_t rows = std::min(block_rows, call.m - first);
    const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
    RowsOfA a{call.a + first * call.a_stride, call.a_stride};
    if (!in_place) {
      ready_a(call, first, rows, dotted, row_size, block);
      a = {reinterpret_cast<const std::int8_t*>(block), row_size * sizeof(std::int32_t)};
    }
    for_each_tile(rows, call.n, workers,
                  [&](std::size_t row, std::size_t high, std::size_t number, std::size_t panel, std::size_t panels,
                      std::size_t columns) {
                    const auto* const from = call.weights + panel * panel_size;
                    const std::size_t column = panel * width;
                    const bool whole = columns == panels * width;
                    Int8Tile tile;
                    tile.fours = fours;
                    tile.a = a.data + row * a.stride;
                    tile.a_stride = a.stride;
                    tile.b = from;
                    tile.b_panel_stride = panel_size;
                    tile.column_sums = column_sums + column;
                    tile.ahead = share_of_next(from, panel_size, panels_in_all, fours, number, tiles);
                    const auto run = [&](const ReducedKernels<Int8Kernel>& kernels) {
                      (panels > 1 ? kernels.wide : kernels.one)[high - 1](tile);
                    };
                    if (scaled_of != nullptr && whole) {
                      const GemmCall& into = *call.scaled;
                      tile.out = into.c + (first + row) * into.c_stride + column;
                      tile.out_stride = into.c_stride;
                      tile.a_scales = call.a_scales + first + row;
                      tile.b_scales = call.b_scales + column;
                      run(*scaled_of);
                      return finish(into, first + row, high, column, columns);
                    }
                    if (call.sums != nullptr && whole) {
                      tile.out = call.sums + (first + row) * call.sums_stride + column;
                      tile.out_stride = call.sums_stride;
                      return run(*sums_of);
                    }
                    HWY_ALIGN std::int32_t sums[kRowsMax * kTileColumnsMax];
                    tile.out = sums;
                    tile.out_stride = kTileColumnsMax;
                    run(*sums_of);
                    if (call.sums == nullptr) return store_scaled(call, sums, first + row, high, column, columns);
                    for (std::size_t i = 0; i < high; ++i) {
                      std::copy_n(sums + i * kTileColumnsMax, columns,
                                  call.sums + (first + row + i) * call.sums_stride + column);
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
