// Convolution and pooling, compiled once per SIMD target.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/convolution_kernels.cpp"
#include "hwy/foreach_target.h"
// The order matters: foreach_target.h comes before every header that uses Highway.
#include "cpu/convolution_kernels.hpp"
#include "cpu/partial-inl.h"
#include "cpu/tile-inl.h"

#include <algorithm>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace myelin::kernels::cpu {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;

std::size_t panel_width() { return tile_panel_width(); }

std::size_t panels_width(std::size_t channels) { return whole_vectors(channels); }

// Pixels that meet all panels before the next ones do: each weight that comes from L3 serves 96 of them.
constexpr std::size_t kPixelsAtOnce = 16 * kTileRows;

void convolve(const PixelBand& band, const float* panels, std::size_t channels, const float* bias, bool relu) {
  const std::size_t width = tile_panel_width();
  TileOperands operands{.a = band.input,
                        .runs = band.offsets,
                        .run_count = band.offset_count,
                        .run_length = band.run,
                        .b_stride = width,
                        .b_gap = 0,
                        .c = band.output,
                        .bias = bias,
                        .relu = relu};
  const std::size_t panel = band.depth * width;
  std::size_t inputs[kPixelsAtOnce];
  std::size_t outputs[kPixelsAtOnce];
  std::size_t i = 0;  // where the next pixel is
  std::size_t j = 0;
  for (std::size_t left = band.rows * band.width; left > 0;) {
    const std::size_t blocks = (left + kPixelsAtOnce - 1) / kPixelsAtOnce;
    const std::size_t even = (left + blocks - 1) / blocks;
    // In whole tiles, as long as there are more to come.
    const std::size_t now = blocks == 1 ? even : (even + kTileRows - 1) / kTileRows * kTileRows;
    for (std::size_t pixel = 0; pixel < now;) {
      const std::size_t of_row = std::min(now - pixel, band.width - j);
      std::size_t input = i * band.input_row + j * band.input_pixel;
      std::size_t output = i * band.output_row + j * band.output_pixel;
      for (const std::size_t end = pixel + of_row; pixel < end; ++pixel) {
        inputs[pixel] = input;
        outputs[pixel] = output;
        input += band.input_pixel;
        output += band.output_pixel;
      }
      j += of_row;
      if (j < band.width) continue;
      j = 0;
      ++i;
    }
    const float* weights = panels;
    for (std::size_t first = 0; first < channels; first += width, weights += panel) {
      const std::size_t columns = std::min(width, channels - first);
      operands.b_stride = whole_vectors(columns);
      operands.b_gap = band.gap * operands.b_stride;
      tiles_of_panel(operands, inputs, weights + band.first_row * operands.b_stride, outputs, now, first, columns);
    }
    left -= now;
  }
}

// The channels of a pixel as whole vectors, and the rest.
template <class Step>
HWY_INLINE void for_each_vector(std::size_t channels, const Step& step) {
  const std::size_t lanes = hn::Lanes(D());
  std::size_t c = 0;
  for (; c + lanes <= channels; c += lanes) step(c, lanes);
  if (c < channels) step(c, channels - c);
}

HWY_INLINE V load_lanes(const float* from, std::size_t count) {
  const D d;
  return count == hn::Lanes(d) ? hn::LoadU(d, from) : load_partial(d, count, from);
}

HWY_INLINE void store_lanes(V v, float* to, std::size_t count) {
  const D d;
  if (count == hn::Lanes(d)) return hn::StoreU(v, d, to);
  store_partial(v, d, count, to);
}

void max_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y) {
  for_each_vector(channels, [&](std::size_t c, std::size_t some) HWY_ATTR {
    V best = load_lanes(x + offsets[0] + c, some);
    for (std::size_t i = 1; i < count; ++i) {
      const V v = load_lanes(x + offsets[i] + c, some);
      // What is not at most the best, NaN among it, replaces it; but NaN itself is not replaced.
      best = hn::IfThenElse(hn::Or(hn::IsNaN(best), hn::Le(v, best)), best, v);
    }
    store_lanes(best, y + c, some);
  });
}

void mean_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y) {
  const V scale = hn::Set(D(), 1.0F / static_cast<float>(count));
  for_each_vector(channels, [&](std::size_t c, std::size_t some) HWY_ATTR {
    V sum = load_lanes(x + offsets[0] + c, some);
    for (std::size_t i = 1; i < count; ++i) sum = hn::Add(sum, load_lanes(x + offsets[i] + c, some));
    store_lanes(hn::Mul(sum, scale), y + c, some);
  });
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace myelin::kernels::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace myelin::kernels::cpu {

HWY_EXPORT(panel_width);
HWY_EXPORT(panels_width);
HWY_EXPORT(convolve);
HWY_EXPORT(max_of_taps);
HWY_EXPORT(mean_of_taps);

std::size_t convolution_panel_width() { return HWY_DYNAMIC_DISPATCH(panel_width)(); }

std::size_t convolution_panels_width(std::size_t channels) { return HWY_DYNAMIC_DISPATCH(panels_width)(channels); }

void convolve(const PixelBand& band, const float* panels, std::size_t channels, const float* bias, bool relu) {
  HWY_DYNAMIC_DISPATCH(convolve)(band, panels, channels, bias, relu);
}

void max_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y) {
  HWY_DYNAMIC_DISPATCH(max_of_taps)(x, offsets, count, channels, y);
}

void mean_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y) {
  HWY_DYNAMIC_DISPATCH(mean_of_taps)(x, offsets, count, channels, y);
}

}  // namespace myelin::kernels::cpu
#endif
