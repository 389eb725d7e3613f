#include "terminal/drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace myelin::tool {

namespace {

/// The 256-colour palette's gray ramp: 24 steps from 232 (near black) to 255 (near white).
int gray_of(float pixel) { return 232 + static_cast<int>(std::clamp(pixel, 0.0F, 1.0F) * 23.0F + 0.5F); }

std::string half_blocks(std::span<const float> upper, std::span<const float> lower, bool colour) {
  std::string line;
  for (std::size_t x = 0; x < upper.size(); ++x) {
    if (colour) {
      line += fmt::format("\x1b[38;5;{};48;5;{}m\u2580", gray_of(upper[x]), gray_of(lower[x]));
    } else {
      const bool up = upper[x] >= 0.5F;
      const bool down = lower[x] >= 0.5F;
      line += up && down ? "\u2588" : up ? "\u2580" : down ? "\u2584" : " ";
    }
  }
  if (colour) line += "\x1b[0m";
  return line;
}

std::string ascii_row(std::span<const float> row) {
  constexpr std::string_view kRamp = " .:-=+*#%@";
  std::string line;
  for (const float pixel : row) {
    const float scaled = std::clamp(pixel, 0.0F, 1.0F) * static_cast<float>(kRamp.size() - 1) + 0.5F;
    line.append(2, kRamp[static_cast<std::size_t>(scaled)]);  // Two, for a character is about twice as high as wide.
  }
  return line;
}

}  // namespace

std::vector<std::string> draw_image(std::span<const float> pixels, std::size_t width, Style style) {
  std::vector<std::string> lines;
  const std::size_t height = width == 0 ? 0 : pixels.size() / width;
  const auto row = [&](std::size_t y) { return pixels.subspan(y * width, width); };
  if (style.utf8) {
    for (std::size_t y = 0; y + 1 < height; y += 2) lines.push_back(half_blocks(row(y), row(y + 1), style.colour));
  } else {
    for (std::size_t y = 0; y < height; ++y) lines.push_back(ascii_row(row(y)));
  }
  return lines;
}

std::string draw_sparkline(std::span<const double> values, Style style) {
  static constexpr std::array<std::string_view, 8> kBlocks{"\u2581", "\u2582", "\u2583", "\u2584",
                                                           "\u2585", "\u2586", "\u2587", "\u2588"};
  static constexpr std::array<std::string_view, 8> kAscii{"_", ".", ",", "-", "=", "+", "*", "#"};
  if (values.empty()) return {};
  const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
  const double range = *greatest - *least;
  std::string line;
  for (const double value : values) {
    const double height = range > 0 ? (value - *least) / range : 0.0;
    const auto level = static_cast<std::size_t>(height * 7.0 + 0.5);
    line += style.utf8 ? kBlocks[level] : kAscii[level];
  }
  return line;
}

}  // namespace myelin::tool
