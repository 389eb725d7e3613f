// Element-wise and row-wise kernels as plain loops.

#include <cmath>
#include <limits>
#include <numbers>

#include "myelin/kernels/reference.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels::reference {

namespace {

// One row of x with the row of y that it becomes.
struct Rows {
  const float* x;
  std::size_t x_stride;
  float* y;
  std::size_t y_stride;
  std::size_t count;

  [[nodiscard]] double operator[](std::size_t i) const { return x[i * x_stride]; }
  void set(std::size_t i, double value) const { y[i * y_stride] = static_cast<float>(value); }
};

template <class Visit>
void for_each_row(const ConstTensorView& x, const TensorView& y, Visit visit) {
  if (x.empty()) return;
  const bool single = x.shape.rank() == 0;
  for_each_index<2>(outer_shape(x.shape), {x.strides, y.strides}, [&](const std::array<std::size_t, 2>& at) {
    visit(Rows{x.floats() + at[0], single ? 1 : x.strides.last(), y.floats() + at[1], single ? 1 : y.strides.last(),
               x.shape.last()});
  });
}

// Comparison, not std::max: NaN elements are skipped, and spoil the sum instead.
double largest_of(const Rows& rows) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < rows.count; ++i) {
    if (rows[i] > largest) largest = rows[i];
  }
  return largest;
}

double sum_of_powers(const Rows& rows, double largest) {
  double sum = 0;
  for (std::size_t i = 0; i < rows.count; ++i) sum += std::exp(rows[i] - largest);
  return sum;
}

double parameter(std::span<const float> values, std::size_t i, double otherwise) {
  return values.empty() ? otherwise : static_cast<double>(values[i]);
}

}  // namespace

double activation_of(Activation activation, double x, double slope) noexcept {
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return x < 0 ? 0 : x;
    case Activation::leaky_relu: return x < 0 ? slope * x : x;
    case Activation::gelu_erf:
      if (x < -40) return -0.0;  // also -infinity, which times 0 would be NaN
      return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
    case Activation::gelu_tanh:
      if (x < -40) return -0.0;
      return x / (1 + std::exp(-2 * std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::silu:
      if (x < -800) return -0.0;
      return x / (1 + std::exp(-x));
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
    case Activation::exp: return std::exp(x);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void activate(ConstTensorView x, Activation activation, TensorView y, ActivationOptions options) noexcept {
  for_each_row(x, y, [&](const Rows& rows) {
    for (std::size_t i = 0; i < rows.count; ++i) rows.set(i, activation_of(activation, rows[i], options.slope));
  });
}

void softmax(ConstTensorView x, TensorView y) noexcept {
  for_each_row(x, y, [](const Rows& rows) {
    const double largest = largest_of(rows);
    const double sum = sum_of_powers(rows, largest);
    for (std::size_t i = 0; i < rows.count; ++i) rows.set(i, std::exp(rows[i] - largest) / sum);
  });
}

void log_softmax(ConstTensorView x, TensorView y) noexcept {
  for_each_row(x, y, [](const Rows& rows) {
    const double largest = largest_of(rows);
    const double logarithm = std::log(sum_of_powers(rows, largest));
    for (std::size_t i = 0; i < rows.count; ++i) rows.set(i, rows[i] - largest - logarithm);
  });
}

void layer_norm(ConstTensorView x, TensorView y, NormOptions options) noexcept {
  for_each_row(x, y, [&](const Rows& rows) {
    const auto count = static_cast<double>(rows.count);
    double mean = 0;
    for (std::size_t i = 0; i < rows.count; ++i) mean += rows[i];
    mean /= count;
    double variance = 0;
    for (std::size_t i = 0; i < rows.count; ++i) variance += (rows[i] - mean) * (rows[i] - mean);
    const double scale = 1 / std::sqrt(variance / count + static_cast<double>(options.epsilon));
    for (std::size_t i = 0; i < rows.count; ++i) {
      rows.set(i, (rows[i] - mean) * scale * parameter(options.gain, i, 1) + parameter(options.bias, i, 0));
    }
  });
}

void rms_norm(ConstTensorView x, TensorView y, NormOptions options) noexcept {
  for_each_row(x, y, [&](const Rows& rows) {
    double squares = 0;
    for (std::size_t i = 0; i < rows.count; ++i) squares += rows[i] * rows[i];
    const double scale =
        1 / std::sqrt(squares / static_cast<double>(rows.count) + static_cast<double>(options.epsilon));
    for (std::size_t i = 0; i < rows.count; ++i) rows.set(i, rows[i] * scale * parameter(options.gain, i, 1));
  });
}

}  // namespace myelin::kernels::reference
