#include "myelin/kernels/convolution.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "cpu/activation_kernels.hpp"
#include "cpu/convolution_kernels.hpp"
#include "cpu/convolution_window.hpp"
#include "cpu/depthwise_kernels.hpp"
#include "memory/no_memory.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

constexpr std::align_val_t kPanelAlignment{64};  // a cache line, and the widest vector

// A band of the padded image that is read for some rows of windows. What it was copied from passes through L2 as well,
// and the results and the weights want their share.
constexpr std::size_t kBandBytes = 128UL * 1024UL;

// A part of a window that is long enough for parts of the output to be worth their beginnings.
constexpr std::size_t kCutRunMin = 16;

std::optional<std::size_t> product(std::size_t a, std::size_t b, std::size_t c) {
  std::size_t result = 0;
  if (__builtin_mul_overflow(a, b, &result) || __builtin_mul_overflow(result, c, &result)) return std::nullopt;
  return result;
}

std::shared_ptr<float[]> allocate(std::size_t floats) {
  auto* memory = static_cast<float*>(::operator new(floats * sizeof(float), kPanelAlignment));
  return {memory, [](float* p) { ::operator delete(p, kPanelAlignment); }};
}

// Everything that the bands of one call share.
struct Plan {
  ConstTensorView x;
  TensorView y;
  Window2d window;
  Extent2d size;
  Extent2d output;
  bool in_place = false;            // the image is read where it lies
  bool leaves_out_padding = false;  // and so it is though it has padding: windows are cut off at its edges
  std::size_t padded_width = 0;
  std::size_t pixel_stride = 0;  // of what is read
  std::size_t row_stride = 0;
  std::size_t rows_per_band = 0;  // rows of windows
  std::size_t band_rows = 0;      // rows of the image that they read
};

Result<Plan> make_plan(const ConstTensorView& x, const TensorView& y, const PackedFilter& filter,
                       const Window2d& window, Extent2d output) {
  const Extent2d size = filter.size();
  Plan plan{.x = x, .y = y, .window = window, .size = size, .output = output};
  const Padding2d& padding = window.padding;
  const std::size_t channels = x.shape[3];
  const bool padded = padding.top + padding.bottom + padding.left + padding.right > 0;
  // By channel the kernel knows itself where the image ends.
  plan.in_place = (!padded || filter.is_depthwise()) && (channels == 1 || x.strides[3] == 1);
  // Zeros beside the image, times NaN or infinity, would be NaN.
  plan.leaves_out_padding = padded && filter.is_finite() && filter.groups() == 1 && !filter.is_depthwise() &&
                            window.dilation.width == 1 && x.strides[3] == 1 && x.strides[2] == channels &&
                            size.width * channels >= kCutRunMin;
  plan.padded_width = x.shape[2] + padding.left + padding.right;
  plan.pixel_stride = plan.in_place ? x.strides[2] : channels;
  const std::size_t down = reach(size.height, window.dilation.height);
  const auto one_row = product(plan.padded_width, channels, sizeof(float));
  const auto least = one_row ? product(*one_row, down, 1) : std::nullopt;
  if (!least || *least > KernelLimits::kWorkBytesMax) {
    return fail(Errc::invalid_argument, "tensor 'x' of shape " + to_string(x.shape) +
                                            " needs more work memory for one row of windows than " +
                                            std::to_string(KernelLimits::kWorkBytesMax) + " bytes");
  }
  plan.row_stride = plan.in_place ? x.strides[1] : plan.padded_width * channels;
  const std::size_t rows_in_band = std::max(kBandBytes / std::max<std::size_t>(*one_row, 1), down);
  const std::size_t by_memory = (rows_in_band - down) / window.stride.height + 1;
  plan.rows_per_band = std::min(by_memory, output.height);
  plan.band_rows = (plan.rows_per_band - 1) * window.stride.height + down;
  return plan;
}

