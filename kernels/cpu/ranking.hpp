/// The best few of many values that come in parts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "cpu/reduction_kernels.hpp"
#include "myelin/kernels/reduction.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

/// Whether there is memory for the best ones, apart from that of an input that passed check_tensor.
/// **Errors**: invalid_argument.
[[nodiscard]] inline Result<void> check_best(std::span<Ranked> best, std::string_view input_name,
                                             const ConstTensorView& input) {
  if (best.empty()) return {};
  if (best.data() == nullptr) {
    return fail(Errc::invalid_argument, "'best' of " + std::to_string(best.size()) + " elements points to no data");
  }
  const ConstTensorView bytes{best.data(), ElementType::i8, {best.size(), sizeof(Ranked)}};
  if (auto checked = check_tensor("best", bytes, ElementType::i8); !checked) return checked;
  return check_disjoint("best", bytes, input_name, input);
}

/// Keeps them in the caller's memory as a heap whose top is the worst of them. **Thread-safety**: thread-compatible.
class Ranking {
 public:
  explicit Ranking(std::span<Ranked> best) : best_(best) {}

  /// `count` more values, the first of which has the index `first`. Indices must grow from call to call.
  void offer(const float* values, std::size_t count, std::size_t first) {
    if (best_.empty()) return;
    std::size_t i = 0;
    for (; i < count && size_ < best_.size(); ++i) {
      if (values[i] != values[i]) continue;  // NaN
      best_[size_++] = {first + i, values[i]};
      std::push_heap(best_.begin(), end(), is_better);
    }
    if (size_ < best_.size()) return;
    // An equal value comes later than the one that is there, and so does not count.
    while ((i = cpu::find_above(values, i, count, best_.front().value)) < count) {
      std::pop_heap(best_.begin(), end(), is_better);
      best_.back() = {first + i, values[i]};
      std::push_heap(best_.begin(), end(), is_better);
      ++i;
    }
  }

  /// Sorts them, the best first, and returns how many there are. Nothing may be offered after that.
  [[nodiscard]] std::size_t finish() {
    std::sort_heap(best_.begin(), end(), is_better);
    return size_;
  }

 private:
  static bool is_better(const Ranked& a, const Ranked& b) {
    return a.value > b.value || (a.value == b.value && a.index < b.index);
  }
  [[nodiscard]] std::span<Ranked>::iterator end() const { return best_.begin() + static_cast<std::ptrdiff_t>(size_); }

  std::span<Ranked> best_;
  std::size_t size_ = 0;
};

}  // namespace myelin::kernels
