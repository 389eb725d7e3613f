#include "core/payload_queue.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

namespace {

// What the payload's encoding takes beside the batches: a pointer each, and two in all.
constexpr std::size_t kBytesPerBatch = sizeof(capnp::word);
constexpr std::size_t kBytesPerPayload = 2 * sizeof(capnp::word);

}  // namespace

PayloadQueue::PayloadQueue(std::size_t payload_bytes_max)
    : payload_bytes_max_{std::min(payload_bytes_max, limits::kPayloadBytesMax)} {}

bool PayloadQueue::push(PayloadBatch& batch) {
  const bool fits = !batch.empty() && batch.size() % sizeof(capnp::word) == 0 &&
                    batch.size() + kBytesPerBatch + kBytesPerPayload <= payload_bytes_max_;
  if (!fits || batches_.size() >= limits::kPendingBatchesMax || bytes_ + batch.size() > limits::kPendingBytesMax) {
    return false;
  }
  bytes_ += batch.size();
  batches_.push_back(std::move(batch));
  return true;
}

std::size_t PayloadQueue::push_back_in(const Words& payload) {
  const auto batches = batches_of(payload);
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    batches_.emplace_front(batch->begin(), batch->end());
    bytes_ += batch->size();
  }
  return batches.size();
}

Words PayloadQueue::take() {
  std::size_t count = 0;
  std::size_t bytes = kBytesPerPayload;
  while (count < batches_.size() && count < limits::kPayloadBatchesMax) {
    const std::size_t more = batches_[count].size() + kBytesPerBatch;
    if (count > 0 && bytes + more > payload_bytes_max_) break;
    bytes += more;
    ++count;
  }
  if (count == 0) return {};
  std::vector<std::span<const std::byte>> taken(batches_.begin(),
                                                batches_.begin() + static_cast<std::ptrdiff_t>(count));
  Words payload = make_payload(taken);
  for (const auto batch : taken) bytes_ -= batch.size();
  batches_.erase(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(count));
  return payload;
}

std::deque<PayloadBatch> PayloadQueue::take_all() {
  bytes_ = 0;
  return std::exchange(batches_, {});
}

}  // namespace myelin::consensus
