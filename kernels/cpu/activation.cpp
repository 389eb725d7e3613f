#include "myelin/kernels/activation.hpp"

#include <string>

#include "cpu/activation_kernels.hpp"
#include "myelin/kernels/normalization.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

// Elements apart from each other: gathered into vectors, some at a time.
void activate_spread(Activation activation, float slope, const float* x, std::size_t x_stride, float* y,
                     std::size_t y_stride, std::size_t count) {
  constexpr std::size_t kGathered = 256;
  float values[kGathered];
  for (std::size_t first = 0; first < count; first += kGathered) {
    const std::size_t some = count - first < kGathered ? count - first : kGathered;
    for (std::size_t i = 0; i < some; ++i) values[i] = x[(first + i) * x_stride];
    cpu::activate(activation, slope, values, values, some);
    for (std::size_t i = 0; i < some; ++i) y[(first + i) * y_stride] = values[i];
  }
}

}  // namespace

std::string_view to_string(Activation activation) noexcept {
  switch (activation) {
    case Activation::none: return "none";
    case Activation::relu: return "relu";
    case Activation::leaky_relu: return "leaky_relu";
    case Activation::gelu_erf: return "gelu_erf";
    case Activation::gelu_tanh: return "gelu_tanh";
    case Activation::silu: return "silu";
    case Activation::sigmoid: return "sigmoid";
    case Activation::tanh: return "tanh";
    case Activation::exp: return "exp";
  }
  return "unknown";
}

Result<void> activate(ConstTensorView x, Activation activation, TensorView y, ActivationOptions options) {
  if (to_string(activation) == "unknown") {
    return fail(Errc::invalid_argument,
                "activation " + std::to_string(static_cast<int>(activation)) + " is not one of Activation");
  }
  if (auto checked = check_tensor("x", x); !checked) return checked;
  if (auto checked = check_output("y", y, x.shape); !checked) return checked;
  if (auto checked = check_disjoint_or_same("y", y, "x", x); !checked) return checked;
  if (x.empty()) return {};
  if (is_contiguous(x) && is_contiguous(y)) {
    cpu::activate(activation, options.slope, x.floats(), y.floats(), x.shape.elements());
    return {};
  }
  const std::size_t count = x.shape.last();
  const std::size_t x_stride = x.shape.rank() == 0 ? 1 : x.strides.last();
  const std::size_t y_stride = y.shape.rank() == 0 ? 1 : y.strides.last();
  for_each_index<2>(outer_shape(x.shape), {x.strides, y.strides}, [&](const std::array<std::size_t, 2>& at) {
    const float* from = x.floats() + at[0];
    float* to = y.floats() + at[1];
    if (count == 1 || (x_stride == 1 && y_stride == 1)) {
      cpu::activate(activation, options.slope, from, to, count);
    } else {
      activate_spread(activation, options.slope, from, x_stride, to, y_stride, count);
    }
  });
  return {};
}

Result<void> relu(MatrixView values) {
  if (auto checked = check_view("values", values); !checked) return checked;
  if (values.empty()) return {};
  for (std::size_t i = 0; i < values.rows; ++i) {
    float* row = values.row(i).data();
    cpu::activate(Activation::relu, 0, row, row, values.cols);
  }
  return {};
}

Result<void> add_bias(MatrixView values, std::span<const float> bias) {
  if (auto checked = check_view("values", values); !checked) return checked;
  if (bias.size() != values.cols) {
    return fail(Errc::shape_mismatch, "bias has " + std::to_string(bias.size()) + " elements where " +
                                          std::to_string(values.cols) + " are needed");
  }
  if (auto checked = check_tensor("bias", bias); !checked) return checked;
  if (values.empty()) return {};
  if (auto checked = check_apart("values", values, "bias", {bias.data(), 1, bias.size()}); !checked) {
    return checked;
  }
  for (std::size_t i = 0; i < values.rows; ++i) cpu::add(values.row(i).data(), bias.data(), values.cols);
  return {};
}

Result<void> softmax_rows(MatrixView logits) {
  if (auto checked = check_view("logits", logits); !checked) return checked;
  return softmax(logits, logits);
}

std::optional<std::size_t> argmax(std::span<const float> values) noexcept {
  std::optional<std::size_t> best;
  if (values.data() == nullptr) return best;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != values[i]) continue;  // NaN
    if (!best || values[i] > values[*best]) best = i;
  }
  return best;
}

}  // namespace myelin::kernels
