/// Where the windows of a convolution or a pooling lie: checks and arithmetic that both share.
#pragma once

#include <string>
#include <vector>

#include "myelin/kernels/convolution.hpp"
#include "myelin/kernels/limits.hpp"

namespace myelin::kernels {

/// How far a window reaches in one direction. **Requires**: size and dilation at least 1.
[[nodiscard]] constexpr std::size_t reach(std::size_t size, std::size_t dilation) { return (size - 1) * dilation + 1; }

/// **Errors**: invalid_argument, naming the length at fault.
[[nodiscard]] Result<void> check_window(Extent2d size, const Window2d& window);

/// The output's height and width. **Requires**: passed check_window.
/// **Errors**: invalid_argument when the window is larger than the padded image; or x is not of rank 4.
[[nodiscard]] Result<Extent2d> output_extent(const TensorShape& x, Extent2d size, const Window2d& window);

/// Rows of the output that follow each other, or columns, whose windows have the same elements inside the image.
struct Neighbours {
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t inside_begin = 0;  ///< Of a window's elements.
  std::size_t inside_end = 0;    ///< inside_begin where all of them are beside the image.
};

/// All of them, in one direction: `before` elements of padding before the image's `length`, a window of `window`
/// elements `dilation` apart. **Requires**: passed check_window and output_extent.
[[nodiscard]] std::vector<Neighbours> neighbours(std::size_t outputs, std::size_t stride, std::size_t before,
                                                 std::size_t length, std::size_t window, std::size_t dilation);

}  // namespace myelin::kernels
