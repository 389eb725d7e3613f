#include "myelin/kernels/tensor.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace myelin::kernels {

namespace {

constexpr std::size_t kBytesMax = std::numeric_limits<std::ptrdiff_t>::max();

std::string type_text(ElementType type) {
  return size_of(type) == 0 ? "elements of type " + std::to_string(static_cast<int>(type))
                            : std::string{to_string(type)};
}

std::string subject(std::string_view name) { return "tensor '" + std::string{name} + "' "; }

// Distance in elements from the first element to one past the last. Requires: a checked, non-empty view.
std::size_t extent(const ConstTensorView& view) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < view.shape.rank(); ++i) last += (view.shape[i] - 1) * view.strides[i];
  return last + 1;
}

// A product of lengths too large for memory even where one of them is 0: what a kernel multiplies must not wrap.
bool is_countable(const TensorShape& shape, std::size_t size) {
  std::size_t product = size;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    const std::size_t length = std::max<std::size_t>(shape[i], 1);
    if (length > kBytesMax / product) return false;
    product *= length;
  }
  return true;
}

bool spans_memory(const ConstTensorView& view, std::size_t size) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < view.shape.rank(); ++i) {
    const std::size_t steps = view.shape[i] - 1;
    const std::size_t stride = view.strides[i];
    if (steps == 0) continue;
    if (stride > kBytesMax / size / steps) return false;
    last += steps * stride;  // at most four summands below 2^63
    if (last > kBytesMax / size - 1) return false;
  }
  return true;
}

// Whether different indices are different elements: by increasing stride, each steps over all that the ones before
// reach. Exact for tensors and their transposes; refuses some interleavings that nobody uses.
bool is_injective(const ConstTensorView& view) {
  std::array<std::size_t, kTensorRankMax> order{};
  const std::size_t rank = view.shape.rank();
  for (std::size_t i = 0; i < rank; ++i) {  // by insertion: g++ 12 sees std::sort leave so short an array
    std::size_t at = i;
    for (; at > 0 && view.strides[order[at - 1]] > view.strides[i]; --at) order[at] = order[at - 1];
    order[at] = i;
  }
  std::size_t reached = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t at = order[i];
    if (view.shape[at] == 1) continue;
    if (view.strides[at] <= reached) return false;
    reached += (view.shape[at] - 1) * view.strides[at];
  }
  return true;
}

bool are_apart(const ConstTensorView& output, const ConstTensorView& input) {
  if (output.empty() || input.empty()) return true;
  const auto end = [](const ConstTensorView& view) {
    return static_cast<const char*>(view.data) + extent(view) * size_of(view.type);
  };
  const std::less_equal<const void*> at_or_before;  // a total order, also between unrelated arrays
  return at_or_before(end(output), input.data) || at_or_before(end(input), output.data);
}

