/// Entries sorted into lanes, oldest first, and the order in which lanes are served.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "myelin/serialization/frame.hpp"

namespace myelin {

/// What an entry of the inbox is. Stored in the low byte of QueueLink::kind; the lane is in the next byte, with
/// kCounted.
enum class EntryKind : std::uint8_t {
  message,         ///< A FrameBlock's own link; context is the ReplyPort to answer to, or null.
  shared_message,  ///< A SharedEntry: a frame that others hold too.
  answer,          ///< A FrameBlock's own link: the answer to one of our questions.
  shared_answer,   ///< A SharedEntry holding an answer.
  failure,         ///< A FailureEntry: a question ended without an answer.
  caf,             ///< A CafEntry: one of CAF's own messages.
  job,             ///< A JobEntry: an offloaded job is done.
  start,           ///< Runs on_start() before any message comes.
  stop,            ///< Asks the agent to stop.
  rejected,        ///< A RejectedEntry: a message of ours that its receiver had no room for.
  cancel,          ///< A CancelEntry: somebody gave up a question that was put to us.
  drain,           ///< Asks the agent to stop when it has nothing more to do.
  probe,           ///< Does nothing; the turn does.
  order,           ///< An OrderEntry: our supervisor wants us to rest, or to start again.
  report,          ///< A ReportEntry: a child has failed, rests, or has ended.
  room_wanted,     ///< A SignalEntry: a sender is paused until we have handled half of what waits.
};

/// Marks entries that count against the mailbox's capacity.
inline constexpr std::uint16_t kCounted = 0x8000;

[[nodiscard]] constexpr std::uint16_t entry_tag(EntryKind kind, Lane lane) noexcept {
  const bool counted = (kind == EntryKind::message || kind == EntryKind::shared_message) && lane != Lane::control;
  return static_cast<std::uint16_t>(static_cast<unsigned>(kind) | static_cast<unsigned>(lane) << 8 |
                                    (counted ? kCounted : 0U));
}
[[nodiscard]] constexpr EntryKind kind_of(const QueueLink& link) noexcept {
  return static_cast<EntryKind>(link.kind & 0xff);
}
[[nodiscard]] constexpr std::size_t lane_of(const QueueLink& link) noexcept { return (link.kind >> 8) & 0x3; }
[[nodiscard]] constexpr bool is_counted(const QueueLink& link) noexcept { return (link.kind & kCounted) != 0; }
/// QueueLink::weight for so many messages.
[[nodiscard]] constexpr std::uint16_t weight_of(std::size_t messages) noexcept {
  return static_cast<std::uint16_t>(messages < 0xffff ? messages : 0xffff);
}

/// **Thread-safety**: thread-compatible. Owns nothing: whoever destroys it has emptied it.
class LaneLists {
 public:
  [[nodiscard]] bool empty() const noexcept { return waiting_lanes_ == 0; }
  [[nodiscard]] bool control_waits() const noexcept { return (waiting_lanes_ & 1U) != 0; }
  /// Messages in the entries that count.
  [[nodiscard]] std::uint32_t messages() const noexcept { return messages_; }

  /// Adds a chain of entries that begins with the newest. **Requires**: it is not empty.
  void add_stack(QueueLink* newest) noexcept {
    if (newest->next == nullptr) [[likely]]
      return add(newest);
    // Build each lane's list from its end, then hang it on.
    LaneLists batch;
    while (newest != nullptr) {
      QueueLink* older = newest->next;
      batch.count(*newest);
      List& list = batch.lists_[lane_of(*newest)];
      newest->next = list.first;
      list.first = newest;
      if (list.last == nullptr) list.last = newest;
      batch.waiting_lanes_ |= 1U << lane_of(*newest);
      newest = older;
    }
    append(batch);
  }

  /// Adds one entry behind its lane's others.
  void add(QueueLink* entry) noexcept {
    entry->next = nullptr;
    count(*entry);
    List& list = lists_[lane_of(*entry)];
    (list.last == nullptr ? list.first : list.last->next) = entry;
    list.last = entry;
    waiting_lanes_ |= 1U << lane_of(*entry);
  }

  /// Moves all of `later` behind what is here, lane by lane.
  void append(LaneLists& later) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      List& from = later.lists_[lane];
      if (from.first == nullptr) continue;
      List& to = lists_[lane];
      (to.last == nullptr ? to.first : to.last->next) = from.first;
      to.last = from.last;
      from = {};
    }
    take_count(later);
  }
  /// Moves all of `earlier` before what is here, lane by lane.
  void prepend(LaneLists& earlier) noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      List& from = earlier.lists_[lane];
      if (from.first == nullptr) continue;
      List& to = lists_[lane];
      from.last->next = to.first;
      to.first = from.first;
      if (to.last == nullptr) to.last = from.last;
      from = {};
    }
    take_count(earlier);
  }

  /// The next entry: control first, then the lanes by weight; null if there is none.
  [[nodiscard]] QueueLink* pop() noexcept {
    if (waiting_lanes_ == 0) return nullptr;
    if ((waiting_lanes_ & (waiting_lanes_ - 1)) == 0 || control_waits()) {
      return take(static_cast<std::size_t>(__builtin_ctz(waiting_lanes_)));
    }
    return take(weighted());
  }
  [[nodiscard]] QueueLink* pop_control() noexcept { return control_waits() ? take(0) : nullptr; }

  /// The oldest entry that counts in the lowest lane that has one. **Requires**: messages() > 0.
  [[nodiscard]] QueueLink* pop_oldest_of_lowest() noexcept {
    for (std::size_t lane = kLanes; lane-- > 1;) {
      QueueLink* before = nullptr;
      for (QueueLink* entry = lists_[lane].first; entry != nullptr; before = entry, entry = entry->next) {
        if (!is_counted(*entry)) continue;  // an answer or a failure: few
        if (before == nullptr) return take(lane);
        before->next = entry->next;
        if (entry->next == nullptr) lists_[lane].last = before;
        messages_ -= entry->weight;
        return entry;
      }
    }
    return nullptr;
  }

 private:
  struct List {
    QueueLink* first = nullptr;
    QueueLink* last = nullptr;
  };

  void count(const QueueLink& entry) noexcept {
    if (is_counted(entry)) messages_ += entry.weight;
  }
  void take_count(LaneLists& from) noexcept {
    messages_ += from.messages_;
    waiting_lanes_ |= from.waiting_lanes_;
    from.messages_ = 0;
    from.waiting_lanes_ = 0;
  }

  QueueLink* take(std::size_t lane) noexcept {
    QueueLink* entry = lists_[lane].first;
    lists_[lane].first = entry->next;
    if (entry->next == nullptr) {
      lists_[lane].last = nullptr;
      waiting_lanes_ &= ~(1U << lane);
    }
    if (is_counted(*entry)) messages_ -= entry->weight;
    return entry;
  }

  /// Several lanes wait, control is not among them: 8 of high to 4 of normal to 1 of bulk.
  [[nodiscard]] std::size_t weighted() noexcept {
    static constexpr std::uint8_t kRound[13] = {1, 2, 1, 1, 2, 1, 3, 1, 2, 1, 1, 2, 1};
    for (;;) {
      const std::size_t lane = kRound[round_];
      round_ = static_cast<std::uint8_t>((round_ + 1U) % 13U);
      if ((waiting_lanes_ & (1U << lane)) != 0) return lane;
    }
  }

  std::uint32_t waiting_lanes_ = 0;  // a bit a lane
  std::uint32_t messages_ = 0;
  std::uint8_t round_ = 0;
  std::array<List, kLanes> lists_{};
};

}  // namespace myelin
