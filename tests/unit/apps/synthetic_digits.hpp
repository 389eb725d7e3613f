/// Ten easy patterns in the digits' format, for tests that need no download.
#pragma once

#include <string>

#include "demos/digits/dataset.hpp"

namespace myelin::test {

/// Row after row in the format of the data set, digits in turn: a pattern of random dots for each digit, with noise.
inline std::string synthetic_digits_csv(std::size_t rows) {
  std::string text;
  std::uint64_t state = 1;
  const auto random = [&state] {  // Knuth's linear congruential generator: the same everywhere
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
  };
  std::vector<std::uint64_t> dots;
  for (std::size_t i = 0; i < digits::kClasses * digits::kPixels; ++i) dots.push_back(random() % 2);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t digit = row / digits::kHoldOutEvery % digits::kClasses;  // each digit on both sides of the split
    for (std::size_t pixel = 0; pixel < digits::kPixels; ++pixel) {
      text += std::to_string(dots[digit * digits::kPixels + pixel] * 12 + random() % 5) + ',';
    }
    text += std::to_string(digit) + '\n';
  }
  return text;
}

/// The same, read.
inline digits::Samples synthetic_digits(std::size_t rows) {
  digits::Samples samples;
  const std::string text = synthetic_digits_csv(rows);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find_first_of(",\n", at);
    const int value = std::stoi(text.substr(at, end - at));
    if (text[end] == ',') {
      samples.pixels.push_back(static_cast<float>(value) / static_cast<float>(digits::kPixelMax));
    } else {
      samples.labels.push_back(static_cast<std::uint8_t>(value));
    }
    at = end + 1;
  }
  return samples;
}

}  // namespace myelin::test
