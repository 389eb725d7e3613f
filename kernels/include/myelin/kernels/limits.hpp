/// The bounds of the kernels' arguments and work memory. Beyond them a kernel answers invalid_argument.
#pragma once

#include <cstddef>

namespace myelin::kernels {

struct KernelLimits {
  /// Of a window of convolution or pooling: height, width, strides, dilations and paddings.
  static constexpr std::size_t kWindowSideMax = 1024;
  /// Work memory of one call, and packed weights of convolutions and cells, in bytes: more is taken for a mistake in a
  /// shape. Packed weights of products may be of any size that memory has room for.
  static constexpr std::size_t kWorkBytesMax = std::size_t{1} << 30U;
  /// Keys that one query of attention looks at.
  static constexpr std::size_t kKeysMax = std::size_t{1} << 22U;
};

// The largest window's extent in elements cannot overflow, nor can what a kernel computes with it.
static_assert(KernelLimits::kWindowSideMax <= std::size_t{1} << 15U);
// One row of attention's scores fits into the work memory.
static_assert(KernelLimits::kKeysMax * sizeof(float) <= KernelLimits::kWorkBytesMax);

}  // namespace myelin::kernels
