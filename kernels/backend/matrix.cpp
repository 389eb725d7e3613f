#include "myelin/kernels/matrix.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace myelin::kernels {

namespace {

std::string shape_text(std::size_t rows, std::size_t cols) {
  return std::string{"["} + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

// Distance from the first element to one past the last. Requires: a checked, non-empty view.
std::size_t extent(const ConstMatrixView& view) { return (view.rows - 1) * view.stride + view.cols; }

}  // namespace

Result<void> check_view(std::string_view name, const ConstMatrixView& view) {
  constexpr std::size_t kElementsMax = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  const auto subject = [name] { return "matrix '" + std::string{name} + "' "; };  // only built for a failure
  if (view.stride < view.cols) {
    return fail(Errc::invalid_argument, subject() + "has stride " + std::to_string(view.stride) + ", less than its " +
                                            std::to_string(view.cols) + " columns");
  }
  if (view.empty()) return {};
  if (view.data == nullptr) {
    return fail(Errc::invalid_argument,
                subject() + "of shape " + shape_text(view.rows, view.cols) + " points to no data");
  }
  // A division here was 7 % of the time of a 4 x 4 x 4 product.
  std::size_t to_last_row = 0;
  if (view.cols > kElementsMax || __builtin_mul_overflow(view.rows - 1, view.stride, &to_last_row) ||
      to_last_row > kElementsMax - view.cols) {
    return fail(Errc::invalid_argument, subject() + "of shape " + shape_text(view.rows, view.cols) + " and stride " +
                                            std::to_string(view.stride) + " is larger than the address space");
  }
  return {};
}

Result<void> check_shape(std::string_view name, const ConstMatrixView& view, std::size_t rows, std::size_t cols) {
  if (view.rows != rows || view.cols != cols) {
    return fail(Errc::shape_mismatch, "matrix '" + std::string{name} + "' has shape " +
                                          shape_text(view.rows, view.cols) + " where " + shape_text(rows, cols) +
                                          " is needed");
  }
  return check_view(name, view);
}

Result<void> check_apart(std::string_view output_name, const ConstMatrixView& output, std::string_view input_name,
                         const ConstMatrixView& input) {
  if (output.empty() || input.empty()) return {};
  const std::less_equal<const float*> at_or_before;  // a total order, also between unrelated arrays
  if (at_or_before(output.data + extent(output), input.data) || at_or_before(input.data + extent(input), output.data)) {
    return {};
  }
  return fail(Errc::invalid_argument, "output '" + std::string{output_name} + "' overlaps input '" +
                                          std::string{input_name} + "': give it memory of its own");
}

}  // namespace myelin::kernels
