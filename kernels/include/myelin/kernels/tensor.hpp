/// Typed views of up to four dimensions: what the kernels take. Views own nothing and copy like pointers.
///
/// A kernel checks its views once, at its border, with the functions below; inside it trusts them. A view of anything
/// from outside is safe to hand in: whatever its shape and strides say, a kernel answers with an error that names the
/// argument, or stays inside the memory that the view spans.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// What one element is. The numbers are stable.
enum class ElementType : std::uint8_t {
  f32 = 0,   ///< IEEE 754 single precision: float.
  bf16 = 1,  ///< The upper half of a float, kept in a std::uint16_t.
  i8 = 2,    ///< std::int8_t.
  i32 = 3,   ///< std::int32_t.
};

/// "f32", "bf16", "i8" or "i32"; "unknown" for a number that is no ElementType.
[[nodiscard]] std::string_view to_string(ElementType type) noexcept;

/// Bytes of one element; 0 for a number that is no ElementType.
[[nodiscard]] std::size_t size_of(ElementType type) noexcept;

/// The most dimensions a tensor has: [batch, height, width, channels] and [batch, heads, tokens, dim] need four.
inline constexpr std::size_t kTensorRankMax = 4;

/// The lengths of a tensor's dimensions, outermost first. Rank 0 is a single element.
class TensorShape {
 public:
  constexpr TensorShape() = default;
  /// **Requires**: at most kTensorRankMax lengths; a rank above that fails every check (see check_tensor).
  constexpr TensorShape(std::initializer_list<std::size_t> lengths)
      : TensorShape(std::span(lengths.begin(), lengths.size())) {}
  constexpr explicit TensorShape(std::span<const std::size_t> lengths) : rank_(lengths.size()) {
    for (std::size_t i = 0; i < rank_ && i < kTensorRankMax; ++i) lengths_[i] = lengths[i];
  }

  [[nodiscard]] constexpr std::size_t rank() const { return rank_; }
  /// **Requires**: i < rank().
  [[nodiscard]] constexpr std::size_t operator[](std::size_t i) const { return lengths_[i]; }
  [[nodiscard]] constexpr std::size_t& operator[](std::size_t i) { return lengths_[i]; }
  /// The innermost length; 1 for rank 0. **Requires**: rank() <= kTensorRankMax.
  [[nodiscard]] constexpr std::size_t last() const { return rank_ == 0 ? 1 : lengths_[rank_ - 1]; }
  /// Whether there is no element.
  [[nodiscard]] constexpr bool empty() const {
    for (std::size_t i = 0; i < rank_ && i < kTensorRankMax; ++i) {
      if (lengths_[i] == 0) return true;
    }
    return false;
  }
  /// The product of the lengths. **Requires**: a shape that passed check_tensor.
  [[nodiscard]] constexpr std::size_t elements() const {
    std::size_t product = 1;
    for (std::size_t i = 0; i < rank_; ++i) product *= lengths_[i];
    return product;
  }
  /// The shape without its innermost dimension. **Requires**: 1 <= rank() <= kTensorRankMax.
  [[nodiscard]] constexpr TensorShape without_last() const {
    TensorShape outer = *this;
    outer.rank_ = rank_ - 1;
    outer.lengths_[outer.rank_] = 0;
    return outer;
  }

  friend constexpr bool operator==(const TensorShape&, const TensorShape&) = default;

 private:
  std::size_t rank_ = 0;
  std::array<std::size_t, kTensorRankMax> lengths_{};
};

/// "[2, 3, 5]".
[[nodiscard]] std::string to_string(const TensorShape& shape);

/// The distances of elements that follow each other without gaps, the last dimension innermost. Lengths whose product
/// overflows give strides that check_tensor refuses.
[[nodiscard]] constexpr TensorShape contiguous_strides(const TensorShape& shape) {
  TensorShape strides = shape;
  std::size_t step = 1;
  for (std::size_t i = shape.rank(); i-- > 0;) {
    if (i >= kTensorRankMax) continue;
    strides[i] = step;
    const std::size_t length = shape[i] == 0 ? 1 : shape[i];
    step = step > SIZE_MAX / length ? SIZE_MAX : step * length;
  }
  return strides;
}

/// A tensor that is only read. Element (i, j, ...) lies i * strides[0] + j * strides[1] + ... elements behind `data`.
/// **Units/shape**: `shape` and `strides` count elements and have the same rank. Strides may be 0 (the same elements
/// again) or out of order (a transpose). `data` is aligned as its element type asks.
/// **Thread-safety**: a value; reading what it points at is the caller's business.
struct ConstTensorView {
  const void* data = nullptr;
  ElementType type = ElementType::f32;
  TensorShape shape{0};
  TensorShape strides{1};

  constexpr ConstTensorView() = default;
  constexpr ConstTensorView(const void* data_in, ElementType type_in, const TensorShape& shape_in)
      : ConstTensorView(data_in, type_in, shape_in, contiguous_strides(shape_in)) {}
  constexpr ConstTensorView(const void* data_in, ElementType type_in, const TensorShape& shape_in,
                            const TensorShape& strides_in)
      : data(data_in), type(type_in), shape(shape_in), strides(strides_in) {}
  constexpr ConstTensorView(const float* data_in, const TensorShape& shape_in)
      : ConstTensorView(data_in, ElementType::f32, shape_in) {}
  constexpr ConstTensorView(const float* data_in, const TensorShape& shape_in, const TensorShape& strides_in)
      : ConstTensorView(data_in, ElementType::f32, shape_in, strides_in) {}
  constexpr ConstTensorView(const std::int32_t* data_in, const TensorShape& shape_in)
      : ConstTensorView(data_in, ElementType::i32, shape_in) {}
  // Implicit: a matrix and a run of floats are tensors.
  constexpr ConstTensorView(ConstMatrixView m)  // NOLINT
      : ConstTensorView(m.data, ElementType::f32, {m.rows, m.cols}, {m.stride, 1}) {}
  constexpr ConstTensorView(MatrixView m) : ConstTensorView(ConstMatrixView{m}) {}  // NOLINT
  constexpr ConstTensorView(std::span<const float> values)                          // NOLINT
      : ConstTensorView(values.data(), TensorShape{values.size()}) {}
  // A template, so that a container which converts to both spans still has one way.
  template <std::same_as<float> T>
  constexpr ConstTensorView(std::span<T> values)  // NOLINT
      : ConstTensorView(std::span<const float>{values}) {}

