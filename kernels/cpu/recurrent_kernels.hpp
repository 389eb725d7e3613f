/// The gates of recurrent cells below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace myelin::kernels::cpu {

/// One row of a batch. `from_input` and `from_hidden` [4 * hidden]: the sums of the gates i, f, g, o, bias included.
/// **Requires**: c_next is c, or apart from it; h_next is apart from all.
void lstm_gates(const float* from_input, const float* from_hidden, const float* c, float* h_next, float* c_next,
                std::size_t hidden);

/// One row of a batch. `from_input` and `from_hidden` [3 * hidden]: the sums of the gates r, z, n, bias included.
/// **Requires**: h_next is h, or apart from it.
void gru_gates(const float* from_input, const float* from_hidden, const float* h, float* h_next, std::size_t hidden);

}  // namespace myelin::kernels::cpu