// Rows of the padded image from `first` on.
void copy_band(const Plan& plan, std::size_t image, std::size_t first, std::size_t rows, float* to) {
  const auto& x = plan.x;
  const std::size_t channels = x.shape[3];
  const std::size_t left = plan.window.padding.left * channels;
  const std::size_t middle = x.shape[2] * channels;
  const std::size_t right = plan.window.padding.right * channels;
  for (std::size_t r = first; r < first + rows; ++r, to += plan.row_stride) {
    if (r < plan.window.padding.top || r - plan.window.padding.top >= x.shape[1]) {
      std::fill_n(to, plan.row_stride, 0.0F);
      continue;
    }
    const float* from = x.floats() + image * x.strides[0] + (r - plan.window.padding.top) * x.strides[1];
    std::fill_n(to, left, 0.0F);
    std::fill_n(to + left + middle, right, 0.0F);
    if (x.strides[3] == 1 && x.strides[2] == channels) {
      std::memcpy(to + left, from, middle * sizeof(float));
      continue;
    }
    for (std::size_t j = 0; j < x.shape[2]; ++j) {
      for (std::size_t c = 0; c < channels; ++c) {
        to[left + j * channels + c] = from[j * x.strides[2] + c * x.strides[3]];
      }
    }
  }
}

// Where the parts of a window lie, from its first element on. Parts are as long as memory without gaps allows.
struct Parts {
  std::vector<std::size_t> offsets;
  std::size_t length = 0;
};

Parts parts_of_window(const Plan& plan, const PackedFilter& filter) {
  Parts parts;
  const std::size_t channels = plan.x.shape[3];
  const bool across = filter.groups() == 1 && plan.pixel_stride == channels && plan.window.dilation.width == 1;
  parts.length = across ? plan.size.width * channels : filter.inputs() / filter.groups();
  for (std::size_t h = 0; h < plan.size.height; ++h) {
    const std::size_t row = h * plan.window.dilation.height * plan.row_stride;
    for (std::size_t w = 0; w < (across ? 1 : plan.size.width); ++w) {
      parts.offsets.push_back(row + w * plan.window.dilation.width * plan.pixel_stride);
    }
  }
  return parts;
}

void activate_rows(const Plan& plan, std::size_t image, std::size_t first, std::size_t rows, Activation activation) {
  const std::size_t channels = plan.y.shape[3];
  const bool whole = plan.y.strides[2] == channels;
  for (std::size_t i = first; i < first + rows; ++i) {
    float* row = plan.y.floats() + image * plan.y.strides[0] + i * plan.y.strides[1];
    const std::size_t runs = whole ? 1 : plan.output.width;
    const std::size_t length = whole ? plan.output.width * channels : channels;
    for (std::size_t j = 0; j < runs; ++j, row += plan.y.strides[2]) {
      cpu::activate(activation, ActivationOptions{}.slope, row, row, length);
    }
  }
}

void run_group(cpu::PixelBand band, const PackedFilter& filter, std::size_t group, std::span<const float> bias,
               bool relu) {
  const std::size_t outputs = filter.outputs() / filter.groups();
  band.input += group * (filter.inputs() / filter.groups());
  band.output += group * outputs;
  const float* group_bias = bias.empty() ? nullptr : bias.data() + group * outputs;
  const std::size_t group_size = cpu::convolution_panels_width(outputs) * band.depth;
  const float* weights = filter.data() + group * group_size;
  cpu::convolve(band, weights, outputs, group_bias, relu);
}

