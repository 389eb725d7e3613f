/// Row-major views of float matrices: the shape that every kernel takes. Views own nothing and copy like pointers.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::kernels {

/// A matrix that is only read. Element (i, j) is `data[i * stride + j]`.
/// **Units/shape**: `rows`, `cols` and `stride` count elements; `stride` >= `cols`. `data` needs no alignment above
/// that of float. **Thread-safety**: a value; reading what it points at is the caller's business.
struct ConstMatrixView {
  const float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  constexpr ConstMatrixView() = default;
  /// Rows that follow each other without a gap.
  constexpr ConstMatrixView(const float* data_in, std::size_t rows_in, std::size_t cols_in)
      : ConstMatrixView(data_in, rows_in, cols_in, cols_in) {}
  constexpr ConstMatrixView(const float* data_in, std::size_t rows_in, std::size_t cols_in, std::size_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}

  /// **Requires**: i < rows.
  [[nodiscard]] constexpr std::span<const float> row(std::size_t i) const { return {data + i * stride, cols}; }
  /// **Requires**: i < rows, j < cols.
  [[nodiscard]] constexpr float operator()(std::size_t i, std::size_t j) const { return data[i * stride + j]; }
  /// The `count` rows from `first` on. **Requires**: first + count <= rows.
  [[nodiscard]] constexpr ConstMatrixView row_range(std::size_t first, std::size_t count) const {
    return {first == 0 ? data : data + first * stride, count, cols, stride};
  }
  [[nodiscard]] constexpr bool empty() const { return rows == 0 || cols == 0; }
};

/// A matrix that is written. Same layout as ConstMatrixView, to which it converts.
struct MatrixView {
  float* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  constexpr MatrixView() = default;
  /// Rows that follow each other without a gap.
  constexpr MatrixView(float* data_in, std::size_t rows_in, std::size_t cols_in)
      : MatrixView(data_in, rows_in, cols_in, cols_in) {}
  constexpr MatrixView(float* data_in, std::size_t rows_in, std::size_t cols_in, std::size_t stride_in)
      : data(data_in), rows(rows_in), cols(cols_in), stride(stride_in) {}

  // Implicit: whoever may write may read.
  constexpr operator ConstMatrixView() const { return {data, rows, cols, stride}; }  // NOLINT

  /// **Requires**: i < rows.
  [[nodiscard]] constexpr std::span<float> row(std::size_t i) const { return {data + i * stride, cols}; }
  /// **Requires**: i < rows, j < cols.
  [[nodiscard]] constexpr float& operator()(std::size_t i, std::size_t j) const { return data[i * stride + j]; }
  /// The `count` rows from `first` on. **Requires**: first + count <= rows.
  [[nodiscard]] constexpr MatrixView row_range(std::size_t first, std::size_t count) const {
    return {first == 0 ? data : data + first * stride, count, cols, stride};
  }
  [[nodiscard]] constexpr bool empty() const { return rows == 0 || cols == 0; }
};

/// Whether `view` can be walked at all. `name` stands for it in messages ("a", "probabilities").
/// **Errors**: invalid_argument for null or misaligned data under a non-empty shape, for stride < cols, and for a byte
/// size that does not fit the address space. **Thread-safety**: thread-safe. **Cost**: O(1).
[[nodiscard]] Result<void> check_view(std::string_view name, const ConstMatrixView& view);

/// As check_view, and the shape must be [rows, cols].
/// **Errors**: also shape_mismatch, which names `name` and both shapes. **Thread-safety**: thread-safe.
[[nodiscard]] Result<void> check_shape(std::string_view name, const ConstMatrixView& view, std::size_t rows,
                                       std::size_t cols);

/// Whether the memory from the first to the last element of `output` is apart from that of `input`.
/// **Errors**: invalid_argument when the ranges overlap. **Requires**: both passed check_view.
[[nodiscard]] Result<void> check_apart(std::string_view output_name, const ConstMatrixView& output,
                                       std::string_view input_name, const ConstMatrixView& input);

}  // namespace myelin::kernels
