/// Cap'n Proto's builder and reader over pooled blocks, for messages that flat_struct.hpp is too simple for.
#pragma once

#include <span>
#include <vector>

#include <capnp/message.h>

#include "myelin/serialization/frame.hpp"

namespace myelin {

/// Builds one message; its first segment lies in the frame's own block.
///
/// **Thread-safety**: thread-compatible. **Errors**: kj exceptions for sizes beyond what Cap'n Proto can encode.
class ArenaBuilder final : public capnp::MessageBuilder {
 public:
  /// `first_words`: room for the first segment, root pointer included. A message that stays within it is one segment.
  ArenaBuilder(TypeId type, const FrameHeader& header, std::size_t first_words);
  ~ArenaBuilder() noexcept override;

  kj::ArrayPtr<capnp::word> allocateSegment(unsigned int minimum_words) override;

  /// Bytes of the segments after the first.
  [[nodiscard]] std::size_t later_bytes() const noexcept { return later_bytes_; }

  /// The message, now immutable. Call once; nothing may be built after. `items`, `batch`: as in Frame.
  [[nodiscard]] Frame finish(std::uint32_t items, bool batch);

 private:
  std::span<capnp::word> room_;  // before block_, whose making fills it in
  FrameBlock* block_;
  bool first_taken_ = false;
  std::vector<BlockPool::Block> later_;
  std::size_t later_bytes_ = 0;
};

/// Reads one frame with bounds checks, in place. Outlives every reader taken from it.
///
/// **Thread-safety**: thread-compatible; make one a thread. **Cost**: about 40 ns.
class ArenaReader final : public capnp::MessageReader {
 public:
  explicit ArenaReader(const Frame& frame);

  kj::ArrayPtr<const capnp::word> getSegment(unsigned int id) override;

  [[nodiscard]] capnp::AnyPointer::Reader root() { return getRoot<capnp::AnyPointer>(); }

 private:
  std::span<const Frame::Segment> segments_;
};

}  // namespace myelin
