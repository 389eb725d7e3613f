#include "protocol/payload.hpp"

#include <algorithm>

#include "myelin/consensus.capnp.h"
#include "myelin/consensus/limits.hpp"
#include "myelin/serialization/flat_struct.hpp"
#include "protocol/layout.hpp"

namespace myelin::consensus {

namespace {

using layout::ElementSize;

// The root's pointer, the root, which is a pointer to the list, and the list, which is a pointer a batch. The batches
// follow in order.
static_assert(flat::kDataWords<schema::Payload> == 0 && flat::kPointers<schema::Payload> == 1);
constexpr std::size_t kList = 2;

std::size_t batch_count(const Words& payload) noexcept { return layout::list_count(payload[1]); }

}  // namespace

Words make_payload(std::span<const std::span<const std::byte>> batches) {
  if (batches.empty()) return {};
  std::size_t bytes = 0;
  for (const auto& batch : batches) bytes += batch.size();
  Words payload(kList + batches.size() + bytes / kWordBytes);
  payload[0] = layout::struct_pointer(0, 1, 0, 1);
  payload[1] = layout::list_pointer(1, kList, ElementSize::pointer, batches.size());
  std::size_t next = kList + batches.size();
  for (std::size_t i = 0; i < batches.size(); ++i) {
    payload[kList + i] = layout::list_pointer(kList + i, next, ElementSize::byte, batches[i].size());
    std::ranges::copy(batches[i], std::as_writable_bytes(std::span{payload}.subspan(next)).begin());
    next += batches[i].size() / kWordBytes;
  }
  return payload;
}

bool is_payload(const Words& words) noexcept {
  if (words.size() <= kList || words[0] != layout::struct_pointer(0, 1, 0, 1)) return false;
  const std::size_t count = batch_count(words);
  if (count == 0 || count > limits::kPayloadBatchesMax || count > words.size() - kList) return false;
  if (words[1] != layout::list_pointer(1, kList, ElementSize::pointer, count)) return false;
  std::size_t next = kList + count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t pointer = words[kList + i];
    const std::size_t bytes = layout::list_count(pointer);
    if (bytes == 0 || bytes % kWordBytes != 0 || bytes / kWordBytes > words.size() - next) return false;
    if (pointer != layout::list_pointer(kList + i, next, ElementSize::byte, bytes)) return false;
    next += bytes / kWordBytes;
  }
  return next == words.size();
}

std::vector<std::span<const std::byte>> batches_of(const Words& payload) {
  std::vector<std::span<const std::byte>> batches;
  if (payload.empty()) return batches;
  const std::span<const std::byte> bytes = bytes_of(payload);
  const std::size_t count = batch_count(payload);
  batches.reserve(count);
  std::size_t at = (kList + count) * kWordBytes;
  for (std::size_t i = 0; i < count; ++i) {
    batches.push_back(bytes.subspan(at, layout::list_count(payload[kList + i])));
    at += batches.back().size();
  }
  return batches;
}

std::vector<Digest> digests_of(const Words& payload) { return batch_digests(batches_of(payload)); }

}  // namespace myelin::consensus
