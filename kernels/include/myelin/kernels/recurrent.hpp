/// LSTM and GRU cells: one step of a recurrent network for a batch, on the best SIMD target of the CPU.
///
/// Weights are given once and kept packed. **Thread-safety**: cells are immutable, so threads may share one; copies
/// share the packed memory. Work memory belongs to the call: all gates of the batch, twice.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// i, f, o = sigmoid and g = tanh of (x * input weights + h * hidden weights + bias); c' = f c + i g; h' = o tanh(c').
/// **Source**: Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; gates in the order of PyTorch.
class LstmCell {
 public:
  /// **Units/shape**: input_weights [inputs, 4 * hidden], hidden_weights [hidden, 4 * hidden], any strides; the columns
  /// are those of i, f, g and o. PyTorch keeps the transposes: swapped strides read them. bias [4 * hidden], or empty.
  /// **Errors**: shape_mismatch; invalid_argument for a bad tensor; backend_failed where there is no memory. **Cost**:
  /// reads the weights once and copies them.
  [[nodiscard]] static Result<LstmCell> make(ConstTensorView input_weights, ConstTensorView hidden_weights,
                                             std::span<const float> bias = {});

  [[nodiscard]] std::size_t inputs() const noexcept { return input_weights_.rows(); }
  [[nodiscard]] std::size_t hidden() const noexcept { return hidden_weights_.rows(); }

  /// One step. **Units/shape**: x [batch, inputs]; h, c, h_next and c_next [batch, hidden]; all without gaps in a row.
  /// h_next may be h, and c_next may be c. Each sum of a gate errs as sgemm does, the functions as activate does.
  /// **Errors**: shape_mismatch; invalid_argument for a bad tensor, for outputs that overlap an input or each other,
  /// and for a cell made on another SIMD target; backend_failed where there is no memory. The outputs are untouched
  /// after an error.
  [[nodiscard]] Result<void> step(ConstTensorView x, ConstTensorView h, ConstTensorView c, TensorView h_next,
                                  TensorView c_next) const;

 private:
  PackedMatrix input_weights_;
  PackedMatrix hidden_weights_;
  std::vector<float> bias_;
};

/// r, z = sigmoid of (x * input weights + input bias + h * hidden weights + hidden bias); n = tanh(x * input weights +
/// input bias + r (h * hidden weights + hidden bias)); h' = (1 - z) n + z h.
/// **Source**: Cho et al. 2014, with the reset gate after the product, and gates in the order, of PyTorch.
class GruCell {
 public:
  /// **Units/shape**: input_weights [inputs, 3 * hidden], hidden_weights [hidden, 3 * hidden], any strides; the columns
  /// are those of r, z and n. Each bias [3 * hidden], or empty. **Errors**, **Cost**: as of LstmCell.
  [[nodiscard]] static Result<GruCell> make(ConstTensorView input_weights, ConstTensorView hidden_weights,
                                            std::span<const float> input_bias = {},
                                            std::span<const float> hidden_bias = {});

  [[nodiscard]] std::size_t inputs() const noexcept { return input_weights_.rows(); }
  [[nodiscard]] std::size_t hidden() const noexcept { return hidden_weights_.rows(); }

  /// One step. **Units/shape**: x [batch, inputs]; h and h_next [batch, hidden]; all without gaps in a row. h_next may
  /// be h. **Errors**: as of LstmCell.
  [[nodiscard]] Result<void> step(ConstTensorView x, ConstTensorView h, TensorView h_next) const;

 private:
  PackedMatrix input_weights_;
  PackedMatrix hidden_weights_;
  std::vector<float> input_bias_;
  std::vector<float> hidden_bias_;
};

}  // namespace myelin::kernels