  /// The elements as floats. **Requires**: type is f32.
  [[nodiscard]] const float* floats() const { return static_cast<const float*>(data); }
  /// The elements as 32-bit integers. **Requires**: type is i32.
  [[nodiscard]] const std::int32_t* ints() const { return static_cast<const std::int32_t*>(data); }
  [[nodiscard]] constexpr bool empty() const { return shape.empty(); }
};

/// A tensor that is written. Same layout as ConstTensorView, to which it converts.
struct TensorView {
  void* data = nullptr;
  ElementType type = ElementType::f32;
  TensorShape shape{0};
  TensorShape strides{1};

  constexpr TensorView() = default;
  constexpr TensorView(void* data_in, ElementType type_in, const TensorShape& shape_in)
      : TensorView(data_in, type_in, shape_in, contiguous_strides(shape_in)) {}
  constexpr TensorView(void* data_in, ElementType type_in, const TensorShape& shape_in, const TensorShape& strides_in)
      : data(data_in), type(type_in), shape(shape_in), strides(strides_in) {}
  constexpr TensorView(float* data_in, const TensorShape& shape_in) : TensorView(data_in, ElementType::f32, shape_in) {}
  constexpr TensorView(float* data_in, const TensorShape& shape_in, const TensorShape& strides_in)
      : TensorView(data_in, ElementType::f32, shape_in, strides_in) {}
  constexpr TensorView(std::int32_t* data_in, const TensorShape& shape_in)
      : TensorView(data_in, ElementType::i32, shape_in) {}
  // Implicit: a matrix and a run of floats are tensors.
  constexpr TensorView(MatrixView m)  // NOLINT
      : TensorView(m.data, ElementType::f32, {m.rows, m.cols}, {m.stride, 1}) {}
  constexpr TensorView(std::span<float> values)  // NOLINT
      : TensorView(values.data(), TensorShape{values.size()}) {}

  // Implicit: whoever may write may read.
  constexpr operator ConstTensorView() const { return {data, type, shape, strides}; }  // NOLINT

  /// The elements as floats. **Requires**: type is f32.
  [[nodiscard]] float* floats() const { return static_cast<float*>(data); }
  /// The elements as 32-bit integers. **Requires**: type is i32.
  [[nodiscard]] std::int32_t* ints() const { return static_cast<std::int32_t*>(data); }
  [[nodiscard]] constexpr bool empty() const { return shape.empty(); }
};

/// Whether `view` is a tensor of that type whose elements can be walked. `name` stands for it in messages ("keys").
/// **Errors**: invalid_argument for a rank above kTensorRankMax or other than that of the strides, for another element
/// type, for null or misaligned data under a shape that is not empty, and for lengths and strides whose product does
/// not fit the address space, also where another length is 0. **Thread-safety**: thread-safe. **Cost**: O(1).
[[nodiscard]] Result<void> check_tensor(std::string_view name, const ConstTensorView& view,
                                        ElementType type = ElementType::f32);

/// As check_tensor, and the shape must be `shape`. **Errors**: also shape_mismatch, which names both shapes.
[[nodiscard]] Result<void> check_tensor(std::string_view name, const ConstTensorView& view, const TensorShape& shape,
                                        ElementType type = ElementType::f32);

/// As check_tensor, for a tensor that is written: no two of its elements may share memory.
/// **Errors**: also invalid_argument for strides that fold elements onto each other.
[[nodiscard]] Result<void> check_output(std::string_view name, const TensorView& view, const TensorShape& shape,
                                        ElementType type = ElementType::f32);

/// The innermost dimension must be without gaps. **Errors**: invalid_argument. **Requires**: passed check_tensor.
[[nodiscard]] Result<void> check_rows(std::string_view name, const ConstTensorView& view);

/// Whether the memory from the first to the last element of `output` is apart from that of `input`.
/// **Errors**: invalid_argument when the ranges overlap. **Requires**: both passed check_tensor.
[[nodiscard]] Result<void> check_disjoint(std::string_view output_name, const ConstTensorView& output,
                                          std::string_view input_name, const ConstTensorView& input);

/// As check_disjoint, but the two may also be the very same elements in the same order: work in place.
[[nodiscard]] Result<void> check_disjoint_or_same(std::string_view output_name, const ConstTensorView& output,
                                                  std::string_view input_name, const ConstTensorView& input);

/// A tensor of rank 1 or 2 as a matrix; a rank 1 is one row. **Errors**: invalid_argument for another type than f32,
/// another rank, or rows with gaps or in the wrong order.
[[nodiscard]] Result<ConstMatrixView> as_matrix(std::string_view name, const ConstTensorView& view);
[[nodiscard]] Result<MatrixView> as_matrix(std::string_view name, const TensorView& view);

}  // namespace myelin::kernels

namespace myelin {

using kernels::ConstTensorView;
using kernels::TensorView;

}  // namespace myelin
