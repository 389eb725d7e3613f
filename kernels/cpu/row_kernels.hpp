/// Kernels over rows, below the border: no checks, run-time choice of the SIMD target. **Requires** (all): count > 0,
/// and y is x or apart from it.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// Rows of x, and those of y that they become.
struct RowPairs {
  const float* x = nullptr;
  std::size_t x_stride = 0;  ///< From one row to the next.
  float* y = nullptr;
  std::size_t y_stride = 0;
  std::size_t rows = 0;
  std::size_t count = 0;  ///< Elements of a row.
};

/// See kernels::softmax.
void softmax(const RowPairs& pairs);

/// See kernels::log_softmax.
void log_softmax(const RowPairs& pairs);

/// See kernels::layer_norm. `gain` and `bias` may be null.
void layer_norm(const RowPairs& pairs, const float* gain, const float* bias, float epsilon);

/// See kernels::rms_norm. `gain` may be null.
void rms_norm(const RowPairs& pairs, const float* gain, float epsilon);

}  // namespace myelin::kernels::cpu
