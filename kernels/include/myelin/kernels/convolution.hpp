/// Convolution and pooling of images, on the best SIMD target of the CPU. Thread-safe on distinct memory.
///
/// Images are [batch, height, width, channels]: what belongs to one pixel lies together. Work memory belongs to the
/// call: a band of the padded image, about 128 KiB, or one row of windows where that is more.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// A length down and a length across.
struct Extent2d {
  std::size_t height = 1;
  std::size_t width = 1;
};

/// Rows and columns around an image.
struct Padding2d {
  std::size_t top = 0;
  std::size_t bottom = 0;
  std::size_t left = 0;
  std::size_t right = 0;
};

/// How a window goes over an image. **Requires**: no length above KernelLimits::kWindowSideMax, no stride or dilation
/// 0.
struct Window2d {
  Extent2d stride = {1, 1};
  Extent2d dilation = {1, 1};  ///< Distance of the window's elements.
  Padding2d padding = {};
};

/// The weights of a convolution, copied once into the order in which they are read.
/// **Thread-safety**: immutable; copies share the packed memory.
class PackedFilter {
 public:
  /// A filter without weights.
  PackedFilter() = default;

  /// A packed copy for the SIMD target in use. **Units/shape**: weights [height, width, inputs / groups, outputs], any
  /// strides; group g reads the g-th part of the input channels and writes the g-th part of the outputs.
  /// **Errors**: invalid_argument for a bad tensor, an empty one, sides above KernelLimits::kWindowSideMax, and outputs
  /// that `groups` does not divide; backend_failed where there is no memory.
  [[nodiscard]] static Result<PackedFilter> make(ConstTensorView weights, std::size_t groups = 1);

  [[nodiscard]] Extent2d size() const noexcept { return size_; }
  /// Channels of the input, all groups together.
  [[nodiscard]] std::size_t inputs() const noexcept { return inputs_per_group_ * groups_; }
  [[nodiscard]] std::size_t outputs() const noexcept { return outputs_per_group_ * groups_; }
  [[nodiscard]] std::size_t groups() const noexcept { return groups_; }
  /// One input and one output channel a group: a convolution by channel.
  [[nodiscard]] bool is_depthwise() const noexcept { return inputs_per_group_ == 1 && outputs_per_group_ == 1; }
  /// Whether the SIMD target in use is one that reads this layout. Only tests that switch targets see false.
  [[nodiscard]] bool usable() const noexcept;
  /// Whether no weight is NaN or infinite: then what lies beside the image, zeros, need not be multiplied.
  [[nodiscard]] bool is_finite() const noexcept { return is_finite_; }
  /// Depthwise: [height, width, channels]. Else group after group, panel after panel, each [height, width, inputs /
  /// groups, panel width], the last no wider than it must be and filled up with zeros; 64-byte aligned.
  [[nodiscard]] const float* data() const noexcept { return packed_.get(); }

 private:
  std::shared_ptr<const float[]> packed_;
  Extent2d size_{0, 0};
  std::size_t inputs_per_group_ = 0;
  std::size_t outputs_per_group_ = 0;
  std::size_t groups_ = 0;
  std::size_t panel_width_ = 0;
  bool is_finite_ = false;
};

/// What comes after the sums of a convolution.
struct ConvolutionEpilogue {
  std::span<const float> bias = {};  ///< [outputs]; empty for none.
  Activation activation = Activation::none;
};

/// The shape of conv2d's output for an input of shape [batch, height, width, channels].
/// **Errors**: as conv2d, for the shape, the filter and the window.
[[nodiscard]] Result<TensorShape> conv2d_shape(const TensorShape& x, const PackedFilter& filter,
                                               const Window2d& window = {});

/// y(n, i, j, o) = f(bias(o) + sum over h, w, c of x(n, i * stride + h * dilation - padding, ..., c) * weights(h, w, c,
/// o)), x being 0 outside. NaN and infinities propagate as in a product, so an infinite weight gives NaN at the
/// padding.
/// **Units/shape**: x [batch, height, width, inputs], y [batch, out height, out width, outputs] without gaps in its
/// last dimension.
/// **Errors**: shape_mismatch; invalid_argument for a bad tensor or window, a y that overlaps x or bias, a filter
/// packed for another SIMD target, and work memory above KernelLimits::kWorkBytesMax; backend_failed where there is no
/// memory.
/// **Source**: Georganas et al. 2018, "Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures".
[[nodiscard]] Result<void> conv2d(ConstTensorView x, const PackedFilter& filter, TensorView y, Window2d window = {},
                                  ConvolutionEpilogue epilogue = {});

/// How a window becomes one value. The numbers are stable.
enum class Pooling : std::uint8_t {
  max = 0,      ///< The largest element within the image; NaN if there is one.
  average = 1,  ///< The mean of the elements within the image.
};

/// The shape of pool2d's output. **Errors**: as pool2d, for the shape and the window.
[[nodiscard]] Result<TensorShape> pool2d_shape(const TensorShape& x, Extent2d size, const Window2d& window = {});

/// y(n, i, j, c) = the largest or the mean of x over the window, outside the image nothing counts. A window that lies
/// in the padding altogether has the maximum -inf and the average 0.
/// **Units/shape**: x [batch, height, width, channels], y [batch, out height, out width, channels], both without gaps
/// in the last dimension. **Errors**: shape_mismatch; invalid_argument and backend_failed as conv2d.
[[nodiscard]] Result<void> pool2d(ConstTensorView x, Pooling pooling, Extent2d size, TensorView y,
                                  Window2d window = {});

}  // namespace myelin::kernels
