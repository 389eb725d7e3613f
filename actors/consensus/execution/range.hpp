/// The answer to a range, filled key by key up to its bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "execution/cell.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/reply.hpp"

namespace myelin::consensus {

class RangeFiller {
 public:
  RangeFiller(std::size_t limit, std::vector<KeyValue>& entries) noexcept : limit_{limit}, entries_{entries} {}

  /// Adds the key, if it holds something. False once the answer is full: limits::kRangeBytesMax counts, but the first
  /// key is always answered.
  bool add(std::string_view key, const Cell& cell) {
    if (cell.kind == ValueKind::absent) return true;
    bytes_ += key.size() + cell.bytes.size();
    if (!entries_.empty() && bytes_ > limits::kRangeBytesMax) return false;
    entries_.push_back({std::string{key}, cell.to_value()});
    return entries_.size() < limit_;
  }

 private:
  std::size_t limit_;
  std::vector<KeyValue>& entries_;
  std::size_t bytes_ = 0;
};

}  // namespace myelin::consensus
