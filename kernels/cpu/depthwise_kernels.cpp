// Convolution by channel, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/depthwise_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/depthwise_kernels.hpp"
#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"
#include "cpu/registers-inl.h"

#include <algorithm>
#include <limits>

#include "hwy/cache_control.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

// The channels from `c` on, a vector of them. kWhole: all of its lanes are channels.
template <bool kWhole>
struct SomeChannels {
  std::size_t channels;
  std::size_t c;

  HWY_INLINE V load(const float* from) const {
    if constexpr (kWhole) return hn::LoadU(D(), from);
    return load_partial(D(), channels - c, from);
  }
  HWY_INLINE void store(V v, float* to) const {
    if constexpr (kWhole) {
      hn::StoreU(v, D(), to);
    } else {
      store_partial(v, D(), channels - c, to);
    }
  }
};

struct Job {
  const DepthwiseRow& row;
  const float* weights;
  const float* bias;  // or null
  V least;            // of a result: 0 for ReLU
};

template <bool kWhole>
HWY_INLINE V first_sum(const Job& job, SomeChannels<kWhole> some) {
  return job.bias != nullptr ? some.load(job.bias + some.c) : hn::Zero(D());
}

template <int kPixels, bool kWhole>
HWY_INLINE void store_sums(const Job& job, std::size_t pixel, SomeChannels<kWhole> some, const V (&sums)[kPixels]) {
  float* to = job.row.output + pixel * job.row.output_stride + some.c;
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p, to += job.row.output_stride) some.store(at_least(job.least, sums[p]), to);
}

// kPixels pixels side by side, which share each load of a weight. kEdge: their windows may reach over the image's ends
// to the left and to the right.
template <int kPixels, bool kEdge, bool kWhole>
HWY_INLINE void tile(const Job& job, std::size_t pixel, SomeChannels<kWhole> some) {
  const DepthwiseRow& row = job.row;
  const V start = first_sum(job, some);
  V sums[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) sums[p] = start;
  const float* HWY_RESTRICT w = job.weights + some.c;
  const std::size_t step = row.stride * row.pixel_stride;
  for (std::size_t i = 0; i < row.window_height; ++i) {
    const float* const image_row = row.rows[i];
    // Of the first pixel's element; it wraps around where that is left of the image.
    std::size_t column = pixel * row.stride - row.left;
    for (std::size_t j = 0; j < row.window_width; ++j, column += row.dilation, w += some.channels) {
      const V weight = some.load(w);
      const std::size_t first = column * row.pixel_stride + some.c;
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) {
        const std::size_t at = static_cast<std::size_t>(p);
        const bool inside = image_row != nullptr && (!kEdge || column + at * row.stride < row.image_width);
        const V v = inside ? some.load(image_row + (first + at * step)) : hn::Zero(D());
        sums[p] = hn::MulAdd(v, weight, sums[p]);
      }
    }
  }
  store_sums(job, pixel, some, sums);
}

// The same under windows three elements wide that go on as their elements lie: each element of the image is loaded once
// for the three windows that cover it. kEdge: the windows may reach over the image's ends.
template <int kPixels, bool kEdge, bool kWhole>
HWY_INLINE void tile_of_threes(const Job& job, std::size_t pixel, SomeChannels<kWhole> some) {
  const DepthwiseRow& row = job.row;
  const V start = first_sum(job, some);
  V sums[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) sums[p] = start;
  const float* HWY_RESTRICT w = job.weights + some.c;
  const std::size_t step = row.stride * row.pixel_stride;
  // Where the first element lies; it wraps around where that is left of the image.
  const std::size_t column = pixel * row.stride - row.left;
  const std::size_t first = column * row.pixel_stride + some.c;
  // The last row is new to the caches; the rows above were under the windows of the row before.
  if (const float* next = row.rows[row.window_height - 1]; !kEdge && next != nullptr) {
    next += first + (kPixels + 2) * step;
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p, next += step) hwy::Prefetch(next);
  }
  for (std::size_t i = 0; i < row.window_height; ++i, w += 3 * some.channels) {
    const V weight0 = some.load(w);
    const V weight1 = some.load(w + some.channels);
    const V weight2 = some.load(w + 2 * some.channels);
    const float* const image_row = row.rows[i];
#pragma GCC unroll 10
    for (int j = 0; j < kPixels + 2; ++j) {
      const std::size_t at = static_cast<std::size_t>(j);
      const bool inside = image_row != nullptr && (!kEdge || column + at * row.stride < row.image_width);
      V v = inside ? some.load(image_row + (first + at * step)) : hn::Zero(D());
      // Else GCC loads what is used three times three times: as an operand in memory each time.
      hold_in_register(v);
      if (j < kPixels) sums[j] = hn::MulAdd(v, weight0, sums[j]);
      if (j >= 1 && j <= kPixels) sums[j - 1] = hn::MulAdd(v, weight1, sums[j - 1]);
      if (j >= 2) sums[j - 2] = hn::MulAdd(v, weight2, sums[j - 2]);
    }
  }
  store_sums(job, pixel, some, sums);
}

