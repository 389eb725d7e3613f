// Tensors from a stranger, for every kernel that takes them: either an error with all memory as it was, or an output
// written and nothing beside it.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/attention.hpp"
#include "myelin/kernels/convolution.hpp"
#include "myelin/kernels/embedding.hpp"
#include "myelin/kernels/normalization.hpp"
#include "myelin/kernels/recurrent.hpp"
#include "myelin/kernels/reduction.hpp"
#include "myelin/kernels/similarity.hpp"
#include "numbers.hpp"

namespace {

using namespace myelin::kernels;
using myelin::Result;
using myelin::fuzz::Numbers;

// All operands lie in here, and may overlap.
constexpr std::size_t kArena = 1 << 14;
// Strides of 0 make large tensors of little memory: correct, but slow.
constexpr std::size_t kElementsMax = 1 << 14;

// Lengths of a few elements: kernels are cubic in them.
std::size_t length(Numbers& numbers) {
  const std::size_t any = numbers.size();
  return any < 40 ? any % 9 : any;
}

TensorView view_of(Numbers& numbers, std::size_t rank, std::vector<float>& arena) {
  std::array<std::size_t, kTensorRankMax + 1> lengths{};
  for (std::size_t i = 0; i < rank; ++i) lengths[i] = length(numbers);
  const TensorShape shape{std::span<const std::size_t>{lengths.data(), rank}};
  TensorShape strides = contiguous_strides(shape);
  const std::uint8_t layout = numbers.byte();
  if (layout % 4 == 0 && rank <= kTensorRankMax) {
    for (std::size_t i = 0; i + (layout % 8 == 0 ? 0 : 1) < rank; ++i) strides[i] = numbers.size();
  }
  const std::size_t offset = (std::size_t{numbers.byte()} << 6U) % kArena;
  const ElementType type = numbers.byte() >= 0xf8 ? static_cast<ElementType>(numbers.byte()) : ElementType::f32;
  void* data = arena.data() + offset;
  if (numbers.byte() == 0xff) data = nullptr;
  return {data, type, shape, strides};
}

// Whether the memory is ours: a caller's promise, which no check can make up for. Views that no check lets through may
// point anywhere.
bool is_promised(const ConstTensorView& view, const std::vector<float>& arena) {
  if (!check_tensor("view", view, view.type) || view.empty()) return true;
  if (view.type != ElementType::f32 && view.type != ElementType::i32) return true;  // no kernel here takes others
  std::size_t last = static_cast<std::size_t>(view.floats() - arena.data());
  std::size_t elements = 1;
  for (std::size_t i = 0; i < view.shape.rank(); ++i) {
    if (view.shape[i] > kElementsMax || elements * view.shape[i] > kElementsMax) return false;
    elements *= view.shape[i];
    if (view.shape[i] > 1 && view.strides[i] > kArena) return false;
    last += (view.shape[i] - 1) * view.strides[i];
  }
  return last < kArena;
}

TensorView reshaped(TensorView view, const TensorShape& shape) {
  view.shape = shape;
  view.strides = contiguous_strides(shape);
  return view;
}

// Makes shapes of those that a kernel wants, from those of the tensors that it reads. Requires: the usual ranks.
void fit(std::uint8_t kind, std::vector<TensorView>& t) {
  const auto at = [&t](std::size_t tensor, std::size_t i) { return t[tensor].shape[i]; };
  switch (kind) {
    case 0: t[1] = reshaped(t[1], t[0].shape); return;
    case 1: t[1] = reshaped(t[1], at(1, 0) % 2 == 0 ? t[0].shape : TensorShape{at(0, 0)}); return;
    case 2:
      t[0] = reshaped(t[0], {at(1, 1)});
      t[2] = reshaped(t[2], {at(1, 0)});
      return;
    case 3:
      t[1] = reshaped(t[1], {at(1, 0), at(1, 1), at(0, 3), at(1, 3)});
      t[2] = reshaped(t[2], {at(0, 0), at(0, 1) - at(1, 0) + 1, at(0, 2) - at(1, 1) + 1, at(1, 3)});
      return;
    case 4: t[2] = reshaped(t[2], {at(0, 0), at(0, 1) - 1, at(0, 2) - 1, at(0, 3)}); return;
    case 5:
      t[1] = reshaped(t[1], {at(0, 0), at(0, 1), at(1, 2), at(0, 3)});
      t[2] = reshaped(t[2], {at(0, 0), at(0, 1), at(1, 2), at(2, 3)});
      t[3] = reshaped(t[3], {at(0, 0), at(0, 1), at(0, 2), at(2, 3)});
      t[4] = reshaped(t[4], {at(0, 0), at(0, 1), at(0, 2), at(1, 2)});
      return;
    case 6: t[2] = reshaped(t[2], {at(1, 0), at(1, 1), at(0, 1)}); return;
    default:
      t[0] = reshaped(t[0], {at(0, 0), 3 * at(1, 0)});
      t[1] = reshaped(t[1], {at(1, 0), 3 * at(1, 0)});
      t[2] = reshaped(t[2], {at(2, 0), at(0, 0)});
      t[3] = reshaped(t[3], {at(2, 0), at(1, 0)});
      t[4] = reshaped(t[4], {at(2, 0), at(1, 0)});
  }
}

// Marks what a tensor covers.
void mark(const ConstTensorView& view, const std::vector<float>& arena, std::vector<bool>& marks) {
  if (view.empty()) return;
  const auto base = static_cast<std::size_t>(view.floats() - arena.data());
  std::array<std::size_t, kTensorRankMax> index{};
  for (;;) {
    std::size_t at = base;
    for (std::size_t i = 0; i < view.shape.rank(); ++i) at += index[i] * view.strides[i];
    marks[at] = true;
    std::size_t i = view.shape.rank();
    while (i > 0 && ++index[i - 1] == view.shape[i - 1]) index[--i] = 0;
    if (i == 0) return;
  }
}

struct Call {
  Result<void> result;
  std::vector<TensorView> outputs;
};

Call element_wise(Numbers& numbers, const std::vector<TensorView>& t) {
  return {activate(t[0], static_cast<Activation>(numbers.byte() % 10), t[1]), {t[1]}};
}

Call rows(Numbers& numbers, const std::vector<TensorView>& t) {
  switch (numbers.byte() % 6) {
    case 0: return {softmax(t[0], t[1]), {t[1]}};
    case 1: return {log_softmax(t[0], t[1]), {t[1]}};
    case 2: return {layer_norm(t[0], t[1]), {t[1]}};
    case 3: return {rms_norm(t[0], t[1]), {t[1]}};
    case 4: return {reduce(t[0], static_cast<Reduction>(numbers.byte() % 5), t[1]), {t[1]}};
    default: {
      TensorView indices = t[1];
      if (indices.type == ElementType::f32) indices.type = ElementType::i32;
      return {argmax(t[0], indices), {indices}};
    }
  }
}

Call search(Numbers& numbers, const std::vector<TensorView>& t) {
  const auto measure = static_cast<Similarity>(numbers.byte() % 3);
  std::vector<Ranked> best(numbers.byte() % 5);
  const auto found = nearest(t[0], t[1], measure, best);
  if (found && *found > best.size()) std::abort();
  return {similarities(t[0], t[1], measure, t[2]), {t[2]}};
}

Window2d window_of(Numbers& numbers, bool fits) {
  if (fits) return {};
  return {{length(numbers), length(numbers)},
          {length(numbers), length(numbers)},
          {length(numbers), length(numbers), length(numbers), length(numbers)}};
}

Call convolution(Numbers& numbers, const std::vector<TensorView>& t, bool fits) {
  const auto filter = PackedFilter::make(t[1], fits ? 1 : length(numbers));
  if (!filter) return {tl::unexpected{filter.error()}, {}};
  const Window2d window = window_of(numbers, fits);
  return {conv2d(t[0], *filter, t[2], window, {.activation = static_cast<Activation>(numbers.byte() % 10)}), {t[2]}};
}

Call pooling(Numbers& numbers, const std::vector<TensorView>& t, bool fits) {
  const Extent2d size = fits ? Extent2d{2, 2} : Extent2d{length(numbers), length(numbers)};
  const Window2d window = window_of(numbers, fits);
  return {pool2d(t[0], static_cast<Pooling>(numbers.byte() % 3), size, t[2], window), {t[2]}};
}

Call attend(Numbers& numbers, const std::vector<TensorView>& t) {
  AttentionOptions options{.causal = numbers.byte() % 2 == 0};
  if (numbers.byte() % 2 == 0) options.mask = t[4];
  return {attention(t[0], t[1], t[2], t[3], options), {t[3]}};
}

Call look_up(const std::vector<TensorView>& t) {
  TensorView ids = t[1];
  if (ids.type == ElementType::f32) ids.type = ElementType::i32;
  return {embed(t[0], ids, t[2]), {t[2]}};
}

Call recur(const std::vector<TensorView>& t) {
  const auto cell = GruCell::make(t[0], t[1]);
  if (!cell) return {tl::unexpected{cell.error()}, {}};
  return {cell->step(t[2], t[3], t[4]), {t[4]}};
}

Call call(Numbers& numbers, std::uint8_t kind, const std::vector<TensorView>& t, bool fits) {
  switch (kind) {
    case 0: return element_wise(numbers, t);
    case 1: return rows(numbers, t);
    case 2: return search(numbers, t);
    case 3: return convolution(numbers, t, fits);
    case 4: return pooling(numbers, t, fits);
    case 5: return attend(numbers, t);
    case 6: return look_up(t);
    default: return recur(t);
  }
}

constexpr std::uint8_t kKinds = 8;
// The ranks of their tensors; an error is right for others.
constexpr std::size_t kRanks[kKinds][5] = {{2, 2, 0, 0, 0}, {2, 2, 0, 0, 0}, {1, 2, 1, 0, 0}, {4, 4, 4, 0, 0},
                                           {4, 0, 4, 0, 0}, {4, 4, 4, 4, 4}, {2, 2, 3, 0, 0}, {2, 2, 2, 2, 2}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Numbers numbers{data, size};
  std::vector<float> arena(kArena);
  for (std::size_t i = 0; i < kArena; ++i) arena[i] = static_cast<float>((i * 7919) % 512) / 256.0F - 1.0F;
  const std::uint8_t kind = numbers.byte() % kKinds;
  bool fits = numbers.byte() % 4 != 0;
  std::vector<TensorView> tensors;
  for (const std::size_t usual : kRanks[kind]) {
    const std::uint8_t other = numbers.byte();
    const std::size_t rank = other < 0xf0 ? usual : other % 6U;
    fits = fits && rank == usual;
    tensors.push_back(view_of(numbers, rank, arena));
  }
  if (fits) fit(kind, tensors);
  if (!std::ranges::all_of(tensors, [&](const TensorView& view) { return is_promised(view, arena); })) return 0;
  if (kind == 6) {  // numbers of rows, and others: most bits of a float are none
    const std::size_t rows = std::max<std::size_t>(tensors[0].shape.last(), 1);
    for (std::size_t i = 0; i < kArena; i += 2) arena[i] = std::bit_cast<float>(static_cast<std::int32_t>(i % rows));
    if (numbers.byte() % 2 == 0) std::ranges::fill(arena, std::bit_cast<float>(std::int32_t{0}));
  }
  const std::vector<float> before = arena;
  const Call done = call(numbers, kind, tensors, fits);
  std::vector<bool> written(kArena);
  if (done.result) {
    for (const TensorView& output : done.outputs) mark(output, arena, written);
  }
  for (std::size_t i = 0; i < kArena; ++i) {
    if (!written[i] && std::memcmp(&arena[i], &before[i], sizeof(float)) != 0) std::abort();
  }
  return 0;
}
