/// Gathers what an agent tells in one turn, so that many small messages to one receiver travel as one frame.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/serialization/batch.hpp"

namespace myelin {

/// One open batch a destination. Order between this sender and each receiver is kept: whatever else goes to a receiver
/// first flushes what is open for it.
///
/// **Thread-safety**: actor-confined.
class Outbox {
 public:
  /// Sends a finished frame; given by the agent.
  using Send = void (*)(void* agent, const AgentRef& to, Frame frame);

  /// The header of what the agent tells now; given by the agent.
  using HeaderOf = FrameHeader (*)(void* agent, Lane lane) noexcept;
  /// What the outbox and its agent's cell share.
  struct Turn {
    const FrameBlock* current = nullptr;  ///< The message being handled, or on whose behalf the agent acts.
    std::uint32_t sent = 0;               ///< Messages sent and told in this turn.
  };

  Outbox(void* agent, Send send, HeaderOf header, Turn& turn) noexcept
      : agent_{agent}, send_{send}, header_{header}, turn_{turn} {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// The next message of type T to `to`, to be filled in at once.
  template <class T>
  /// Then filled() or retract() must be called. **Errors**: throws std::logic_error while another message is being
  /// filled in.
  [[nodiscard]] typename T::Builder add(const AgentRef& to, Lane lane) {
    if (filling_) [[unlikely]]
      refuse();
    ++turn_.sent;
    Entry* entry = find(to);
    if (entry != nullptr && entry->batch != nullptr &&
        (entry->batch->type() != kTypeId<T> || entry->batch->lane() != lane || of_another_trace(*entry) ||
         static_cast<BatchBuilder<T>*>(entry->batch.get())->full())) [[unlikely]] {
      flush(*entry);
    }
    if (entry == nullptr) entry = &open(to);
    if (entry->batch == nullptr) {
      // A batch that was filled to the brim last time is given room for twice as many now.
      const std::uint32_t expected = entry->type == kTypeId<T> ? entry->last_count : 1;
      const std::uint32_t most = entry->most;
      const std::uint32_t capacity = flat::kIsFlat<T> ? most : std::clamp<std::uint32_t>(expected * 2, 1, most);
      entry->type = kTypeId<T>;
      entry->batch = std::make_unique<BatchBuilder<T>>(header_(agent_, lane), capacity, std::min(expected, capacity));
      ++open_;
    }
    filling_ = true;
    return static_cast<BatchBuilder<T>*>(entry->batch.get())->add();
  }

  /// The message last added is complete.
  void filled() noexcept { filling_ = false; }

  /// Takes back the message last added for `to`, whose filling in failed, and sends those before it.
  void retract(const AgentRef& to) {
    filling_ = false;
    if (Entry* entry = find(to); entry != nullptr && entry->batch != nullptr) {
      entry->batch->retract();
      flush(*entry);
    }
  }

  [[nodiscard]] bool empty() const noexcept { return open_ == 0; }
  /// Sends every open batch.
  void flush_all();
  /// Sends the open batches to those receivers for which `chosen` says so: `bool chosen(const AgentRef&)`.
  template <class Chosen>
  void flush_where(Chosen&& chosen) {
    if (filling_) return;  // a Reply used while a message is filled in: that batch is not finished
    for (std::size_t index = 0; index < used_ && open_ != 0; ++index) {
      if (entries_[index].batch != nullptr && chosen(entries_[index].to)) flush(entries_[index]);
    }
  }
  /// Sends what is open for one receiver.
  void flush(const AgentRef& to) {
    if (filling_) [[unlikely]]
      refuse();
    if (open_ == 0) return;
    if (Entry* entry = find(to); entry != nullptr && entry->batch != nullptr) flush(*entry);
  }

 private:
  struct Entry {
    AgentRef to;
    std::unique_ptr<OpenBatch> batch;
    TypeId type = 0;               ///< Of the last batch.
    std::uint32_t last_count = 1;  ///< Messages in the last batch.
    std::uint32_t most = 0;        ///< Messages that a batch may hold: no more than the receiver's mailbox.
  };

  /// What is told for different requests does not travel together.
  [[nodiscard]] bool of_another_trace(const Entry& entry) const noexcept {
    const bool traced = turn_.current != nullptr && turn_.current->has(FrameBlock::kTraced);
    if (!traced && !entry.batch->traced()) [[likely]]
      return false;
    return header_(agent_, entry.batch->lane()).trace != entry.batch->trace();
  }
  [[nodiscard]] Entry* find(const AgentRef& to) noexcept {
    if (recent_ < used_ && entries_[recent_].to == to) [[likely]]
      return &entries_[recent_];
    for (std::size_t index = 0; index < used_; ++index) {
      if (entries_[index].to == to) {
        recent_ = index;
        return &entries_[index];
      }
    }
    return nullptr;
  }
  [[nodiscard]] Entry& open(const AgentRef& to);
  void flush(Entry& entry);
  [[noreturn]] static void refuse();

  void* agent_;
  Send send_;
  HeaderOf header_;
  Turn& turn_;
  std::size_t used_ = 0;
  std::size_t recent_ = 0;
  std::size_t open_ = 0;
  bool filling_ = false;
  std::array<Entry, limits::kOutboxDestinationsMax> entries_{};
};

}  // namespace myelin
