/// Own batches that are in no vertex yet.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "myelin/consensus/core.hpp"

namespace myelin::consensus {

/// Bounded in batches and bytes (see limits). **Thread-safety**: thread-compatible.
class PayloadQueue {
 public:
  explicit PayloadQueue(std::size_t payload_bytes_max);

  /// Takes the batch, unless it is none that a vertex can carry, or too many wait.
  [[nodiscard]] bool push(PayloadBatch& batch);
  /// Batches that were in a vertex that came to nothing go first again, whatever the bounds say: they were taken once.
  /// Returns how many.
  std::size_t push_back_in(const Words& payload);
  /// The payload of the next vertex: the oldest batches, as many as fit; empty where none waits.
  [[nodiscard]] Words take();
  /// All that wait.
  [[nodiscard]] std::deque<PayloadBatch> take_all();

  [[nodiscard]] bool is_empty() const noexcept { return batches_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return batches_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t payload_bytes_max_;
  std::deque<PayloadBatch> batches_;
  std::size_t bytes_ = 0;
};

}  // namespace myelin::consensus