// An image with padding, read where it lies: each part of the output leaves out the elements of its windows that are
// beside the image. One panel meets all parts before the next one does: where it is small enough it stays in L2.
void run_without_padding(const Plan& plan, const PackedFilter& filter, std::size_t image, std::span<const float> bias,
                         bool relu) {
  const Window2d& window = plan.window;
  const std::size_t channels = plan.x.shape[3];
  const std::size_t depth = plan.size.height * plan.size.width * channels;
  const std::size_t width = cpu::convolution_panel_width();
  const std::vector<Neighbours> all_rows = neighbours(plan.output.height, window.stride.height, window.padding.top,
                                                      plan.x.shape[1], plan.size.height, window.dilation.height);
  const std::vector<Neighbours> all_columns = neighbours(plan.output.width, window.stride.width, window.padding.left,
                                                         plan.x.shape[2], plan.size.width, window.dilation.width);
  std::vector<std::size_t> offsets(plan.size.height);
  for (std::size_t h = 0; h < offsets.size(); ++h) offsets[h] = h * window.dilation.height * plan.x.strides[1];
  const float* const x = plan.x.floats() + image * plan.x.strides[0];
  float* const y = plan.y.floats() + image * plan.y.strides[0];
  for (std::size_t first = 0; first < filter.outputs(); first += width) {
    const std::size_t outputs = std::min(width, filter.outputs() - first);
    for (const Neighbours& rows : all_rows) {
      for (const Neighbours& columns : all_columns) {
        const std::size_t across = columns.inside_end - columns.inside_begin;
        const bool sees = across > 0 && rows.inside_end > rows.inside_begin;
        cpu::PixelBand band{.rows = rows.count,
                            .width = columns.count,
                            .input = x,
                            .input_row = window.stride.height * plan.x.strides[1],
                            .input_pixel = window.stride.width * plan.x.strides[2],
                            .offsets = offsets.data(),
                            .offset_count = sees ? rows.inside_end - rows.inside_begin : 0,
                            .run = across * channels,
                            .depth = depth,
                            .first_row = (rows.inside_begin * plan.size.width + columns.inside_begin) * channels,
                            .gap = (plan.size.width - across) * channels,
                            .output = y + rows.first * plan.y.strides[1] + columns.first * plan.y.strides[2] + first,
                            .output_row = plan.y.strides[1],
                            .output_pixel = plan.y.strides[2]};
        if (sees) {
          const std::size_t down = rows.first * window.stride.height + rows.inside_begin * window.dilation.height;
          const std::size_t right = columns.first * window.stride.width + columns.inside_begin;
          band.input +=
              (down - window.padding.top) * plan.x.strides[1] + (right - window.padding.left) * plan.x.strides[2];
        } else {
          // Nothing but the bias: an image's element stands for the address.
          band.input_row = band.input_pixel = 0;
          band.first_row = 0;
        }
        cpu::convolve(band, filter.data() + first * depth, outputs, bias.empty() ? nullptr : bias.data() + first, relu);
      }
    }
  }
}

// Rows [first, first + rows) of an image's output. `padded`: the band of the padded image that they read, or null where
// it is read in place.
void run_depthwise(const Plan& plan, const PackedFilter& filter, std::size_t image, std::size_t first, std::size_t rows,
                   const float* padded, std::span<const float> bias, bool relu) {
  const Window2d& window = plan.window;
  const bool in_place = padded == nullptr;
  std::vector<const float*> under(plan.size.height);
  cpu::DepthwiseRow row{.rows = under.data(),
                        .window_height = plan.size.height,
                        .window_width = plan.size.width,
                        .image_width = in_place ? plan.x.shape[2] : plan.padded_width,
                        .pixel_stride = plan.pixel_stride,
                        .left = in_place ? window.padding.left : 0,
                        .stride = window.stride.width,
                        .dilation = window.dilation.width,
                        .output_width = plan.output.width,
                        .output_stride = plan.y.strides[2]};
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t h = 0; h < under.size(); ++h) {
      const std::size_t below = i * window.stride.height + h * window.dilation.height;
      const std::size_t at = first * window.stride.height + below;  // of the padded image
      const bool inside = at >= window.padding.top && at - window.padding.top < plan.x.shape[1];
      const float* here =
          inside ? plan.x.floats() + image * plan.x.strides[0] + (at - window.padding.top) * plan.x.strides[1]
                 : nullptr;
      under[h] = in_place ? here : padded + below * plan.row_stride;
    }
    row.output = plan.y.floats() + image * plan.y.strides[0] + (first + i) * plan.y.strides[1];
    cpu::convolve_depthwise(row, filter.data(), filter.outputs(), bias.empty() ? nullptr : bias.data(), relu);
  }
}

Result<void> check_images(const ConstTensorView& x, const TensorView& y, const TensorShape& shape) {
  if (auto checked = check_tensor("x", x); !checked) return checked;
  if (auto checked = check_output("y", y, shape); !checked) return checked;
  if (auto checked = check_rows("y", y); !checked) return checked;
  return check_disjoint("y", y, "x", x);
}

}  // namespace

