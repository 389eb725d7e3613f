#include "myelin/kernels/activation.hpp"

#include <string>

#include "cpu/activation_kernels.hpp"

namespace myelin::kernels {

std::string_view to_string(Activation activation) noexcept {
  switch (activation) {
    case Activation::none: return "none";
    case Activation::relu: return "relu";
  }
  return "unknown";
}

Result<void> relu(MatrixView values) {
  if (auto checked = check_view("values", values); !checked) return checked;
  if (values.empty()) return {};
  for (std::size_t i = 0; i < values.rows; ++i) cpu::relu(values.row(i).data(), values.cols);
  return {};
}

Result<void> add_bias(MatrixView values, std::span<const float> bias) {
  if (auto checked = check_view("values", values); !checked) return checked;
  if (bias.size() != values.cols) {
    return fail(Errc::shape_mismatch, "bias has " + std::to_string(bias.size()) + " elements where " +
                                          std::to_string(values.cols) + " are needed");
  }
  if (values.empty()) return {};
  if (auto checked = check_apart("values", values, "bias", {bias.data(), 1, bias.size()}); !checked) return checked;
  for (std::size_t i = 0; i < values.rows; ++i) cpu::add(values.row(i).data(), bias.data(), values.cols);
  return {};
}

Result<void> softmax_rows(MatrixView logits) {
  if (auto checked = check_view("logits", logits); !checked) return checked;
  if (logits.empty()) return {};
  for (std::size_t i = 0; i < logits.rows; ++i) cpu::softmax(logits.row(i).data(), logits.cols);
  return {};
}

std::optional<std::size_t> argmax(std::span<const float> values) noexcept {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != values[i]) continue;  // NaN
    if (!best || values[i] > values[*best]) best = i;
  }
  return best;
}

}  // namespace myelin::kernels
