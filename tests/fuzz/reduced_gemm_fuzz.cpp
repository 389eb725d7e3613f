// Products with weights of 16 and 8 bits, on shapes, strides and addresses from a stranger: either an error with all
// memory as it was, or the product and nothing written beside it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "myelin/kernels/bf16.hpp"
#include "myelin/kernels/int8.hpp"
#include "numbers.hpp"

namespace {

using namespace myelin::kernels;
using myelin::Result;
using myelin::fuzz::Numbers;

// All operands lie in here, and may overlap.
constexpr std::size_t kArenaBytes = 1 << 16;
// Strides of 0 make large operands of little memory: correct, but slow.
constexpr std::size_t kElementsMax = 1 << 18;

class Arena {
 public:
  Arena() : bytes_(static_cast<unsigned char*>(::operator new(kArenaBytes, kAlignment))) {
    for (std::size_t i = 0; i < kArenaBytes / sizeof(float); ++i) {
      const float value = static_cast<float>((i * 7919) % 512) / 256.0F - 1.0F;
      std::memcpy(bytes_.get() + i * sizeof value, &value, sizeof value);
    }
  }
  Arena(const Arena& other) : Arena() { std::memcpy(bytes_.get(), other.bytes_.get(), kArenaBytes); }
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] unsigned char* data() const { return bytes_.get(); }
  friend bool operator==(const Arena& a, const Arena& b) { return std::memcmp(a.data(), b.data(), kArenaBytes) == 0; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Release {
    void operator()(unsigned char* bytes) const { ::operator delete(bytes, kAlignment); }
  };
  std::unique_ptr<unsigned char, Release> bytes_;
};

TensorView view_of(Numbers& numbers, ElementType type, const Arena& arena) {
  const std::size_t rows = numbers.size();
  const std::size_t cols = numbers.size();
  const std::uint8_t layout = numbers.byte();
  const std::size_t stride = layout % 4 == 0 ? numbers.size() : cols + layout % 4 - 1;
  const std::size_t offset = (std::size_t{numbers.byte()} << 8U) % kArenaBytes;
  void* const data = numbers.byte() == 0xff ? nullptr : arena.data() + offset;
  if (layout >= 0xf8) return {data, static_cast<ElementType>(numbers.byte()), {rows, cols}, {stride, 1}};
  if (layout >= 0xf0) return {data, type, {rows}, {1}};
  return {data, type, {rows, cols}, {stride, 1}};
}

// Whether the memory is ours: a caller's promise, which no check can make up for. Views that no check lets through may
// point anywhere.
bool is_promised(const ConstTensorView& view, const Arena& arena) {
  if (!check_tensor("view", view, view.type) || view.empty()) return true;
  std::size_t last = 0;
  std::size_t elements = 1;
  for (std::size_t i = 0; i < view.shape.rank(); ++i) {
    if (view.shape[i] > kElementsMax || elements * view.shape[i] > kElementsMax) return false;
    elements *= view.shape[i];
    if (view.shape[i] > 1 && view.strides[i] > kArenaBytes) return false;
    last += (view.shape[i] - 1) * view.strides[i];
  }
  const auto offset = static_cast<std::size_t>(static_cast<const unsigned char*>(view.data) - arena.data());
  return offset + (last + 1) * size_of(view.type) <= kArenaBytes;
}

MatrixView matrix_of(const TensorView& view) {
  return {static_cast<float*>(view.data), view.shape[0], view.shape[1], view.strides[0]};
}

// An element as it was when the product began.
class Before {
 public:
  Before(const Arena& now, const Arena& before) : now_(now), before_(before) {}

  [[nodiscard]] double operator()(const ConstTensorView& view, std::size_t i, std::size_t j) const {
    const auto* at =
        static_cast<const unsigned char*>(view.data) + (i * view.strides[0] + j * view.strides[1]) * size_of(view.type);
    at = before_.data() + (at - now_.data());
    if (view.type == ElementType::i8) return static_cast<std::int8_t>(*at);
    if (view.type == ElementType::bf16) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, at, sizeof bits);
      return double{to_float(static_cast<Bf16>(bits))};
    }
    float value = 0;
    std::memcpy(&value, at, sizeof value);
    return double{value};
  }

 private:
  const Arena& now_;
  const Arena& before_;
};

struct Case {
  std::uint8_t kind;
  bool transposed_b;
  GemmOptions options;
  Activation activation;
  TensorView a, b, c, residual;
  std::size_t scales_at;  // in the arena
  std::size_t scale_count;

  [[nodiscard]] bool is_bf16() const { return kind < 2; }
  [[nodiscard]] bool makes_sums() const { return kind == 2; }
  [[nodiscard]] std::span<float> scales(const Arena& arena) const {
    return {reinterpret_cast<float*>(arena.data() + scales_at), scale_count};
  }
};

