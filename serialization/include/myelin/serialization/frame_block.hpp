/// The memory behind a Frame. Read `frame.hpp` first: only the layers that build, queue and send frames need this.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <capnp/common.h>

#include "myelin/base/identity.hpp"
#include "myelin/serialization/block_pool.hpp"

namespace myelin {

struct FrameHeader;

/// A place in a queue of the layer above: inside the block, so that queueing a frame that has one owner allocates
/// nothing.
struct QueueLink {
  QueueLink* next = nullptr;
  void* context = nullptr;   ///< Means what `kind` says.
  std::uint16_t kind = 0;    ///< Chosen by the queue.
  std::uint16_t weight = 1;  ///< Messages that this entry stands for.
  std::uint32_t stamp = 0;   ///< When it was put in, in units of the queue; 0 where that is not recorded.
};

/// Header and first segment of a message in one pooled block:
///
///     [ FrameBlock | trace context, if any | call chain, if any | first segment's words ... ]
///
/// Immutable once a Frame holds it, but for the reference count and the link (which belongs to the queue it waits in).
struct FrameBlock {
  using Segment = std::span<const capnp::word>;

  enum Flag : std::uint8_t {
    kBatch = 1,    ///< The root is a list.
    kForeign = 2,  ///< The bytes came from outside.
    kTraced = 4,   ///< A TraceContext follows the block.
    kFlat = 8,     ///< One segment that we built, or that holds nothing but numbers: readable without bounds checks.
    kShares = 16,  ///< The message's bytes belong to another block, `owner`.
    kCalled = 32,  ///< A call chain follows: its length, and so many keys.
  };

  /// Segments beyond the first, and their memory. Freed with the block.
  struct Segments;

  QueueLink link;
  std::atomic<std::uint32_t> references{1};
  std::uint8_t size_class;
  std::uint8_t flags = 0;
  std::uint8_t lane;
  std::uint8_t reserved = 0;
  std::uint32_t items = 1;
  std::uint32_t reserved_word = 0;
  Segment only{};  ///< The first segment.
  union {
    Segments* more = nullptr;  ///< Null where the first segment is the only one.
    FrameBlock* owner;         ///< Where kShares is set.
  };
  TypeId type;
  AgentId sender;
  CorrelationId correlation;
  std::int64_t deadline_ns;

  /// A block with room for `words` words after the header, which is not zeroed. `room` is set to the place and size.
  [[nodiscard]] static FrameBlock* create(TypeId type, const FrameHeader& header, std::size_t words,
                                          std::span<capnp::word>& room);

  [[nodiscard]] bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
  void ref() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
  void unref() noexcept {
    // The sole owner needs no read-modify-write: nobody else can add a reference.
    if (references.load(std::memory_order_acquire) == 1 || references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if (more == nullptr) [[likely]] {
        BlockPool::free(this, size_class);
      } else {
        destroy();
      }
    }
  }
  [[nodiscard]] bool unique() const noexcept { return references.load(std::memory_order_acquire) == 1; }

  /// The block that a link is part of. **Requires**: the link is some block's `link`.
  [[nodiscard]] static FrameBlock* of(QueueLink* link) noexcept { return reinterpret_cast<FrameBlock*>(link); }

 private:
  [[nodiscard]] static std::size_t extra_bytes(const FrameHeader& header) noexcept;
  void put_extras(const FrameHeader& header) noexcept;
  void destroy() noexcept;
};

static_assert(sizeof(FrameBlock) == 96, "a message of up to 3 words and its root pointer fit a 128-byte block");

}  // namespace myelin
