/// What training and evaluation demand of labelled rows, and how they score probabilities.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// **Errors**: shape_mismatch for inputs that are not `width` wide or as many labels as not rows; invalid_argument for
/// a bad view or a label that is not below `classes` (named by its row).
[[nodiscard]] Result<void> check_labelled(ConstMatrixView inputs, std::span<const std::uint32_t> labels,
                                          std::size_t width, std::size_t classes);

/// Sums over rows.
struct Score {
  double loss_sum = 0;      ///< Cross-entropy in nats; NaN if any probability that counts is NaN.
  std::size_t correct = 0;  ///< Rows whose most probable class is the label.
};

/// **Requires**: one label per row, each below probabilities.cols.
[[nodiscard]] Score score(ConstMatrixView probabilities, std::span<const std::uint32_t> labels);

}  // namespace myelin::kernels
