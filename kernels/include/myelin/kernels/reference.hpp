/// The kernels as plain loops: the oracle that tests compare with, and the last resort when everything else failed.
///
/// Sums are kept in double and rounded once. No SIMD library, no allocation, no errors. Thread-safe on distinct memory.
/// **Requires** (all functions): views that passed the checks of their SIMD counterparts in gemm.hpp and
/// activation.hpp.
#pragma once

#include <span>

#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels::reference {

/// C = op(A) * op(B), then the epilogue. Same contract as kernels::sgemm.
void sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {},
           Epilogue epilogue = {}) noexcept;

/// Same contract as kernels::relu.
void relu(MatrixView values) noexcept;

/// Same contract as kernels::add_bias.
void add_bias(MatrixView values, std::span<const float> bias) noexcept;

/// Same contract as kernels::softmax_rows, except that probabilities down to the smallest float are kept.
void softmax_rows(MatrixView logits) noexcept;

}  // namespace myelin::kernels::reference
