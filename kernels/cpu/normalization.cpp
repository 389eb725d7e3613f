#include "myelin/kernels/normalization.hpp"

#include <cmath>
#include <string>

#include "cpu/row_kernels.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

Result<void> check_pair(const ConstTensorView& x, const TensorView& y) {
  if (auto checked = check_tensor("x", x); !checked) return checked;
  if (x.shape.rank() == 0) return fail(Errc::invalid_argument, "tensor 'x' has rank 0: a row needs a dimension");
  if (auto checked = check_rows("x", x); !checked) return checked;
  if (auto checked = check_output("y", y, x.shape); !checked) return checked;
  if (auto checked = check_rows("y", y); !checked) return checked;
  return check_disjoint_or_same("y", y, "x", x);
}

Result<void> check_parameter(std::string_view name, std::span<const float> values, const TensorView& y) {
  if (values.empty()) return {};
  if (auto checked = check_tensor(name, values, TensorShape{y.shape.last()}); !checked) return checked;
  return check_disjoint("y", y, name, values);
}

Result<void> check_norm(const ConstTensorView& x, const TensorView& y, const NormOptions& options) {
  if (auto checked = check_pair(x, y); !checked) return checked;
  if (!(std::isfinite(options.epsilon) && options.epsilon >= 0)) {
    return fail(Errc::invalid_argument,
                "epsilon is " + std::to_string(options.epsilon) + ": it must be finite and not negative");
  }
  if (auto checked = check_parameter("gain", options.gain, y); !checked) return checked;
  return check_parameter("bias", options.bias, y);
}

// Rows that follow each other at even distances go to the kernel together.
template <class Kernel>
void for_each_run_of_rows(const ConstTensorView& any_x, const TensorView& any_y, Kernel kernel) {
  if (any_x.empty()) return;
  const ConstTensorView x = with_plain_strides(any_x);
  const TensorView y = with_plain_strides(any_y);
  const std::size_t rank = x.shape.rank();
  cpu::RowPairs pairs{.rows = 1, .count = x.shape.last()};
  TensorShape outer = outer_shape(x.shape);
  if (rank >= 2) {
    pairs.rows = x.shape[rank - 2];
    pairs.x_stride = x.strides[rank - 2];
    pairs.y_stride = y.strides[rank - 2];
    outer = outer.without_last();
  }
  for_each_index<2>(outer, {x.strides, y.strides}, [&](const std::array<std::size_t, 2>& at) {
    pairs.x = x.floats() + at[0];
    pairs.y = y.floats() + at[1];
    kernel(pairs);
  });
}

const float* data_or_null(std::span<const float> values) { return values.empty() ? nullptr : values.data(); }

}  // namespace

Result<void> softmax(ConstTensorView x, TensorView y) {
  if (auto checked = check_pair(x, y); !checked) return checked;
  for_each_run_of_rows(x, y, cpu::softmax);
  return {};
}

Result<void> log_softmax(ConstTensorView x, TensorView y) {
  if (auto checked = check_pair(x, y); !checked) return checked;
  for_each_run_of_rows(x, y, cpu::log_softmax);
  return {};
}

Result<void> layer_norm(ConstTensorView x, TensorView y, NormOptions options) {
  if (auto checked = check_norm(x, y, options); !checked) return checked;
  for_each_run_of_rows(x, y, [&](const cpu::RowPairs& pairs) {
    cpu::layer_norm(pairs, data_or_null(options.gain), data_or_null(options.bias), options.epsilon);
  });
  return {};
}

Result<void> rms_norm(ConstTensorView x, TensorView y, NormOptions options) {
  if (!options.bias.empty()) {
    return fail(Errc::invalid_argument,
                "bias has " + std::to_string(options.bias.size()) + " elements, but RMS norm has no bias");
  }
  if (auto checked = check_norm(x, y, options); !checked) return checked;
  for_each_run_of_rows(
      x, y, [&](const cpu::RowPairs& pairs) { cpu::rms_norm(pairs, data_or_null(options.gain), options.epsilon); });
  return {};
}

}  // namespace myelin::kernels