bool PackedFilter::usable() const noexcept { return panel_width_ == cpu::convolution_panel_width(); }

Result<PackedFilter> PackedFilter::make(ConstTensorView weights, std::size_t groups) try {
  if (weights.shape.rank() != 4) {
    return fail(Errc::shape_mismatch, "tensor 'weights' has shape " + to_string(weights.shape) +
                                          " where [height, width, inputs / groups, outputs] is needed");
  }
  if (auto checked = check_tensor("weights", weights); !checked) return tl::unexpected{checked.error()};
  const auto& shape = weights.shape;
  if (weights.empty()) {
    return fail(Errc::invalid_argument, "tensor 'weights' of shape " + to_string(shape) + " holds no weights");
  }
  if (auto checked = check_window({shape[0], shape[1]}, {}); !checked) return tl::unexpected{checked.error()};
  if (groups == 0 || shape[3] % groups != 0) {
    return fail(Errc::invalid_argument,
                std::to_string(shape[3]) + " outputs cannot be divided into " + std::to_string(groups) + " groups");
  }
  PackedFilter filter;
  filter.size_ = {shape[0], shape[1]};
  filter.inputs_per_group_ = shape[2];
  filter.outputs_per_group_ = shape[3] / groups;
  filter.groups_ = groups;
  filter.panel_width_ = cpu::convolution_panel_width();
  const std::size_t depth = shape[0] * shape[1] * shape[2];
  const std::size_t columns = filter.is_depthwise() ? 1 : cpu::convolution_panels_width(filter.outputs_per_group_);
  const auto floats = product(depth, columns, groups);
  if (!floats || *floats > KernelLimits::kWorkBytesMax / sizeof(float) || shape[2] > SIZE_MAX / groups) {
    return fail(Errc::invalid_argument, "tensor 'weights' of shape " + to_string(shape) + " is too large to be packed");
  }
  const std::shared_ptr<float[]> packed = allocate(*floats);
  const auto weight = [&](std::size_t row, std::size_t output) {
    const std::size_t tap = row / shape[2];
    return weights.floats()[tap / shape[1] * weights.strides[0] + tap % shape[1] * weights.strides[1] +
                            row % shape[2] * weights.strides[2] + output * weights.strides[3]];
  };
  filter.is_finite_ = true;
  for (std::size_t row = 0; row < depth; ++row) {
    for (std::size_t output = 0; output < shape[3]; ++output) {
      filter.is_finite_ = filter.is_finite_ && std::isfinite(weight(row, output));
    }
  }
  float* to = packed.get();
  if (filter.is_depthwise()) {
    for (std::size_t row = 0; row < depth; ++row) {
      for (std::size_t output = 0; output < groups; ++output) *to++ = weight(row, output);
    }
  } else {
    for (std::size_t group = 0; group < groups; ++group) {
      for (std::size_t first = 0; first < columns; first += filter.panel_width_) {
        const std::size_t end = std::min(columns, first + filter.panel_width_);
        for (std::size_t row = 0; row < depth; ++row) {
          for (std::size_t i = first; i < end; ++i) {
            *to++ = i < filter.outputs_per_group_ ? weight(row, group * filter.outputs_per_group_ + i) : 0.0F;
          }
        }
      }
    }
  }
  filter.packed_ = packed;
  return filter;
} catch (const std::bad_alloc&) {
  return no_memory("the packed weights of a convolution");
}

Result<TensorShape> conv2d_shape(const TensorShape& x, const PackedFilter& filter, const Window2d& window) {
  if (filter.data() == nullptr) return fail(Errc::invalid_argument, "'filter' holds no weights: make it first");
  if (auto checked = check_window(filter.size(), window); !checked) return tl::unexpected{checked.error()};
  const auto extent = output_extent(x, filter.size(), window);
  if (!extent) return tl::unexpected{extent.error()};
  if (x[3] != filter.inputs()) {
    return fail(Errc::shape_mismatch, "tensor 'x' has " + std::to_string(x[3]) + " channels where the filter takes " +
                                          std::to_string(filter.inputs()));
  }
  return TensorShape{x[0], extent->height, extent->width, filter.outputs()};
}

