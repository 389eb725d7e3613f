// Shapes, strides and addresses from a stranger: either an error with C as it was, or the product.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/gemm_batch.hpp"
#include "myelin/kernels/reference.hpp"
#include "numbers.hpp"

namespace {

using namespace myelin::kernels;
using myelin::fuzz::Numbers;

// All operands lie in here, and may overlap.
constexpr std::size_t kArena = 1 << 14;

MatrixView view_of(Numbers& numbers, std::vector<float>& arena) {
  const std::size_t rows = numbers.size();
  const std::size_t cols = numbers.size();
  const std::size_t stride = numbers.byte() % 4 == 0 ? numbers.size() : cols + numbers.byte() % 4;
  const std::size_t offset = (std::size_t{numbers.byte()} << 6U) % kArena;
  return {numbers.byte() == 0xff ? nullptr : arena.data() + offset, rows, cols, stride};
}

// Whether the memory is ours: a caller's promise, which no check can make up for.
bool is_inside(ConstMatrixView view, const std::vector<float>& arena) {
  if (view.data == nullptr || view.empty()) return true;
  const auto offset = static_cast<std::size_t>(view.data - arena.data());
  if (view.cols > kArena || view.stride > kArena || view.rows > kArena) return false;
  return offset + (view.rows - 1) * view.stride + view.cols <= kArena;
}

// Views that no check lets through may point anywhere; of those that pass, only ours may be walked.
bool is_promised(ConstMatrixView view, const std::vector<float>& arena) {
  return !check_view("view", view) || is_inside(view, arena);
}

bool is_close(float got, float want, std::size_t k) {
  // Values are at most 1: so are all products, and their sum is at most k.
  return std::abs(got - want) <= static_cast<float>(k + 4) * static_cast<float>(k + 4) * 0x1p-23F;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Numbers numbers{data, size};
  std::vector<float> arena(kArena);
  for (std::size_t i = 0; i < kArena; ++i) arena[i] = static_cast<float>((i * 7919) % 512) / 256.0F - 1.0F;
  const MatrixView a = view_of(numbers, arena);
  const MatrixView b = view_of(numbers, arena);
  const MatrixView c = view_of(numbers, arena);
  const MatrixView residual = numbers.byte() % 4 == 0 ? view_of(numbers, arena) : MatrixView{};
  const std::uint8_t bits = numbers.byte();
  const GemmOptions options{(bits & 1U) != 0, (bits & 2U) != 0, numbers.factor(), numbers.factor()};
  const Epilogue epilogue{{}, (bits & 4U) != 0 ? Activation::relu : Activation::none, residual};
  for (const ConstMatrixView view :
       {ConstMatrixView{a}, ConstMatrixView{b}, ConstMatrixView{c}, ConstMatrixView{residual}}) {
    if (!is_promised(view, arena)) return 0;
  }
  const std::vector<float> before = arena;
  const bool packs = (bits & 8U) != 0 && !options.transpose_b;
  myelin::Result<void> result;
  if (packs) {
    const auto packed = PackedMatrix::make(b);
    if (!packed) return 0;
    result = sgemm(a, *packed, c, epilogue, options);
  } else if ((bits & 16U) != 0) {
    const std::size_t step = numbers.size();
    const std::size_t count = numbers.byte() % 4;
    // Only what the first matrices need not promise: steps are checked for C, and 0 for the rest.
    if (step > kArena ||
        !is_inside({c.data, 1, c.empty() ? 0 : (c.rows - 1) * c.stride + c.cols + step * count}, arena)) {
      return 0;
    }
    result = sgemm_batch({a, count, 0}, {b, count, 0}, {c, count, step}, options, epilogue);
    if (!result && arena != before) std::abort();
    return 0;
  } else {
    result = sgemm(a, b, c, options, epilogue);
  }
  if (!result) {
    if (arena != before) std::abort();
    return 0;
  }
  // The same by plain loops. Inputs are read as they were: a C may lie over a B that has been packed.
  std::vector<float> other = before;
  const auto as_it_was = [&](ConstMatrixView view) {
    if (view.data != nullptr) view.data = before.data() + (view.data - arena.data());
    return view;
  };
  MatrixView result_view = c;
  if (c.data != nullptr) result_view.data = other.data() + (c.data - arena.data());
  reference::sgemm(as_it_was(a), as_it_was(b), result_view, options, {{}, epilogue.activation, as_it_was(residual)});
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  for (std::size_t i = 0; i < kArena; ++i) {
    if (!is_close(arena[i], other[i], k)) std::abort();
  }
  return 0;
}
