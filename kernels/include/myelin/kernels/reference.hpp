/// The kernels as plain loops: the oracle that tests compare with, and the last resort when everything else failed.
///
/// Sums are kept in double and rounded once. No SIMD library, no allocation, no errors. Thread-safe on distinct memory.
/// **Requires** (all functions): arguments that passed the checks of their SIMD counterparts.
#pragma once

#include <span>

#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/normalization.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels::reference {

/// C = alpha * op(A) * op(B) + beta * C, then the epilogue. Same contract as kernels::sgemm, on the calling thread
/// alone.
void sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {},
           const Epilogue& epilogue = {}) noexcept;

/// Same contract as kernels::relu.
void relu(MatrixView values) noexcept;

/// Same contract as kernels::add_bias.
void add_bias(MatrixView values, std::span<const float> bias) noexcept;

/// Same contract as kernels::softmax_rows, except that probabilities down to the smallest float are kept.
void softmax_rows(MatrixView logits) noexcept;

/// f(x) in double. **Requires**: a known activation.
[[nodiscard]] double activation_of(Activation activation, double x, double slope = 0.01) noexcept;

/// Same contract as kernels::activate.
void activate(ConstTensorView x, Activation activation, TensorView y, ActivationOptions options = {}) noexcept;

/// Same contract as kernels::softmax, except that probabilities down to the smallest float are kept.
void softmax(ConstTensorView x, TensorView y) noexcept;

/// Same contract as kernels::log_softmax.
void log_softmax(ConstTensorView x, TensorView y) noexcept;

/// Same contract as kernels::layer_norm.
void layer_norm(ConstTensorView x, TensorView y, NormOptions options = {}) noexcept;

/// Same contract as kernels::rms_norm, except that no sum of squares is too large.
void rms_norm(ConstTensorView x, TensorView y, NormOptions options = {}) noexcept;

}  // namespace myelin::kernels::reference
