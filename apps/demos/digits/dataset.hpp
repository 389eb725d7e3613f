/// The 1,797 handwritten digits (8x8 pixels) of the UCI "Optical Recognition of Handwritten Digits" test set.
///
/// The file is scikit-learn's `digits.csv.gz`: a row an image, 64 pixel values 0..16 and the digit 0..9, separated by
/// commas. Set-up fetches it into the cache; it is never part of the repository.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "process/environment.hpp"

namespace myelin::digits {

inline constexpr std::size_t kSide = 8;
inline constexpr std::size_t kPixels = kSide * kSide;
inline constexpr std::size_t kClasses = 10;
inline constexpr int kPixelMax = 16;  ///< Each of the 8x8 pixels counts the set dots of a 4x4 block.

/// Of each run of this many rows the last one is held out: rows 5, 10, 15, ... of the file are never trained on. A
/// fixed rule, so that every run on every machine has the same split: 1,438 rows to train on and 359 held out.
inline constexpr std::size_t kHoldOutEvery = 5;

/// Images and their digits, in the file's order. **Thread-safety**: thread-compatible.
struct Samples {
  std::vector<float> pixels;         ///< [size, 64] row-major, each pixel 0 (background) to 1.
  std::vector<std::uint8_t> labels;  ///< [size], each 0..9.

  [[nodiscard]] std::size_t size() const { return labels.size(); }
  /// **Shape**: [64]. **Requires**: index < size().
  [[nodiscard]] std::span<const float> image(std::size_t index) const {
    return std::span{pixels}.subspan(index * kPixels, kPixels);
  }
};

struct Split {
  Samples train;
  Samples held_out;
};

/// Where the data set is looked for: `given` if there is one, else `$MYELIN_DATA_DIR/digits.csv.gz`, else
/// `${XDG_CACHE_HOME:-$HOME/.cache}/myelin/digits.csv.gz`. The file need not exist.
[[nodiscard]] std::filesystem::path data_file(const std::optional<std::filesystem::path>& given,
                                              const tool::Environment& environment);

/// All rows of the file, gzip-compressed or plain.
/// **Errors**: not_found, io_error; corrupt_file with the line number for a truncated or damaged gzip stream, a wrong
/// count of columns, a value that is no number or out of range, or no rows at all. Each names the remedy.
[[nodiscard]] Result<Samples> read_samples(const std::filesystem::path& path);

/// The two parts by kHoldOutEvery.
[[nodiscard]] Split split(const Samples& samples);

}  // namespace myelin::digits
