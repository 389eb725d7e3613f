/// Element-wise kernels below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

#include "myelin/kernels/activation.hpp"

namespace myelin::kernels::cpu {

/// y[i] = f(x[i]). **Requires**: y is x, or apart from it.
void activate(Activation activation, float slope, const float* x, float* y, std::size_t count);

/// values[i] += addends[i]. **Requires**: the two are apart.
void add(float* values, const float* addends, std::size_t count);

}  // namespace myelin::kernels::cpu
