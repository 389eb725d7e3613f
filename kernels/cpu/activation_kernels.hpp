/// Element-wise and row-wise kernels below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// See kernels::relu. One run of `count` floats.
void relu(float* values, std::size_t count);

/// values[i] += addends[i]. **Requires**: the two are apart.
void add(float* values, const float* addends, std::size_t count);

/// See kernels::softmax_rows. One row.
void softmax(float* row, std::size_t count);

}  // namespace myelin::kernels::cpu
