/// Many matrix products of one kind in one call: checked together, split over threads together.
#pragma once

#include <cstddef>
#include <span>

#include "myelin/base/result.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// Matrices of one shape at even distances, e.g. the heads of an attention layer. Only read.
struct ConstMatrixBatch {
  ConstMatrixView first;
  std::size_t count = 0;
  std::size_t step = 0;  ///< Elements from one matrix to the next; 0 for the same one again and again.
};

/// The same, written. The matrices must not overlap: either each begins behind the one before it, or they lie side by
/// side within the rows of a wider matrix.
struct MatrixBatch {
  MatrixView first;
  std::size_t count = 0;
  std::size_t step = 0;
};

/// C_i = alpha * op(A_i) * op(B_i) + beta * C_i, then the epilogue, for every i below c.count.
/// **Units/shape**: as sgemm, for each i. The epilogue's bias and residual are the same for all.
/// **Errors**: as sgemm, naming the argument; shape_mismatch for a count of A or B that is not C's; invalid_argument
/// for matrices of C that overlap each other or an input, and for a batch larger than the address space.
/// **Thread-safety**: thread-safe. **Cost**: as the products one by one; with options.workers they run side by side.
[[nodiscard]] Result<void> sgemm_batch(const ConstMatrixBatch& a, const ConstMatrixBatch& b, const MatrixBatch& c,
                                       GemmOptions options = {}, const Epilogue& epilogue = {});

/// One product of a batch whose matrices lie anywhere.
struct GemmItem {
  ConstMatrixView a;
  ConstMatrixView b;
  MatrixView c;
};

/// The same for products of any shapes. An item's number is in the error.
/// **Errors**: as above. **Cost**: also sorts the ranges of memory: O(n log n) for n items.
[[nodiscard]] Result<void> sgemm_batch(std::span<const GemmItem> items, GemmOptions options = {},
                                       const Epilogue& epilogue = {});

}  // namespace myelin::kernels
