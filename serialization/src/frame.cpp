#include "myelin/serialization/frame.hpp"

#include <cstring>
#include <limits>

#include "segments.hpp"

namespace myelin {

std::size_t FrameBlock::extra_bytes(const FrameHeader& header) noexcept {
  const std::size_t callers = header.callers == nullptr ? 0 : header.callers->size;
  return (header.trace.traced() ? sizeof(TraceContext) : 0) + (callers == 0 ? 0 : (1 + callers) * sizeof(AgentKey));
}

void FrameBlock::put_extras(const FrameHeader& header) noexcept {
  auto* place = reinterpret_cast<std::byte*>(this + 1);
  if (header.trace.traced()) {
    flags |= kTraced;
    std::memcpy(place, &header.trace, sizeof(TraceContext));
    place += sizeof(TraceContext);
  }
  if (header.callers != nullptr && header.callers->size != 0) {
    flags |= kCalled;
    std::memcpy(place, &header.callers->size, sizeof header.callers->size);
    std::memcpy(place + sizeof(AgentKey), header.callers->agents.data(), header.callers->size * sizeof(AgentKey));
  }
}

void FrameBlock::destroy() noexcept {
  if (has(kShares)) {
    owner->unref();
  } else {
    for (const BlockPool::Block& memory : more->memory) BlockPool::free(memory.memory, memory.size_class);
    delete more;
  }
  BlockPool::free(this, size_class);
}

TraceContext Frame::trace() const noexcept {
  TraceContext trace;
  if (block_->has(FrameBlock::kTraced))
    std::memcpy(static_cast<void*>(&trace), static_cast<const void*>(block_ + 1), sizeof trace);
  return trace;
}

FrameHeader Frame::header() const noexcept {
  return {.sender = sender(), .correlation = correlation(), .deadline = deadline(), .trace = trace(), .lane = lane()};
}

std::span<const AgentKey> Frame::callers() const noexcept {
  if (!block_->has(FrameBlock::kCalled)) return {};
  const auto* place = reinterpret_cast<const AgentKey*>(reinterpret_cast<const std::byte*>(block_ + 1) +
                                                        (block_->has(FrameBlock::kTraced) ? sizeof(TraceContext) : 0));
  return {place + 1, static_cast<std::size_t>(*place)};
}

std::span<const Frame::Segment> Frame::segments() const noexcept {
  const FrameBlock* block = block_->has(FrameBlock::kShares) ? block_->owner : block_;
  if (block->more != nullptr) return block->more->all;
  return {&block->only, 1};
}

std::size_t Frame::payload_bytes() const noexcept {
  std::size_t words = 0;
  for (const Segment& segment : segments()) words += segment.size();
  return words * sizeof(capnp::word);
}

Frame Frame::with_header(const FrameHeader& header) const {
  std::span<capnp::word> room;
  FrameBlock* copy = FrameBlock::create(block_->type, header, 0, room);
  FrameBlock* owner = block_->has(FrameBlock::kShares) ? block_->owner : block_;
  owner->ref();
  copy->owner = owner;
  copy->only = block_->only;
  copy->items = block_->items;
  copy->flags |=
      FrameBlock::kShares | (block_->flags & (FrameBlock::kBatch | FrameBlock::kForeign | FrameBlock::kFlat));
  return adopt(copy);
}

}  // namespace myelin
