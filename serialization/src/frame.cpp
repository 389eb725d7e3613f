#include "myelin/serialization/frame.hpp"

#include <cstring>
#include <limits>
#include <new>

#include "segments.hpp"

namespace myelin {

FrameBlock* FrameBlock::create(TypeId type, const FrameHeader& header, std::size_t words,
                               std::span<capnp::word>& room) {
  const bool traced = header.trace.traced();
  const std::size_t callers = header.callers == nullptr ? 0 : header.callers->size;
  const std::size_t chain_at = sizeof(FrameBlock) + (traced ? sizeof(TraceContext) : 0);
  const std::size_t offset = chain_at + (callers == 0 ? 0 : (1 + callers) * sizeof(AgentKey));
  const BlockPool::Block memory = BlockPool::allocate(offset + words * sizeof(capnp::word));
  auto* block = new (memory.memory) FrameBlock;  // no {}: that would zero the whole block first
  block->size_class = memory.size_class;
  block->lane = static_cast<std::uint8_t>(header.lane);
  block->type = type;
  block->sender = header.sender;
  block->correlation = header.correlation;
  block->deadline_ns = header.deadline.time_since_epoch().count();
  if (traced) {
    block->flags = kTraced;
    std::memcpy(static_cast<void*>(block + 1), &header.trace, sizeof(TraceContext));
  }
  if (callers != 0) [[unlikely]] {
    block->flags |= kCalled;
    auto* place = static_cast<std::byte*>(memory.memory) + chain_at;
    std::memcpy(place, &callers, sizeof callers);
    std::memcpy(place + sizeof callers, header.callers->agents.data(), callers * sizeof(AgentKey));
  }
  room = {reinterpret_cast<capnp::word*>(static_cast<std::byte*>(memory.memory) + offset),
          (memory.size - offset) / sizeof(capnp::word)};
  return block;
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