bool are_same(const ConstTensorView& a, const ConstTensorView& b) {
  if (a.data != b.data || a.type != b.type || a.shape != b.shape) return false;
  for (std::size_t i = 0; i < a.shape.rank(); ++i) {
    if (a.shape[i] > 1 && a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

Result<void> overlap(std::string_view output_name, std::string_view input_name) {
  return fail(Errc::invalid_argument, "output '" + std::string{output_name} + "' overlaps input '" +
                                          std::string{input_name} + "': give it memory of its own");
}

}  // namespace

std::string_view to_string(ElementType type) noexcept {
  switch (type) {
    case ElementType::f32: return "f32";
    case ElementType::bf16: return "bf16";
    case ElementType::i8: return "i8";
    case ElementType::i32: return "i32";
  }
  return "unknown";
}

std::size_t size_of(ElementType type) noexcept {
  switch (type) {
    case ElementType::f32: return 4;
    case ElementType::bf16: return 2;
    case ElementType::i8: return 1;
    case ElementType::i32: return 4;
  }
  return 0;
}

std::string to_string(const TensorShape& shape) {
  if (shape.rank() > kTensorRankMax) return "[rank " + std::to_string(shape.rank()) + "]";
  std::string text = "[";
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

Result<void> check_tensor(std::string_view name, const ConstTensorView& view, ElementType type) {
  if (view.shape.rank() > kTensorRankMax || view.strides.rank() != view.shape.rank()) {
    return fail(Errc::invalid_argument, subject(name) + "has " + std::to_string(view.shape.rank()) + " lengths and " +
                                            std::to_string(view.strides.rank()) +
                                            " strides: give as many of each, at most " +
                                            std::to_string(kTensorRankMax));
  }
  if (view.type != type) {
    return fail(Errc::invalid_argument, subject(name) + "holds " + type_text(view.type) + " where " +
                                            std::string{to_string(type)} + " is needed");
  }
  const std::size_t size = size_of(type);
  if (size == 0) return fail(Errc::invalid_argument, subject(name) + "is of an unknown element type");
  const auto too_large = [&] {
    return fail(Errc::invalid_argument, subject(name) + "of shape " + to_string(view.shape) + " and strides " +
                                            to_string(view.strides) + " is larger than the address space");
  };
  if (!is_countable(view.shape, size)) return too_large();
  if (view.empty()) return {};
  if (view.data == nullptr) {
    return fail(Errc::invalid_argument, subject(name) + "of shape " + to_string(view.shape) + " points to no data");
  }
  if (reinterpret_cast<std::uintptr_t>(view.data) % size != 0) {
    return fail(Errc::invalid_argument, subject(name) + "is not aligned for " + std::string{to_string(type)} +
                                            ": its address must be a multiple of " + std::to_string(size));
  }
  if (!spans_memory(view, size)) return too_large();
  return {};
}

Result<void> check_tensor(std::string_view name, const ConstTensorView& view, const TensorShape& shape,
                          ElementType type) {
  if (view.shape != shape) {
    return fail(Errc::shape_mismatch,
                subject(name) + "has shape " + to_string(view.shape) + " where " + to_string(shape) + " is needed");
  }
  return check_tensor(name, view, type);
}

Result<void> check_output(std::string_view name, const TensorView& view, const TensorShape& shape, ElementType type) {
  if (auto checked = check_tensor(name, view, shape, type); !checked) return checked;
  if (!view.empty() && !is_injective(view)) {
    return fail(Errc::invalid_argument, subject(name) + "of shape " + to_string(view.shape) + " and strides " +
                                            to_string(view.strides) +
                                            " has elements that share memory, and cannot be written");
  }
  return {};
}

Result<void> check_rows(std::string_view name, const ConstTensorView& view) {
  if (view.shape.rank() == 0 || view.shape.last() <= 1 || view.strides.last() == 1) return {};
  return fail(Errc::invalid_argument, subject(name) + "has a stride of " + std::to_string(view.strides.last()) +
                                          " in its last dimension: 1 is needed, so that rows have no gaps");
}

Result<void> check_disjoint(std::string_view output_name, const ConstTensorView& output, std::string_view input_name,
                            const ConstTensorView& input) {
  if (are_apart(output, input)) return {};
  return overlap(output_name, input_name);
}

Result<void> check_disjoint_or_same(std::string_view output_name, const ConstTensorView& output,
                                    std::string_view input_name, const ConstTensorView& input) {
  if (are_apart(output, input) || are_same(output, input)) return {};
  return overlap(output_name, input_name);
}

Result<ConstMatrixView> as_matrix(std::string_view name, const ConstTensorView& view) {
  const std::size_t rank = view.shape.rank();
  if (rank != 1 && rank != 2) {
    return fail(Errc::invalid_argument, subject(name) + "has rank " + std::to_string(rank) + " where 1 or 2 is needed");
  }
  if (auto checked = check_tensor(name, view); !checked) return tl::unexpected{checked.error()};
  if (auto checked = check_rows(name, view); !checked) return tl::unexpected{checked.error()};
  const std::size_t cols = view.shape.last();
  const ConstMatrixView matrix =
      rank == 1 ? ConstMatrixView{view.floats(), 1, cols}
                : ConstMatrixView{view.floats(), view.shape[0], cols, view.shape[0] <= 1 ? cols : view.strides[0]};
  if (auto checked = check_view(name, matrix); !checked) return tl::unexpected{checked.error()};
  return matrix;
}

Result<MatrixView> as_matrix(std::string_view name, const TensorView& view) {
  const auto matrix = as_matrix(name, ConstTensorView{view});
  if (!matrix) return tl::unexpected{matrix.error()};
  return MatrixView{view.floats(), matrix->rows, matrix->cols, matrix->stride};
}

}  // namespace myelin::kernels
