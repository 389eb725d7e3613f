#include "myelin/kernels/matrix.hpp"

#include <string>

#include "backend/matrix_checks.hpp"

namespace myelin::kernels {

namespace {

std::string shape_text(std::size_t rows, std::size_t cols) {
  return std::string{"["} + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

}  // namespace

Result<void> check_view(std::string_view name, const ConstMatrixView& view) {
  if (is_sound(view)) return {};
  const std::string subject = "matrix '" + std::string{name} + "' ";
  if (view.stride < view.cols) {
    return fail(Errc::invalid_argument, subject + "has stride " + std::to_string(view.stride) + ", less than its " +
                                            std::to_string(view.cols) + " columns");
  }
  if (view.data == nullptr) {
    return fail(Errc::invalid_argument,
                subject + "of shape " + shape_text(view.rows, view.cols) + " points to no data");
  }
  if (reinterpret_cast<std::uintptr_t>(view.data) % alignof(float) != 0) {
    return fail(Errc::invalid_argument, subject + "is not aligned for f32: its address must be a multiple of " +
                                            std::to_string(alignof(float)));
  }
  return fail(Errc::invalid_argument, subject + "of shape " + shape_text(view.rows, view.cols) + " and stride " +
                                          std::to_string(view.stride) + " is larger than the address space");
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
  if (are_apart(output, input)) return {};
  return fail(Errc::invalid_argument, "output '" + std::string{output_name} + "' overlaps input '" +
                                          std::string{input_name} + "': give it memory of its own");
}

}  // namespace myelin::kernels
