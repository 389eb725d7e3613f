/// Kernels that only training needs: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// What one Adam step needs besides the arrays.
struct AdamStep {
  float beta1;
  float beta2;
  float step_size;       ///< learning rate * sqrt(1 - beta2^t) / (1 - beta1^t)
  float epsilon_scaled;  ///< epsilon * sqrt(1 - beta2^t)
};

/// Moves `parameters` against their gradients and updates both moments. All arrays hold `count` floats.
/// **Source**: Kingma and Ba 2015, algorithm 1, in the order given at the end of section 2.
void adam_update(const AdamStep& step, const float* gradients, float* first_moment, float* second_moment,
                 float* parameters, std::size_t count);

/// delta[i] = outputs[i] > 0 ? delta[i] : 0: the way back through ReLU.
void relu_backward(const float* outputs, float* delta, std::size_t count);

}  // namespace myelin::kernels::cpu
