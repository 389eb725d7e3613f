/// Small pictures in text: gray images and sparklines.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "terminal/terminal.hpp"

namespace myelin::tool {

/// The image as lines of text, all of one display width. With UTF-8, two pixel rows a line out of half-blocks (gray
/// levels with colour, black and white at half intensity without); with ASCII, one pixel row a line and two characters
/// a pixel.
/// **Shape**: `pixels` is [height, width] row-major, 0 (dark) to 1. **Requires**: pixels.size() a multiple of width, an
/// even height.
[[nodiscard]] std::vector<std::string> draw_image(std::span<const float> pixels, std::size_t width, Style style);

/// One character a value, its height between the least and the greatest value; empty for no values.
[[nodiscard]] std::string draw_sparkline(std::span<const double> values, Style style);

}  // namespace myelin::tool
