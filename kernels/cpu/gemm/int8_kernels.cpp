// Matrix products of 8-bit integers, compiled once per SIMD target. All sums are exact.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/gemm/int8_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/gemm/cpu_features.hpp"
#include "cpu/gemm/epilogue-inl.h"
#include "cpu/gemm/microkernel-inl.h"
#include "cpu/gemm/reduced-inl.h"
#include "cpu/gemm/reduced_call.hpp"

#include <cstring>
#include <utility>

#include "hwy/aligned_allocator.h"
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

// A tile: `a` as columns, one entry a row for each step of four; `b` panels of fours. An entry is what a kernel wants
// of four values of A: two words of two 16-bit integers (0 and 2, 1 and 3), or one word of four bytes, each 128 too
// large.
struct Int8Tile {
  std::size_t fours;
  const std::int32_t* a;
  const std::int8_t* b;
  std::size_t b_panel_stride;
  std::int32_t* sums;
  std::size_t sums_stride;
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
        const auto left = hn::BitCast(d16, hn::Set(d, a[i]));
#pragma GCC unroll 16
        for (int j = 0; j < kVectors; ++j) {
          sums[i][j] = hn::ReorderWidenMulAccumulate(d, left, right[j], sums[i][j], unused);
        }
      }
      a += kRows;
    }
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
      const std::int32_t even = tile.a[2 * four * kRows + i];
      const std::int32_t odd = tile.a[(2 * four + 1) * kRows + i];
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
  const std::int32_t* HWY_RESTRICT a = tile.a;
  const std::int8_t* HWY_RESTRICT b = tile.b;
  __m512i sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_setzero_si512();
  }
  for (std::size_t four = 0; four < tile.fours; ++four) {
    __m512i right[kVectors];
#pragma GCC unroll 16
    for (int j = 0; j < kVectors; ++j) {
      right[j] = _mm512_loadu_si512(b + (j / kPanelVectors) * tile.b_panel_stride + (j % kPanelVectors) * 4 * kLanes);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const __m512i left = _mm512_set1_epi32(a[i]);
#pragma GCC unroll 16
      for (int j = 0; j < kVectors; ++j) sums[i][j] = _mm512_dpbusd_epi32(sums[i][j], left, right[j]);
    }
    a += kRows;
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

std::int32_t four_bytes(const std::int8_t* four) {
  std::uint32_t word = 0;
  for (unsigned p = 0; p < 4; ++p) word |= static_cast<std::uint32_t>(four[p] + kOffset) << (8 * p);
  return static_cast<std::int32_t>(word);
}

// A's rows [row, row + rows): tile after tile, each as columns of entries.
void ready_a(const Int8Call& call, std::size_t row, std::size_t rows, bool dotted, std::int32_t* HWY_RESTRICT to) {
  const std::size_t fours = (call.k + 3) / 4;
  for (std::size_t done = 0; done < rows;) {
    const std::size_t high = next_rows(rows - done);
    for (std::size_t r = 0; r < high; ++r) {
      const std::size_t at = row + done + r;
      const std::int8_t* from = call.a + (call.transpose_a ? at : at * call.a_stride);
      for (std::size_t four = 0; four < fours; ++four) {
        std::int8_t values[4] = {};
        const std::size_t count = std::min<std::size_t>(4, call.k - 4 * four);
        if (call.transpose_a) {
          for (std::size_t p = 0; p < count; ++p) values[p] = from[(4 * four + p) * call.a_stride];
        } else {
          std::memcpy(values, from + 4 * four, count);
        }
        if (dotted) {
          to[four * high + r] = four_bytes(values);
        } else {
          to[2 * four * high + r] = two_words(values[0], values[2]);
          to[(2 * four + 1) * high + r] = two_words(values[1], values[3]);
        }
      }
    }
    to += high * fours * (dotted ? 1 : 2);
    done += high;
  }
}

// A tile's sums into C, scaled. `from` becomes floats in place of integers.
void store_scaled(const Int8Call& call, const std::int32_t* HWY_RESTRICT sums, std::size_t row, std::size_t rows,
                  std::size_t column, std::size_t columns) {
  HWY_ALIGN float values[kTileColumnsMax];
  const hn::ScalableTag<float> d;
  const hn::ScalableTag<std::int32_t> di;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto a_scale = hn::Set(d, call.a_scales[row + i]);
    for (std::size_t j = 0; j < columns; j += lanes) {
      const std::size_t count = std::min(lanes, columns - j);
      const auto scale = hn::Mul(a_scale, load_partial(d, count, call.b_scales + column + j));
      hn::Store(hn::Mul(hn::ConvertTo(d, hn::LoadU(di, sums + i * kTileColumnsMax + j)), scale), d, values + j);
    }
    store_sums(*call.scaled, values, kTileColumnsMax, row + i, 1, column, columns);
  }
}

bool run_int8(const Int8Call& call) {
  const bool dotted = dots_bytes();
  const std::size_t fours = (call.k + 3) / 4;
  const std::size_t row_size = fours * (dotted ? 1 : 2);
  const std::size_t block_rows = reduced_rows(call.m, row_size * sizeof(std::int32_t));
  const auto block = hwy::AllocateAligned<std::int32_t>(block_rows * row_size);
  if (!block) return false;
  const std::size_t width = panel_width();
  const std::size_t panel_size = fours * width * 4;
  const std::size_t panels_in_all = (call.n + width - 1) / width;
  const std::int8_t* const column_sums = call.weights + panels_in_all * panel_size;
#if MYELIN_KERNELS_DPBUSD
  const ReducedKernels<Int8Kernel>& kernels = dotted ? kDotted : kWidened;
#else
  const ReducedKernels<Int8Kernel>& kernels = kWidened;
#endif
  Workers* const workers = workers_for(call.workers, call.m, call.n, call.k);
  for (std::size_t first = 0; first < call.m; first += block_rows) {
    const std::size_t rows = std::min(block_rows, call.m - first);
    ready_a(call, first, rows, dotted, block.get());
    for_each_tile(
        rows, call.n, workers,
        [&](std::size_t row, std::size_t high, std::size_t panel, std::size_t panels, std::size_t columns) {
          HWY_ALIGN std::int32_t sums[kRowsMax * kTileColumnsMax];
          const Int8Tile tile{
              fours,          block.get() + row * row_size, call.weights + panel * panel_size, panel_size, sums,
              kTileColumnsMax};
          (panels > 1 ? kernels.wide : kernels.one)[high - 1](tile);
          const std::size_t column = panel * width;
          for (std::size_t i = 0; dotted && i < high; ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
              std::int32_t of_column = 0;
              std::memcpy(&of_column, column_sums + (column + j) * sizeof of_column, sizeof of_column);
              // Sums of the offset may pass 32 bits, and come back: the result fits.
              const std::uint32_t sum = static_cast<std::uint32_t>(sums[i * kTileColumnsMax + j]) -
                                        static_cast<std::uint32_t>(kOffset) * static_cast<std::uint32_t>(of_column);
              sums[i * kTileColumnsMax + j] = static_cast<std::int32_t>(sum);
            }
          }
          if (call.sums == nullptr) return store_scaled(call, sums, first + row, high, column, columns);
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
