#include "myelin/serialization/arena.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "segments.hpp"

namespace myelin {

ArenaBuilder::ArenaBuilder(TypeId type, const FrameHeader& header, std::size_t first_words)
    : block_{FrameBlock::create(type, header, std::max<std::size_t>(first_words, 1), room_)} {
  room_ = room_.first(std::max<std::size_t>(first_words, 1));  // all of it gets zeroed: no more than was asked for
}

ArenaBuilder::~ArenaBuilder() noexcept {
  for (const BlockPool::Block& memory : later_) BlockPool::free(memory.memory, memory.size_class);
  if (block_ != nullptr) block_->unref();
}

kj::ArrayPtr<capnp::word> ArenaBuilder::allocateSegment(unsigned int minimum_words) {
  std::span<capnp::word> room;
  if (!first_taken_ && room_.size() >= minimum_words) {
    room = room_;
  } else {
    // Later segments double, so that their number stays logarithmic in the message's size.
    const std::size_t words = std::max<std::size_t>({minimum_words, room_.size(), 512});
    const BlockPool::Block memory = BlockPool::allocate(words * sizeof(capnp::word));
    later_.push_back(memory);
    later_bytes_ += memory.size;
    room = {static_cast<capnp::word*>(memory.memory), memory.size / sizeof(capnp::word)};
    room_ = {room.data(), room.size() * 2};
  }
  first_taken_ = true;
  std::memset(room.data(), 0, room.size_bytes());
  return {room.data(), room.size()};
}

Frame ArenaBuilder::finish(std::uint32_t items, bool batch) {
  const auto segments = getSegmentsForOutput();
  FrameBlock* block = std::exchange(block_, nullptr);
  block->items = items;
  if (batch) block->flags |= FrameBlock::kBatch;
  block->only = {segments[0].begin(), segments[0].size()};
  if (later_.empty()) {
    block->flags |= FrameBlock::kFlat;
  } else {
    auto* more = new FrameBlock::Segments;
    more->memory = std::exchange(later_, {});
    for (const auto& segment : segments) more->all.emplace_back(segment.begin(), segment.size());
    block->more = more;
    if (segments.size() == 1) block->flags |= FrameBlock::kFlat;
  }
  return Frame::adopt(block);
}

namespace {

/// A shared message read many times must not run into a traversal limit. Frames from outside need none either: the
/// guard has followed every pointer under its limits, so what is left to read is finite.
capnp::ReaderOptions no_limits() {
  capnp::ReaderOptions options;
  options.traversalLimitInWords = std::numeric_limits<std::uint64_t>::max();
  options.nestingLimit = std::numeric_limits<int>::max();
  return options;
}

}  // namespace

ArenaReader::ArenaReader(const Frame& frame) : capnp::MessageReader{no_limits()}, segments_{frame.segments()} {}

kj::ArrayPtr<const capnp::word> ArenaReader::getSegment(unsigned int id) {
  if (id >= segments_.size()) return nullptr;
  return {segments_[id].data(), segments_[id].size()};
}

}  // namespace myelin
