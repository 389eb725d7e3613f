// Matrix products with weights in bf16, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm/bf16_kernels.cpp"
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

// Whether this target is compiled with vdpbf16ps beside it.
#undef MYELIN_KERNELS_DPBF16
#if HWY_ARCH_X86_64 && HWY_TARGET == HWY_AVX3
#define MYELIN_KERNELS_DPBF16 1
#else
#define MYELIN_KERNELS_DPBF16 0
#endif

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A tile: A as rows, `b` panels of pairs.
struct Bf16Tile {
  std::size_t pairs;
  const float* a;        // widened, or null
  const Bf16* a_pairs;   // for vdpbf16ps
  std::size_t a_stride;  // elements of either
  const Bf16* b;
  std::size_t b_panel_stride;
  float* sums;
  std::size_t sums_stride;
  Ahead ahead;
};

using Bf16Kernel = void (*)(const Bf16Tile&);

// Widens pairs by shifting: the lower half of 32 bits is the even step's value, the upper half the odd one's. The sums
// are the chains of the single-precision kernel.
template <int kRows, int kPanels>
HWY_NOINLINE void widened_tile(const Bf16Tile& tile) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using Sum = hn::Vec<decltype(d)>;
  constexpr int kVectors = kPanels * kPanelVectors;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t a_stride = tile.a_stride;
  const float* HWY_RESTRICT a = tile.a;
  const auto* HWY_RESTRICT b = reinterpret_cast<const std::uint32_t*>(tile.b);
  const std::size_t panel_stride = tile.b_panel_stride / 2;
  const auto upper = hn::Set(du, 0xffff0000U);
  Sum sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::Zero(d);
  }
  for (std::size_t pair = 0; pair < tile.pairs; ++pair) {
#pragma GCC unroll 2
    for (int odd = 0; odd < 2; ++odd) {
      Sum right[kVectors];
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        const auto both = hn::LoadU(du, b + (j / kPanelVectors) * panel_stride + (j % kPanelVectors) * lanes);
        right[j] = hn::BitCast(d, odd != 0 ? hn::And(both, upper) : hn::ShiftLeft<16>(both));
      }
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const Sum left = hn::Set(d, a[i * a_stride]);
#pragma GCC unroll 16
        for (int j = 0; j < kVectors; ++j) sums[i][j] = hn::MulAdd(left, right[j], sums[i][j]);
      }
      ++a;
    }
    b += kPanelVectors * lanes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) hn::StoreU(sums[i][j], d, tile.sums + i * tile.sums_stride + j * lanes);
  }
}

#if MYELIN_KERNELS_DPBF16
// Two products and sums an instruction.
template <int kRows, int kPanels>
HWY_NOINLINE __attribute__((target("avx512bf16"))) void paired_tile(const Bf16Tile& tile) {
  constexpr int kVectors = kPanels * kPanelVectors;
  constexpr std::size_t kLanes = 16;
  const std::size_t a_stride = tile.a_stride;
  const Bf16* HWY_RESTRICT a = tile.a_pairs;
  const Bf16* HWY_RESTRICT b = tile.b;
  [[maybe_unused]] const char* ahead = tile.ahead.from;
  [[maybe_unused]] const std::size_t step = tile.ahead.step;
  __m512 sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_setzero_ps();
  }
  for (std::size_t pair = 0; pair < tile.pairs; ++pair) {
    if constexpr (kRows >= 3) {
      __builtin_prefetch(ahead, 0, 2);
      __builtin_prefetch(ahead + 64, 0, 2);
      ahead += step;
    }
    __m512i right[kVectors];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      right[j] = _mm512_loadu_si512(b + (j / kPanelVectors) * tile.b_panel_stride + (j % kPanelVectors) * 2 * kLanes);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      int pair_of_row;
      std::memcpy(&pair_of_row, a + i * a_stride, sizeof pair_of_row);
      const __m512i left = _mm512_set1_epi32(pair_of_row);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) {
        sums[i][j] = _mm512_dpbf16_ps(sums[i][j], (__m512bh)left, (__m512bh)right[j]);
      }
    }
    a += 2;
    b += 2 * kPanelVectors * kLanes;
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) _mm512_storeu_ps(tile.sums + i * tile.sums_stride + j * kLanes, sums[i][j]);
  }
}
#endif

template <int... kIndex>
constexpr ReducedKernels<Bf16Kernel> make_widened(std::integer_sequence<int, kIndex...>) {
  return {{&widened_tile<kIndex + 1, 1>...}, {&widened_tile<kIndex + 1, panels_per_tile(kIndex + 1)>...}};
}

constexpr ReducedKernels<Bf16Kernel> kWidened = make_widened(std::make_integer_sequence<int, kRowsMax>());

#if MYELIN_KERNELS_DPBF16
template <int... kIndex>
constexpr ReducedKernels<Bf16Kernel> make_paired(std::integer_sequence<int, kIndex...>) {
  return {{&paired_tile<kIndex + 1, 1>...}, {&paired_tile<kIndex + 1, panels_per_tile(kIndex + 1)>...}};
}