template <class Tile>
HWY_INLINE void for_each_vector(std::size_t channels, const Tile& tile) {
  const std::size_t lanes = hn::Lanes(D());
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) tile(SomeChannels<true>{channels, c});
  if (c < channels) tile(SomeChannels<false>{channels, c});
}

constexpr std::size_t kPixelsSideBySide = 6;

// The pixels whose windows lie within the image from left to right.
struct Inside {
  std::size_t begin;
  std::size_t end;

  [[nodiscard]] bool holds(std::size_t pixel, std::size_t count) const {
    return pixel >= begin && pixel + count <= end;
  }
};

Inside inside_of(const DepthwiseRow& row) {
  const std::size_t last = (row.window_width - 1) * row.dilation;  // of a window's elements
  const std::size_t begin = std::min(row.output_width, (row.left + row.stride - 1) / row.stride);
  const std::size_t reached = row.left + row.image_width;
  if (reached <= last) return {begin, begin};
  return {begin, std::clamp((reached - last - 1) / row.stride + 1, begin, row.output_width)};
}

// By value: what lies in memory might be changed by every store of a result, and would be read anew after each.
HWY_NOINLINE void convolve_in_threes(const Job job, std::size_t channels, Inside inside) {
  constexpr std::size_t kPixels = kPixelsSideBySide;
  const std::size_t width = job.row.output_width;
  std::size_t pixel = 0;
  for (; pixel + kPixels <= width; pixel += kPixels) {
    if (inside.holds(pixel, kPixels)) {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<kPixels, false>(job, pixel, some); });
    } else {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<kPixels, true>(job, pixel, some); });
    }
  }
  for (; pixel + 2 <= width; pixel += 2) {
    for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<2, true>(job, pixel, some); });
  }
  if (pixel == width) return;
  for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<1, true>(job, pixel, some); });
}

HWY_NOINLINE void convolve_any(const Job job, std::size_t channels, Inside inside) {
  constexpr std::size_t kPixels = kPixelsSideBySide;
  const std::size_t width = job.row.output_width;
  std::size_t pixel = 0;
  for (; pixel + kPixels <= width; pixel += kPixels) {
    if (inside.holds(pixel, kPixels)) {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile<kPixels, false>(job, pixel, some); });
    } else {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile<kPixels, true>(job, pixel, some); });
    }
  }
  for (; pixel + 2 <= width; pixel += 2) {
    for_each_vector(channels, [&](auto some) HWY_ATTR { tile<2, true>(job, pixel, some); });
  }
  if (pixel == width) return;
  for_each_vector(channels, [&](auto some) HWY_ATTR { tile<1, true>(job, pixel, some); });
}

void convolve_depthwise(const DepthwiseRow& row, const float* weights, std::size_t channels, const float* bias,
                        bool relu) {
  const Job job{row, weights, bias, hn::Set(D(), relu ? 0.0F : -std::numeric_limits<float>::infinity())};
  const bool in_threes = row.window_width == 3 && row.stride == row.dilation;
  in_threes ? convolve_in_threes(job, channels, inside_of(row)) : convolve_any(job, channels, inside_of(row));
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(convolve_depthwise);

void convolve_depthwise(const DepthwiseRow& row, const float* weights, std::size_t channels, const float* bias,
                        bool relu) {
  HWY_DYNAMIC_DISPATCH(convolve_depthwise)(row, weights, channels, bias, relu);
}

}  // namespace myelin::kernels::cpu
#endif
