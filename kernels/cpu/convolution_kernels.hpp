/// Convolution and pooling below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// Some rows of output pixels of one image. Pixel (i, j) reads from input + i * input_row + j * input_pixel +
/// offsets[k], for every k, `run` floats each, and writes to output + i * output_row + j * output_pixel.
struct PixelBand {
  std::size_t rows = 0;
  std::size_t width = 0;
  const float* input = nullptr;
  std::size_t input_row = 0;
  std::size_t input_pixel = 0;
  const std::size_t* offsets = nullptr;
  std::size_t offset_count = 0;
  std::size_t run = 0;
  std::size_t depth = 0;      ///< Rows of a panel. Runs take the first ones of them, one after the other, ...
  std::size_t first_row = 0;  ///< ... or begin here, and ...
  std::size_t gap = 0;        ///< ... pass over so many after each.
  float* output = nullptr;
  std::size_t output_row = 0;
  std::size_t output_pixel = 0;
};

/// Columns of a packed panel on the target in use.
[[nodiscard]] std::size_t convolution_panel_width();

/// Columns of all panels of so many channels: the last one is filled up to whole vectors.
[[nodiscard]] std::size_t convolution_panels_width(std::size_t channels);

/// `panels`: [ceil(channels / width), depth, width], the last as wide as is left of
/// convolution_panels_width(); 64-byte aligned. `bias`: [channels] or null.
void convolve(const PixelBand& band, const float* panels, std::size_t channels, const float* bias, bool relu);

/// y[c] = the largest of x[offsets[i] + c] over all i; NaN if there is one. **Requires**: count > 0.
void max_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y);

/// y[c] = the mean of x[offsets[i] + c] over all i. **Requires**: count > 0.
void mean_of_taps(const float* x, const std::size_t* offsets, std::size_t count, std::size_t channels, float* y);

}  // namespace myelin::kernels::cpu