constexpr ReducedKernels<Bf16Kernel> kPaired = make_paired(std::make_integer_sequence<int, kRowsMax>());
#endif

bool pairs_at_once() { return MYELIN_KERNELS_DPBF16 != 0 && has_avx512_bf16(); }

float rounded(float value) { return to_float(to_bf16(value)); }

// What to_bf16 does, in the upper halves; the lower ones hold anything.
template <class D32>
HWY_INLINE hn::Vec<D32> rounded_bits(D32 du, hn::Vec<D32> bits) {
  const hn::RebindToSigned<D32> di;
  const auto magnitude = hn::BitCast(di, hn::And(bits, hn::Set(du, 0x7fffffffU)));
  const auto is_nan = hn::RebindMask(du, hn::Gt(magnitude, hn::Set(di, 0x7f800000)));
  const auto even = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1U));
  const auto nearest = hn::Add(hn::Add(bits, hn::Set(du, 0x7fffU)), even);
  return hn::IfThenElse(is_nan, hn::Or(bits, hn::Set(du, 0x00400000U)), nearest);
}

// A row of A, rounded: `count` floats, and zeros up to `steps`.
HWY_INLINE void ready_row(const float* HWY_RESTRICT from, std::size_t step, std::size_t count, std::size_t steps,
                          float* HWY_RESTRICT to) {
  std::size_t p = 0;
  if (step == 1) {
    const hn::ScalableTag<float> d;
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto upper = hn::Set(du, 0xffff0000U);
    const std::size_t lanes = hn::Lanes(d);
    for (; p + lanes <= count; p += lanes) {
      const auto bits = rounded_bits(du, hn::BitCast(du, hn::LoadU(d, from + p)));
      hn::StoreU(hn::BitCast(d, hn::And(bits, upper)), d, to + p);
    }
  }
  for (; p < count; ++p) to[p] = rounded(from[p * step]);
  std::fill(to + p, to + steps, 0.0F);
}

// The same of a row that is in bf16.
HWY_INLINE void ready_row(const std::uint16_t* HWY_RESTRICT from, std::size_t step, std::size_t count,
                          std::size_t steps, float* HWY_RESTRICT to) {
  for (std::size_t p = 0; p < count; ++p) to[p] = to_float(static_cast<Bf16>(from[p * step]));
  std::fill(to + count, to + steps, 0.0F);
}

#if MYELIN_KERNELS_DPBF16
// A row of A as bf16. The instruction rounds as to_bf16 does, but that it takes denormal numbers for zero, as the
// product does.
HWY_NOINLINE __attribute__((target("avx512bf16"))) void ready_row(const float* HWY_RESTRICT from, std::size_t step,
                                                                  std::size_t count, std::size_t steps,
                                                                  Bf16* HWY_RESTRICT to) {
  constexpr std::size_t kLanes = 16;
  std::size_t p = 0;
  if (step == 1) {
    for (; p + kLanes <= count; p += kLanes) {
      const __m256bh values = _mm512_cvtneps_pbh(_mm512_loadu_ps(from + p));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p), (__m256i)values);
    }
  }
  for (; p < count; ++p) to[p] = to_bf16(from[p * step]);
  std::fill(to + p, to + steps, Bf16{});
}

HWY_INLINE void ready_row(const std::uint16_t* HWY_RESTRICT from, std::size_t step, std::size_t count,
                          std::size_t steps, Bf16* HWY_RESTRICT to) {
  for (std::size_t p = 0; p < count; ++p) to[p] = static_cast<Bf16>(from[p * step]);
  std::fill(to + count, to + steps, Bf16{});
}
#endif

// A's rows [row, row + rows) of `a`, laid out as `call` says, for tiles to read.
template <class Source, class Ready>
void ready_a(const GemmCall& call, const Source* a, std::size_t row, std::size_t rows, std::size_t row_size,
             Ready* HWY_RESTRICT to) {
  const std::size_t steps = (call.k + 1) / 2 * 2;
  const std::size_t step = call.transpose_a ? call.a_stride : 1;
  for (std::size_t r = 0; r < rows; ++r, to += row_size) {
    ready_row(a + (row + r) * (call.transpose_a ? 1 : call.a_stride), step, call.k, steps, to);
  }
}

template <class Ready>
void ready_either(const GemmCall& call, const std::uint16_t* a_bits, std::size_t row, std::size_t rows,
                  std::size_t row_size, Ready* HWY_RESTRICT to) {
  if (a_bits != nullptr) {
    ready_a(call, a_bits, row, rows, row_size, to);
  } else {
    ready_a(call, call.a, row, rows, row_size, to);
  }
}

