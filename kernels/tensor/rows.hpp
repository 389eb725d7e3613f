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

/// The same elements, where only strides that lead to one are left as they were: those of a length of 1 become what
/// they would be without gaps, and without elements all are 0. Nothing is demanded of such strides, and a kernel that
/// steps over its last row would step anywhere. **Requires**: passed check_tensor.
template <class View>
[[nodiscard]] View with_plain_strides(View view) {
  const bool empty = view.empty();
  std::size_t plain = 1;
  for (std::size_t i = view.shape.rank(); i-- > 0;) {
    if (empty) {
      view.strides[i] = 0;
    } else if (view.shape[i] == 1) {
      view.strides[i] = plain;
    } else {
      plain = view.strides[i] * view.shape[i];
    }
  }
  return view;
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
