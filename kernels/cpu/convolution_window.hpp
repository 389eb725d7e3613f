/// Where the windows of a convolution or a pooling lie: checks and arithmetic that both share.
#pragma once

#include <string>

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

}  // namespace myelin::kernels
