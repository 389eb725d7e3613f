#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "cpu/convolution_kernels.hpp"
#include "cpu/convolution_window.hpp"
#include "memory/no_memory.hpp"
#include "myelin/kernels/convolution.hpp"

namespace myelin::kernels {

namespace {

// Those of `count` elements `dilation` apart, the first at `start - padding`, that lie within `length`: [first, last).
struct Inside {
  std::size_t first;
  std::size_t last;
};

Inside elements_inside(std::size_t start, std::size_t padding, std::size_t count, std::size_t dilation,
                       std::size_t length) {
  const std::size_t missing = start < padding ? padding - start : 0;
  const std::size_t first = (missing + dilation - 1) / dilation;
  // start + i * dilation < padding + length
  const std::size_t end = padding + length;
  const std::size_t last = start >= end ? 0 : (end - start + dilation - 1) / dilation;
  return {first, std::min(last, count)};
}

}  // namespace

Result<void> pool2d(ConstTensorView x, Pooling pooling, Extent2d size, TensorView y, Window2d window) try {
  if (pooling != Pooling::max && pooling != Pooling::average) {
    return fail(Errc::invalid_argument,
                "pooling " + std::to_string(static_cast<int>(pooling)) + " is not one of Pooling");
  }
  const auto shape = pool2d_shape(x.shape, size, window);
  if (!shape) return tl::unexpected{shape.error()};
  if (auto checked = check_tensor("x", x); !checked) return checked;
  if (auto checked = check_rows("x", x); !checked) return checked;
  if (auto checked = check_output("y", y, *shape); !checked) return checked;
  if (auto checked = check_rows("y", y); !checked) return checked;
  if (auto checked = check_disjoint("y", y, "x", x); !checked) return checked;
  if (y.empty()) return {};
  const std::size_t channels = x.shape[3];
  const float nothing = pooling == Pooling::max ? -std::numeric_limits<float>::infinity() : 0.0F;
  std::vector<std::size_t> offsets;
  offsets.reserve(size.height * size.width);
  for (std::size_t image = 0; image < x.shape[0]; ++image) {
    const float* from = x.floats() + image * x.strides[0];
    for (std::size_t i = 0; i < (*shape)[1]; ++i) {
      const std::size_t top = i * window.stride.height;
      const Inside down = elements_inside(top, window.padding.top, size.height, window.dilation.height, x.shape[1]);
      for (std::size_t j = 0; j < (*shape)[2]; ++j) {
        const std::size_t left = j * window.stride.width;
        const Inside across = elements_inside(left, window.padding.left, size.width, window.dilation.width, x.shape[2]);
        offsets.clear();
        for (std::size_t h = down.first; h < down.last; ++h) {
          const std::size_t row = (top + h * window.dilation.height - window.padding.top) * x.strides[1];
          for (std::size_t w = across.first; w < across.last; ++w) {
            offsets.push_back(row + (left + w * window.dilation.width - window.padding.left) * x.strides[2]);
          }
        }
        float* to = y.floats() + image * y.strides[0] + i * y.strides[1] + j * y.strides[2];
        if (offsets.empty()) {
          std::fill_n(to, channels, nothing);
        } else if (pooling == Pooling::max) {
          cpu::max_of_taps(from, offsets.data(), offsets.size(), channels, to);
        } else {
          cpu::mean_of_taps(from, offsets.data(), offsets.size(), channels, to);
        }
      }
    }
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory("the offsets of a pooling window");
}

}  // namespace myelin::kernels
