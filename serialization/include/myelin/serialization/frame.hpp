/// The one thing that travels between agents: an immutable, shared Cap'n Proto message with a small header.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "myelin/base/identity.hpp"
#include "myelin/base/limits.hpp"
#include "myelin/base/time.hpp"
#include "myelin/serialization/frame_block.hpp"

namespace myelin {

/// Where a message queues at its receiver. Lower numbers go first; bulk is not starved.
enum class Lane : std::uint8_t {
  control = 0,  ///< The framework's own messages: stop, failure, cancellation.
  high = 1,
  normal = 2,
  bulk = 3,
};
inline constexpr std::size_t kLanes = 4;

/// W3C trace context (https://www.w3.org/TR/trace-context/): which request this message works for. All zero: not
/// traced.
struct TraceContext {
  std::array<std::byte, 16> trace_id{};
  std::uint64_t span_id = 0;

  [[nodiscard]] bool traced() const noexcept {
    // Two words rather than 16 bytes: this is asked for every frame.
    const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(trace_id);
    return (words[0] | words[1]) != 0;
  }
  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

/// Agents that wait for one another's answers: the first asked the second, which asked the third, and so on.
struct CallChain {
  std::size_t size = 0;
  std::array<AgentKey, limits::kCallDepthMax> agents;  ///< The first `size`.

  [[nodiscard]] std::span<const AgentKey> span() const noexcept { return {agents.data(), size}; }
};

/// What a frame says about itself beside its message.
struct FrameHeader {
  AgentId sender = 0;             ///< Who sent it; 0 when no agent did.
  CorrelationId correlation = 0;  ///< Pairs an answer with its question; 0 when no answer is expected.
  TimePoint deadline = kNever;    ///< After this nobody waits for the result.
  TraceContext trace{};
  Lane lane = Lane::normal;
  /// Who waits for the answer, the sender last; null where that is the sender alone, or nobody. Borrowed while a frame
  /// is made, and left out by Frame::header(): see Frame::callers().
  const CallChain* callers = nullptr;

  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

// Inline, so that a header known at compile time, as that of most messages, costs a few stores.
inline FrameBlock* FrameBlock::create(TypeId type, const FrameHeader& header, std::size_t words,
                                      std::span<capnp::word>& room) {
  const bool plain = header.callers == nullptr && !header.trace.traced();
  const std::size_t offset = sizeof(FrameBlock) + (plain ? 0 : extra_bytes(header));
  const BlockPool::Block memory = BlockPool::allocate(offset + words * sizeof(capnp::word));
  auto* block = new (memory.memory) FrameBlock;  // no {}: that would zero the whole block first
  block->size_class = memory.size_class;
  block->lane = static_cast<std::uint8_t>(header.lane);
  block->type = type;
  block->sender = header.sender;
  block->correlation = header.correlation;
  block->deadline_ns = header.deadline.time_since_epoch().count();
  if (!plain) [[unlikely]]
    block->put_extras(header);
  room = {reinterpret_cast<capnp::word*>(static_cast<std::byte*>(memory.memory) + offset),
          (memory.size - offset) / sizeof(capnp::word)};
  return block;
}

/// A handle to an immutable message: copying it shares the message, and nothing ever copies or changes the bytes.
///
/// **Thread-safety**: different handles to one message may be used on different threads; one handle is
/// thread-compatible.
/// **Cost**: a copy is one atomic increment, a move none.
class Frame {
 public:
  using Segment = FrameBlock::Segment;

  /// No message.
  Frame() noexcept = default;
  Frame(const Frame& other) noexcept : block_{other.block_} {
    if (block_ != nullptr) block_->ref();
  }
  Frame(Frame&& other) noexcept : block_{std::exchange(other.block_, nullptr)} {}
  Frame& operator=(Frame other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Frame() {
    if (block_ != nullptr) block_->unref();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }

  // Everything below **requires** that there is a message.

  /// The schema id of the message, or of each message where this is a batch.
  [[nodiscard]] TypeId type() const noexcept { return block_->type; }
  [[nodiscard]] Lane lane() const noexcept { return static_cast<Lane>(block_->lane); }
  [[nodiscard]] AgentId sender() const noexcept { return block_->sender; }
  [[nodiscard]] CorrelationId correlation() const noexcept { return block_->correlation; }
  [[nodiscard]] TimePoint deadline() const noexcept { return TimePoint{Duration{block_->deadline_ns}}; }
  [[nodiscard]] TraceContext trace() const noexcept;
  [[nodiscard]] FrameHeader header() const noexcept;
  /// The agents that wait for the answer, the sender last; empty where that is the sender alone, or nobody.
  [[nodiscard]] std::span<const AgentKey> callers() const noexcept;

  /// Whether the root is a list of messages rather than one message.
  [[nodiscard]] bool is_batch() const noexcept { return block_->has(FrameBlock::kBatch); }
  /// How many messages this frame holds: 1 unless it is a batch.
  [[nodiscard]] std::size_t size() const noexcept { return block_->items; }
  /// Whether the bytes came from outside.
  [[nodiscard]] bool is_foreign() const noexcept { return block_->has(FrameBlock::kForeign); }
  /// Whether that makes a difference: it must be checked as what it is read as, and each read of it is checked too.
  /// Where there are but numbers, nothing can be wrong with them.
  [[nodiscard]] bool needs_check() const noexcept { return is_foreign() && !block_->has(FrameBlock::kFlat); }

  /// The message's segments in order, in place; never empty.
  [[nodiscard]] std::span<const Segment> segments() const noexcept;
  /// Bytes in all segments together.
  [[nodiscard]] std::size_t payload_bytes() const noexcept;

  /// The same message under another header; shares the bytes. **Cost**: one small block.
  [[nodiscard]] Frame with_header(const FrameHeader& header) const;

  // For the layers that queue and read frames; users have no need of these.

  /// Whether this is the only handle.
  [[nodiscard]] bool unique() const noexcept { return block_->unique(); }
  [[nodiscard]] const FrameBlock* block() const noexcept { return block_; }
  /// Takes over one reference.
  [[nodiscard]] static Frame adopt(FrameBlock* block) noexcept {
    Frame frame;
    frame.block_ = block;
    return frame;
  }
  /// Gives up the reference that this handle holds.
  [[nodiscard]] FrameBlock* release() noexcept { return std::exchange(block_, nullptr); }

 private:
  FrameBlock* block_ = nullptr;
};

}  // namespace myelin
