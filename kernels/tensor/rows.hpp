/// Walks the rows of tensors of the same outer shape side by side.
#pragma once

#include <array>
#include <cstddef>

#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// Whether the elements follow each other without gaps, in order. **Requires**: passed check_tensor.
[[nodiscard]] inline bool is_contiguous(const ConstTensorView& view) {
  std::size_t step = 1;
  for (std::size_t i = view.shape.rank(); i-- > 0;) {
    if (view.shape[i] == 1) continue;
    if (view.strides[i] != step) return false;
    step *= view.shape[i];
  }
  return true;
}

/// The shape of a tensor's rows' indices: its own but for the last dimension; [] for ranks 0 and 1.
[[nodiscard]] inline TensorShape outer_shape(const TensorShape& shape) {
  return shape.rank() == 0 ? TensorShape{} : shape.without_last();
}

/// Calls visit(offsets) for every index of `outer` in order, offsets[t] being where the index lies in a tensor with
/// strides[t], in elements. Strides may have more dimensions than `outer`; those beyond are ignored.
template <std::size_t kTensors, class Visit>
void for_each_index(const TensorShape& outer, const std::array<TensorShape, kTensors>& strides, Visit visit) {
  if (outer.empty()) return;
  std::array<std::size_t, kTensorRankMax> index{};
  std::array<std::size_t, kTensors> offsets{};
  for (;;) {
    visit(offsets);
    std::size_t i = outer.rank();
    for (;;) {
      if (i == 0) return;
      --i;
      if (++index[i] < outer[i]) break;
      for (std::size_t t = 0; t < kTensors; ++t) offsets[t] -= (outer[i] - 1) * strides[t][i];
      index[i] = 0;
    }
    for (std::size_t t = 0; t < kTensors; ++t) offsets[t] += strides[t][i];
  }
}

}  // namespace myelin::kernels