bool run_bf16(const GemmCall& call, const std::uint16_t* a_bits, const Bf16* weights) {
  const bool paired = pairs_at_once();
  const std::size_t pairs = (call.k + 1) / 2;
  // In the block, a pair takes the place of a float.
  const std::size_t row_floats = packed_a_stride(pairs * (paired ? 1 : 2));
  // Rows of whole pairs are read where they lie.
  const bool in_place = paired && a_bits != nullptr && !call.transpose_a && call.k % 2 == 0;
  const std::size_t block_rows = reduced_rows(call.m, row_floats * sizeof(float));
  const WorkMemory block{WorkFor::a, in_place ? 0 : block_rows * row_floats};
  if (!in_place && block.get() == nullptr) return false;
  const std::size_t width = panel_width();
  const std::size_t panel_size = pairs * width * 2;
  const std::size_t panels_in_all = (call.n + width - 1) / width;
#if MYELIN_KERNELS_DPBF16
  const ReducedKernels<Bf16Kernel>& kernels = paired ? kPaired : kWidened;
#else
  const ReducedKernels<Bf16Kernel>& kernels = kWidened;
#endif
  const bool plain = is_plain(call);
  Workers* const workers = workers_for(call.workers, call.m, call.n, call.k);
  for (std::size_t first = 0; first < call.m; first += block_rows) {
    const std::size_t rows = std::min(block_rows, call.m - first);
    const std::size_t tiles = (rows + kRowsMax - 1) / kRowsMax;
    const float* a = nullptr;
    const Bf16* a_pairs = nullptr;
    std::size_t a_stride = row_floats;
    if (in_place) {
      // Tiles copy pairs from there bytewise.
      a_pairs = reinterpret_cast<const Bf16*>(a_bits + first * call.a_stride);
      a_stride = call.a_stride;
#if MYELIN_KERNELS_DPBF16
    } else if (paired) {
      auto* const ready = reinterpret_cast<Bf16*>(block.get());
      a_pairs = ready;
      a_stride = 2 * row_floats;
      ready_either(call, a_bits, first, rows, a_stride, ready);
#endif
    } else {
      a = block.get();
      ready_either(call, a_bits, first, rows, a_stride, block.get());
    }
    for_each_tile(rows, call.n, workers,
                  [&](std::size_t row, std::size_t high, std::size_t number, std::size_t panel, std::size_t panels,
                      std::size_t columns) {
                    HWY_ALIGN float sums[kRowsMax * kTileColumnsMax];
                    const auto* const from = weights + panel * panel_size;
                    Bf16Tile tile;
                    tile.pairs = pairs;
                    tile.a = a == nullptr ? nullptr : a + row * a_stride;
                    tile.a_pairs = a_pairs == nullptr ? nullptr : a_pairs + row * a_stride;
                    tile.a_stride = a_stride;
                    tile.b = from;
                    tile.b_panel_stride = panel_size;
                    tile.ahead = share_of_next(from, panel_size * sizeof(Bf16), panels_in_all, pairs, number, tiles);
                    // Whole vectors of plain sums are C's elements.
                    const bool direct = plain && columns == panels * width;
                    tile.sums = direct ? call.c + (first + row) * call.c_stride + panel * width : sums;
                    tile.sums_stride = direct ? call.c_stride : kTileColumnsMax;
                    (panels > 1 ? kernels.wide : kernels.one)[high - 1](tile);
                    if (direct) return finish(call, first + row, high, panel * width, columns);
                    store_sums(call, sums, kTileColumnsMax, first + row, high, panel * width, columns);
                  });
  }
  return true;
}

std::size_t packed_bf16_size(std::size_t k, std::size_t n) {
  const std::size_t width = panel_width();
  return (n + width - 1) / width * width * ((k + 1) / 2 * 2);
}

void pack_bf16(const Bf16Source& b, std::size_t k, std::size_t n, Bf16* destination) {
  const std::size_t width = panel_width();
  const std::size_t steps = (k + 1) / 2 * 2;
  std::fill_n(destination, packed_bf16_size(k, n), Bf16{});
  for (std::size_t p = 0; p < k; ++p) {
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t from = b.transposed ? j * b.stride + p : p * b.stride + j;
      const Bf16 value = b.floats != nullptr ? to_bf16(b.floats[from]) : static_cast<Bf16>(b.bits[from]);
      destination[j / width * width * steps + (p / 2 * width + j % width) * 2 + p % 2] = value;
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(pairs_at_once);
HWY_EXPORT(run_bf16);
HWY_EXPORT(packed_bf16_size);
HWY_EXPORT(pack_bf16);

bool pairs_at_once() { return HWY_DYNAMIC_DISPATCH(pairs_at_once)(); }

std::size_t packed_bf16_size(std::size_t k, std::size_t n) { return HWY_DYNAMIC_DISPATCH(packed_bf16_size)(k, n); }

void pack_bf16(const Bf16Source& b, std::size_t k, std::size_t n, Bf16* destination) {
  HWY_DYNAMIC_DISPATCH(pack_bf16)(b, k, n, destination);
}

bool run_bf16(const GemmCall& call, const std::uint16_t* a_bits, const Bf16* weights) {
  return HWY_DYNAMIC_DISPATCH(run_bf16)(call, a_bits, weights);
}

}  // namespace myelin::kernels::cpu
#endif
