/// Convolution by channel below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// One row of output pixels. Channels of a pixel follow each other; strides count floats where nothing else is said.
struct DepthwiseRow {
  const float* const* rows = nullptr;  ///< [window_height] pixel 0 of the image's rows under the windows; null: zeros
  std::size_t window_height = 0;
  std::size_t window_width = 0;
  std::size_t image_width = 0;  ///< Pixels; beyond are zeros.
  std::size_t pixel_stride = 0;
  std::size_t left = 0;      ///< Pixels of zeros before pixel 0.
  std::size_t stride = 1;    ///< Pixels from one window to the next.
  std::size_t dilation = 1;  ///< Pixels from one element of a window to the next.
  float* output = nullptr;
  std::size_t output_width = 0;  ///< Pixels.
  std::size_t output_stride = 0;
};

/// `weights` [window_height, window_width, channels], `bias` [channels] or null. Zeros around the image are multiplied
/// as its elements are: an infinite weight gives NaN there.
void convolve_depthwise(const DepthwiseRow& row, const float* weights, std::size_t channels, const float* bias,
                        bool relu);

}  // namespace myelin::kernels::cpu
