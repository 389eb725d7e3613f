#include "nn/labels.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "myelin/kernels/activation.hpp"

namespace myelin::kernels {

Result<void> check_labelled(ConstMatrixView inputs, std::span<const std::uint32_t> labels, std::size_t width,
                            std::size_t classes) {
  if (auto checked = check_shape("inputs", inputs, inputs.rows, width); !checked) return checked;
  if (labels.size() != inputs.rows) {
    return fail(Errc::shape_mismatch, std::to_string(labels.size()) + " labels where " + std::to_string(inputs.rows) +
                                          " are needed, one per row");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      return fail(Errc::invalid_argument, "label " + std::to_string(labels[i]) + " of row " + std::to_string(i) +
                                              " is not below the number of classes, " + std::to_string(classes));
    }
  }
  return {};
}

Score score(ConstMatrixView probabilities, std::span<const std::uint32_t> labels) {
  Score result;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float probability = probabilities(i, labels[i]);
    // Softmax flushes to zero what is below the smallest normal float; its logarithm would be infinite. NaN stays.
    constexpr float kSmallest = std::numeric_limits<float>::min();
    result.loss_sum -= std::log(static_cast<double>(probability < kSmallest ? kSmallest : probability));
    if (argmax(probabilities.row(i)) == labels[i]) ++result.correct;
  }
  return result;
}

}  // namespace myelin::kernels
