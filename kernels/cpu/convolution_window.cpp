#include "cpu/convolution_window.hpp"

#include <limits>

namespace myelin::kernels {

Result<void> check_window(Extent2d size, const Window2d& window) {
  constexpr std::size_t kMax = KernelLimits::kWindowSideMax;
  struct Length {
    const char* name;
    std::size_t value;
    std::size_t least;
  };
  const Length lengths[] = {
      {"the window's height", size.height, 1},        {"the window's width", size.width, 1},
      {"stride.height", window.stride.height, 1},     {"stride.width", window.stride.width, 1},
      {"dilation.height", window.dilation.height, 1}, {"dilation.width", window.dilation.width, 1},
      {"padding.top", window.padding.top, 0},         {"padding.bottom", window.padding.bottom, 0},
      {"padding.left", window.padding.left, 0},       {"padding.right", window.padding.right, 0}};
  for (const Length& length : lengths) {
    if (length.value >= length.least && length.value <= kMax) continue;
    return fail(Errc::invalid_argument, std::string{length.name} + " is " + std::to_string(length.value) +
                                            ", outside " + std::to_string(length.least) + " to " +
                                            std::to_string(kMax));
  }
  return {};
}

Result<Extent2d> output_extent(const TensorShape& x, Extent2d size, const Window2d& window) {
  if (x.rank() != 4) {
    return fail(Errc::shape_mismatch,
                "tensor 'x' has shape " + to_string(x) + " where [batch, height, width, channels] is needed");
  }
  if (x[1] == 0 || x[2] == 0) {
    return fail(Errc::shape_mismatch, "tensor 'x' of shape " + to_string(x) + " holds images without pixels");
  }
  constexpr std::size_t kSideMax = std::numeric_limits<std::size_t>::max() / 4;
  if (x[1] > kSideMax || x[2] > kSideMax) {
    return fail(Errc::invalid_argument, "tensor 'x' of shape " + to_string(x) + " is larger than the address space");
  }
  const std::size_t height = x[1] + window.padding.top + window.padding.bottom;
  const std::size_t width = x[2] + window.padding.left + window.padding.right;
  const std::size_t down = reach(size.height, window.dilation.height);
  const std::size_t across = reach(size.width, window.dilation.width);
  if (down > height || across > width) {
    return fail(Errc::shape_mismatch, "a window that reaches over " + std::to_string(down) + " x " +
                                          std::to_string(across) + " elements does not fit into the padded image of " +
                                          std::to_string(height) + " x " + std::to_string(width));
  }
  return Extent2d{(height - down) / window.stride.height + 1, (width - across) / window.stride.width + 1};
}

std::vector<Neighbours> neighbours(std::size_t outputs, std::size_t stride, std::size_t before, std::size_t length,
                                   std::size_t window, std::size_t dilation) {
  std::vector<Neighbours> all;
  for (std::size_t i = 0; i < outputs; ++i) {
    const auto is_inside = [&](std::size_t element) {
      const std::size_t at = i * stride + element * dilation;
      return at >= before && at - before < length;
    };
    Neighbours one{.first = i, .count = 1};
    while (one.inside_begin < window && !is_inside(one.inside_begin)) ++one.inside_begin;
    one.inside_end = one.inside_begin;
    while (one.inside_end < window && is_inside(one.inside_end)) ++one.inside_end;
    if (!all.empty() && all.back().inside_begin == one.inside_begin && all.back().inside_end == one.inside_end) {
      ++all.back().count;
    } else {
      all.push_back(one);
    }
  }
  return all;
}

}  // namespace myelin::kernels
