/// Reductions and dot products below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// The sum of `count` floats: in float within a block, in double over blocks.
[[nodiscard]] double sum(const float* x, std::size_t count);

/// The largest and the smallest; NaN if there is any; -inf and +inf for none.
[[nodiscard]] float largest(const float* x, std::size_t count);
[[nodiscard]] float smallest(const float* x, std::size_t count);

/// The first index of the largest element that is not NaN; `count` if there is none.
[[nodiscard]] std::size_t index_of_largest(const float* x, std::size_t count);

/// The first index from `first` on with x[i] > threshold; `count` if there is none.
[[nodiscard]] std::size_t find_above(const float* x, std::size_t first, std::size_t count, float threshold);

/// dots[i] = query . row i, and squares[i] = row i . row i unless `squares` is null. Row i begins at rows + i * stride.
void dot_rows(const float* query, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
              float* dots, float* squares);

/// y[j] += sum over i of weights[i] * rows[i * stride + j], for j < dim.
void add_weighted_rows(const float* weights, const float* rows, std::size_t stride, std::size_t count, std::size_t dim,
                       float* y);

}  // namespace myelin::kernels::cpu
