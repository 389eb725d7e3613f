// Convolution by channel, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/depthwise_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/depthwise_kernels.hpp"
#include "cpu/elementary-inl.h"
#include "cpu/partial-inl.h"

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

// kPixels pixels whose windows lie within the image from left to right. They share each load of a weight.
template <int kPixels, bool kWhole>
HWY_INLINE void tile(const Job& job, std::size_t pixel, SomeChannels<kWhole> some) {
  const DepthwiseRow& row = job.row;
  const V start = first_sum(job, some);
  V sums[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) sums[p] = start;
  const float* HWY_RESTRICT w = job.weights + some.c;
  const std::size_t first = (pixel * row.stride - row.left) * row.pixel_stride + some.c;
  const std::size_t step = row.stride * row.pixel_stride;
  for (std::size_t i = 0; i < row.window_height; ++i) {
    for (std::size_t j = 0; j < row.window_width; ++j, w += some.channels) {
      const V weight = some.load(w);
      if (row.rows[i] == nullptr) {
#pragma GCC unroll 8
        for (int p = 0; p < kPixels; ++p) sums[p] = hn::MulAdd(hn::Zero(D()), weight, sums[p]);
        continue;
      }
      const float* HWY_RESTRICT x = row.rows[i] + first + j * row.dilation * row.pixel_stride;
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p, x += step) sums[p] = hn::MulAdd(some.load(x), weight, sums[p]);
    }
  }
  store_sums(job, pixel, some, sums);
}

// The same under windows three elements wide that go on as their elements lie: each element of the image is loaded once
// for the three windows that cover it.
template <int kPixels, bool kWhole>
HWY_INLINE void tile_of_threes(const Job& job, std::size_t pixel, SomeChannels<kWhole> some) {
  const DepthwiseRow& row = job.row;
  const V start = first_sum(job, some);
  V sums[kPixels];
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; ++p) sums[p] = start;
  const float* HWY_RESTRICT w = job.weights + some.c;
  const std::size_t first = (pixel * row.stride - row.left) * row.pixel_stride + some.c;
  const std::size_t step = row.stride * row.pixel_stride;
  // The last row is new to the caches; the rows above were under the windows of the row before.
  if (const float* next = row.rows[row.window_height - 1]; next != nullptr) {
    next += first + (kPixels + 2) * step;
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; ++p, next += step) hwy::Prefetch(next);
  }
  for (std::size_t i = 0; i < row.window_height; ++i, w += 3 * some.channels) {
    const V weight0 = some.load(w);
    const V weight1 = some.load(w + some.channels);
    const V weight2 = some.load(w + 2 * some.channels);
    if (row.rows[i] == nullptr) {
#pragma GCC unroll 8
      for (int p = 0; p < kPixels; ++p) {
        sums[p] = hn::MulAdd(hn::Zero(D()), weight0, sums[p]);
        sums[p] = hn::MulAdd(hn::Zero(D()), weight1, sums[p]);
        sums[p] = hn::MulAdd(hn::Zero(D()), weight2, sums[p]);
      }
      continue;
    }
    const float* HWY_RESTRICT x = row.rows[i] + first;
#pragma GCC unroll 10
    for (int j = 0; j < kPixels + 2; ++j, x += step) {
      const V v = some.load(x);
      if (j < kPixels) sums[j] = hn::MulAdd(v, weight0, sums[j]);
      if (j >= 1 && j <= kPixels) sums[j - 1] = hn::MulAdd(v, weight1, sums[j - 1]);
      if (j >= 2) sums[j - 2] = hn::MulAdd(v, weight2, sums[j - 2]);
    }
  }
  store_sums(job, pixel, some, sums);
}

// One pixel, whose window may reach over the image's ends.
template <bool kWhole>
HWY_INLINE void pixel_at_the_edge(const Job& job, std::size_t pixel, SomeChannels<kWhole> some) {
  const DepthwiseRow& row = job.row;
  V sums[1] = {first_sum(job, some)};
  const float* HWY_RESTRICT w = job.weights + some.c;
  for (std::size_t i = 0; i < row.window_height; ++i) {
    for (std::size_t j = 0; j < row.window_width; ++j, w += some.channels) {
      const std::size_t column = pixel * row.stride + j * row.dilation;
      const bool inside = row.rows[i] != nullptr && column >= row.left && column - row.left < row.image_width;
      const V v = inside ? some.load(row.rows[i] + (column - row.left) * row.pixel_stride + some.c) : hn::Zero(D());
      sums[0] = hn::MulAdd(v, some.load(w), sums[0]);
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

void convolve_depthwise(const DepthwiseRow& row, const float* weights, std::size_t channels, const float* bias,
                        bool relu) {
  const Job job{row, weights, bias, hn::Set(D(), relu ? 0.0F : -std::numeric_limits<float>::infinity())};
  // Pixels [begin, end): their windows lie within the image from left to right.
  const std::size_t last = (row.window_width - 1) * row.dilation;  // of a window's elements
  const std::size_t begin = std::min(row.output_width, (row.left + row.stride - 1) / row.stride);
  const std::size_t reached = row.left + row.image_width;
  const std::size_t end =
      reached > last ? std::clamp((reached - last - 1) / row.stride + 1, begin, row.output_width) : begin;
  const bool in_threes = row.window_width == 3 && row.stride == row.dilation;
  constexpr std::size_t kPixels = kPixelsSideBySide;
  const auto edge = [&](std::size_t pixel) HWY_ATTR {
    for_each_vector(channels, [&](auto some) HWY_ATTR { pixel_at_the_edge(job, pixel, some); });
  };
  std::size_t pixel = 0;
  for (; pixel < begin; ++pixel) edge(pixel);
  for (; pixel + kPixels <= end; pixel += kPixels) {
    if (in_threes) {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<kPixels>(job, pixel, some); });
    } else {
      for_each_vector(channels, [&](auto some) HWY_ATTR { tile<kPixels>(job, pixel, some); });
    }
  }
  for (; in_threes && pixel + 2 <= end; pixel += 2) {
    for_each_vector(channels, [&](auto some) HWY_ATTR { tile_of_threes<2>(job, pixel, some); });
  }
  for (; pixel < row.output_width; ++pixel) edge(pixel);
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
