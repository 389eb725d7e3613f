#include "myelin/kernels/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace myelin::kernels::reference {

namespace {

// Comparison, not std::max: NaN stays NaN.
float relu_of(float x) { return x < 0.0F ? 0.0F : x; }

}  // namespace

void sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options, const Epilogue& epilogue) noexcept {
  if (c.empty()) return;  // of any number of rows
  // With an alpha of 0 the operands are not read.
  const std::size_t depth = options.alpha == 0.0F ? 0 : options.transpose_a ? a.rows : a.cols;
  // Columns at a time, so that the sums fit on the stack and the inner loop runs along rows of B.
  constexpr std::size_t kColumns = 128;
  double sums[kColumns];
  for (std::size_t i = 0; i < c.rows; ++i) {
    for (std::size_t j0 = 0; j0 < c.cols; j0 += kColumns) {
      const std::size_t width = std::min(kColumns, c.cols - j0);
      std::fill_n(sums, width, 0.0);
      for (std::size_t p = 0; p < depth; ++p) {
        const double left = options.transpose_a ? a(p, i) : a(i, p);
        if (options.transpose_b) {
          for (std::size_t j = 0; j < width; ++j) sums[j] += left * static_cast<double>(b(j0 + j, p));
        } else {
          const float* right = b.data + p * b.stride + j0;
          for (std::size_t j = 0; j < width; ++j) sums[j] += left * static_cast<double>(right[j]);
        }
      }
      for (std::size_t j = 0; j < width; ++j) {
        float& to = c(i, j0 + j);
        double sum = static_cast<double>(options.alpha) * sums[j];
        if (options.beta != 0.0F) sum += static_cast<double>(options.beta) * static_cast<double>(to);
        if (!epilogue.bias.empty()) sum += static_cast<double>(epilogue.bias[j0 + j]);
        const auto value = static_cast<float>(activation_of(epilogue.activation, sum));
        to = epilogue.residual.empty() ? value : value + epilogue.residual(i, j0 + j);
      }
    }
  }
}

void relu(MatrixView values) noexcept {
  if (values.empty()) return;
  for (std::size_t i = 0; i < values.rows; ++i) {
    for (std::size_t j = 0; j < values.cols; ++j) values(i, j) = relu_of(values(i, j));
  }
}

void add_bias(MatrixView values, std::span<const float> bias) noexcept {
  if (values.empty()) return;
  for (std::size_t i = 0; i < values.rows; ++i) {
    for (std::size_t j = 0; j < values.cols; ++j) values(i, j) += bias[j];
  }
}

void softmax_rows(MatrixView logits) noexcept {
  if (logits.empty()) return;
  for (std::size_t i = 0; i < logits.rows; ++i) {
    float largest = -std::numeric_limits<float>::infinity();
    for (std::size_t j = 0; j < logits.cols; ++j) largest = std::max(largest, logits(i, j));
    double sum = 0;
    for (std::size_t j = 0; j < logits.cols; ++j) {
      sum += std::exp(static_cast<double>(logits(i, j)) - static_cast<double>(largest));
    }
    for (std::size_t j = 0; j < logits.cols; ++j) {
      const double power = std::exp(static_cast<double>(logits(i, j)) - static_cast<double>(largest));
      logits(i, j) = static_cast<float>(power / sum);
    }
  }
}

}  // namespace myelin::kernels::reference