Case make_case(Numbers& numbers, const Arena& arena) {
  Case made{};
  made.kind = numbers.byte() % 4;
  const std::uint8_t bits = numbers.byte();
  made.options = {(bits & 1U) != 0, (bits & 2U) != 0, numbers.factor(), numbers.factor()};
  made.transposed_b = (bits & 4U) != 0;
  made.activation = (bits & 8U) != 0 ? Activation::relu : Activation::none;
  const ElementType of_b = made.kind == 0 ? ElementType::f32 : made.kind == 1 ? ElementType::bf16 : ElementType::i8;
  const ElementType of_a = !made.is_bf16() ? ElementType::i8 : (bits & 16U) != 0 ? ElementType::bf16 : ElementType::f32;
  made.a = view_of(numbers, of_a, arena);
  made.b = view_of(numbers, of_b, arena);
  made.c = view_of(numbers, made.makes_sums() ? ElementType::i32 : ElementType::f32, arena);
  if (numbers.byte() % 4 == 1) made.residual = view_of(numbers, ElementType::f32, arena);
  made.scales_at = (std::size_t{numbers.byte()} << 8U) % kArenaBytes;
  made.scale_count = std::min<std::size_t>(numbers.byte(), 64);  // 256 bytes: up to the next offset
  return made;
}

// Those that go in as matrices: what else a tensor may be, their type cannot say.
bool are_matrices(const Case& c) {
  const auto is_matrix = [](const TensorView& view) { return view.shape.rank() == 2 && view.type == ElementType::f32; };
  return (c.makes_sums() || is_matrix(c.c)) && (c.residual.data == nullptr || is_matrix(c.residual));
}

Epilogue epilogue_of(const Case& c) {
  return {{}, c.activation, c.residual.data == nullptr ? MatrixView{} : matrix_of(c.residual)};
}

// The product; or nothing, where weights were refused.
Result<bool> run(const Case& c, const Arena& arena) {
  const auto outcome = [](const Result<void>& done) -> Result<bool> {
    if (!done) return tl::unexpected<myelin::Error>{done.error()};
    return true;
  };
  if (c.is_bf16()) {
    const auto packed = PackedBf16::make(c.b, c.transposed_b);
    if (!packed) return false;
    return outcome(bf16_gemm(c.a, *packed, matrix_of(c.c), epilogue_of(c), c.options));
  }
  const std::vector<float> ones(c.b.shape.rank() == 2 && c.b.shape[1] <= kElementsMax ? c.b.shape[1] : 0, 1.0F);
  const auto packed = PackedInt8::make(c.b, ones);
  if (!packed) return false;
  if (c.makes_sums()) return outcome(int8_gemm(c.a, *packed, c.c, c.options));
  return outcome(int8_gemm(c.a, c.scales(arena), *packed, matrix_of(c.c), epilogue_of(c), c.options));
}

// What element (i, j) of C must be, and how far it may be off.
struct Wanted {
  double value;
  double bound;
};

Wanted wanted(const Case& c, const Before& before, const std::vector<float>& scales, std::size_t i, std::size_t j) {
  const bool turns_b = c.is_bf16() && c.transposed_b;
  const std::size_t depth = c.b.shape[turns_b ? 1 : 0];
  const auto rounded = [&](double value) {
    return c.is_bf16() ? double{to_float(to_bf16(static_cast<float>(value)))} : value;
  };
  double sum = 0;
  for (std::size_t p = 0; p < depth && c.options.alpha != 0.0F; ++p) {
    sum += rounded(c.options.transpose_a ? before(c.a, p, i) : before(c.a, i, p)) *
           rounded(turns_b ? before(c.b, j, p) : before(c.b, p, j));
  }
  if (c.makes_sums()) return {sum, 0};
  const double scale = c.is_bf16() ? 1.0 : double{scales[i]};
  double value = double{c.options.alpha} * sum * scale;
  if (c.options.beta != 0.0F) value += double{c.options.beta} * before(c.c, i, j);
  if (c.activation == Activation::relu) value = std::max(value, 0.0);
  if (c.residual.data != nullptr) value += before(c.residual, i, j);
  // Factors are at most 1, integers at most 128: so is each product at most, and the sums before it.
  const double largest = c.is_bf16() ? 1.0 : 128.0 * 128.0;
  const auto terms = static_cast<double>(depth + 8);
  return {value, terms * (c.is_bf16() ? terms : 8.0) * largest * 0x1p-23};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Numbers numbers{data, size};
  const Arena arena;
  const Case c = make_case(numbers, arena);
  if (!are_matrices(c)) return 0;
  for (const TensorView& view : {c.a, c.b, c.c, c.residual}) {
    if (view.data != nullptr && !is_promised(view, arena)) return 0;
  }
  const Arena before{arena};
  const auto result = run(c, arena);
  if (!result || !*result) {
    if (!(arena == before)) std::abort();
    return 0;
  }
  if (c.c.empty()) return 0;  // of so many rows as there are numbers, perhaps
  const Before as_it_was{arena, before};
  std::vector<float> scales(c.scale_count);
  if (!scales.empty()) std::memcpy(scales.data(), before.data() + c.scales_at, scales.size() * sizeof(float));
  Arena expected{before};
  for (std::size_t i = 0; i < c.c.shape[0]; ++i) {
    for (std::size_t j = 0; j < c.c.shape[1]; ++j) {
      const Wanted want = wanted(c, as_it_was, scales, i, j);
      const auto* got = static_cast<const unsigned char*>(c.c.data) + (i * c.c.strides[0] + j) * 4;
      float number = 0;
      std::int32_t integer = 0;
      std::memcpy(&number, got, sizeof number);
      std::memcpy(&integer, got, sizeof integer);
      const double value = c.makes_sums() ? static_cast<double>(integer) : double{number};
      if (!(std::abs(value - want.value) <= want.bound)) std::abort();
      std::memcpy(expected.data() + (got - arena.data()), got, 4);
    }
  }
  if (!(arena == expected)) std::abort();
  return 0;
}