Result<void> conv2d(ConstTensorView x, const PackedFilter& filter, TensorView y, Window2d window,
                    ConvolutionEpilogue epilogue) try {
  const auto shape = conv2d_shape(x.shape, filter, window);
  if (!shape) return tl::unexpected{shape.error()};
  if (auto checked = check_images(x, y, *shape); !checked) return checked;
  if (!epilogue.bias.empty()) {
    if (auto checked = check_tensor("bias", epilogue.bias, TensorShape{filter.outputs()}); !checked) return checked;
    if (auto checked = check_disjoint("y", y, "bias", epilogue.bias); !checked) return checked;
  }
  if (to_string(epilogue.activation) == "unknown") {
    return fail(Errc::invalid_argument,
                "activation " + std::to_string(static_cast<int>(epilogue.activation)) + " is not one of Activation");
  }
  if (!filter.usable()) {
    return fail(Errc::invalid_argument, "'filter' was packed for another SIMD target: pack it again");
  }
  if (y.empty()) return {};
  x = with_plain_strides(x);
  y = with_plain_strides(y);
  const auto plan = make_plan(x, y, filter, window, {(*shape)[1], (*shape)[2]});
  if (!plan) return tl::unexpected{plan.error()};

  const bool relu = epilogue.activation == Activation::relu;
  const bool afterwards = !relu && epilogue.activation != Activation::none;
  const Parts parts = parts_of_window(*plan, filter);
  if (plan->leaves_out_padding) {
    for (std::size_t image = 0; image < x.shape[0]; ++image) {
      run_without_padding(*plan, filter, image, epilogue.bias, relu);
      if (afterwards) activate_rows(*plan, image, 0, plan->output.height, epilogue.activation);
    }
    return {};
  }
  const std::shared_ptr<float[]> padded = plan->in_place ? nullptr : allocate(plan->band_rows * plan->row_stride);
  for (std::size_t image = 0; image < x.shape[0]; ++image) {
    for (std::size_t i = 0; i < plan->output.height; i += plan->rows_per_band) {
      const std::size_t rows = std::min(plan->rows_per_band, plan->output.height - i);
      const std::size_t first = i * window.stride.height;
      if (!plan->in_place) {
        const std::size_t needed =
            (rows - 1) * window.stride.height + reach(filter.size().height, window.dilation.height);
        copy_band(*plan, image, first, needed, padded.get());
      }
      if (filter.is_depthwise()) {
        run_depthwise(*plan, filter, image, i, rows, padded.get(), epilogue.bias, relu);
        if (afterwards) activate_rows(*plan, image, i, rows, epilogue.activation);
        continue;
      }
      cpu::PixelBand band{.rows = rows,
                          .width = plan->output.width,
                          .input = padded.get(),
                          .input_row = window.stride.height * plan->row_stride,
                          .input_pixel = window.stride.width * plan->pixel_stride,
                          .offsets = parts.offsets.data(),
                          .offset_count = parts.offsets.size(),
                          .run = parts.length,
                          .depth = parts.offsets.size() * parts.length,
                          .output = y.floats() + image * y.strides[0] + i * y.strides[1],
                          .output_row = y.strides[1],
                          .output_pixel = y.strides[2]};
      if (plan->in_place) band.input = x.floats() + image * x.strides[0] + first * x.strides[1];
      for (std::size_t group = 0; group < filter.groups(); ++group) {
        run_group(band, filter, group, epilogue.bias, relu);
      }
      if (afterwards) activate_rows(*plan, image, i, rows, epilogue.activation);
    }
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory("the work space of a convolution");
}

Result<TensorShape> pool2d_shape(const TensorShape& x, Extent2d size, const Window2d& window) {
  if (auto checked = check_window(size, window); !checked) return tl::unexpected{checked.error()};
  const auto extent = output_extent(x, size, window);
  if (!extent) return tl::unexpected{extent.error()};
  return TensorShape{x[0], extent->height, extent->width, x[3]};
}

}  // namespace myelin::kernels
