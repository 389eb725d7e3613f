/// An agent's queue: many threads push, one pops. One atomic word is both the queue and its idle/wake/closed state.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "myelin/serialization/frame.hpp"

namespace myelin {

/// What an entry of the inbox is. Stored in the low byte of QueueLink::kind; the lane is in the next byte.
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
};

[[nodiscard]] constexpr std::uint32_t entry_tag(EntryKind kind, Lane lane) noexcept {
  return static_cast<std::uint32_t>(kind) | static_cast<std::uint32_t>(lane) << 8;
}
[[nodiscard]] constexpr EntryKind kind_of(const QueueLink& link) noexcept {
  return static_cast<EntryKind>(link.kind & 0xff);
}
[[nodiscard]] constexpr std::size_t lane_of(const QueueLink& link) noexcept { return (link.kind >> 8) & 0xff; }

/// **Thread-safety**: push() and close() on any thread; the rest on the consumer's.
///
/// Invariants: the word is empty (0), blocked (1: empty, and the consumer sleeps), closed (2), or the newest entry of a
/// stack. Exactly one push sees `blocked` and so must wake the consumer. After close() nothing enters.
class Inbox {
 public:
  enum class Push { queued, wake, closed };

  /// Adds one entry. On `wake` the caller must schedule the consumer; on `closed` the entry is still the caller's.
  [[nodiscard]] Push push(QueueLink* entry) noexcept {
    QueueLink* seen = head_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen == closed()) return Push::closed;
      entry->next = seen == blocked() ? nullptr : seen;
      if (head_.compare_exchange_weak(seen, entry, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return seen == blocked() ? Push::wake : Push::queued;
      }
    }
  }

  /// Takes everything that was pushed and sorts it into lanes, oldest first. False if there was nothing.
  /// **Requires**: not closed, not blocked.
  bool refill() noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return false;
    sort(head_.exchange(nullptr, std::memory_order_acq_rel));
    return true;
  }

  /// The next entry by lane, or null when refill() must be tried. Control goes first; then each lane has a weight, so
  /// that none starves.
  [[nodiscard]] QueueLink* pop() noexcept {
    if (waiting_lanes_ == 0) return nullptr;
    std::size_t lane;
    if ((waiting_lanes_ & (waiting_lanes_ - 1)) == 0 || (waiting_lanes_ & 1) != 0) {
      lane = static_cast<std::size_t>(__builtin_ctz(waiting_lanes_));
    } else {
      lane = weighted();
    }
    QueueLink* entry = lanes_[lane].first;
    lanes_[lane].first = entry->next;
    if (entry->next == nullptr) {
      lanes_[lane].last = nullptr;
      waiting_lanes_ &= ~(1U << lane);
    }
    return entry;
  }

  /// Goes to sleep unless something was pushed. After success another thread may run the agent: touch nothing.
  [[nodiscard]] bool try_block() noexcept {
    if (waiting_lanes_ != 0) return false;
    QueueLink* expected = nullptr;
    return head_.compare_exchange_strong(expected, blocked(), std::memory_order_acq_rel, std::memory_order_relaxed);
  }

  /// Lets nothing in any more, and gives what waits to `drop`, oldest first. Does nothing the second time.
  template <class Drop>
  void close(Drop&& drop) noexcept {
    QueueLink* stack = head_.exchange(closed(), std::memory_order_acq_rel);
    if (stack != closed() && stack != blocked() && stack != nullptr) sort(stack);
    while (QueueLink* entry = pop()) drop(entry);
  }

  [[nodiscard]] bool is_closed() const noexcept { return head_.load(std::memory_order_acquire) == closed(); }

 private:
  struct List {
    QueueLink* first = nullptr;
    QueueLink* last = nullptr;
  };

  // Markers: addresses that no entry has.
  static QueueLink* blocked() noexcept { return reinterpret_cast<QueueLink*>(std::uintptr_t{1}); }
  static QueueLink* closed() noexcept { return reinterpret_cast<QueueLink*>(std::uintptr_t{2}); }

  void sort(QueueLink* newest) noexcept {
    // The stack is newest first: build each lane's list from its end, then hang it on.
    std::array<List, kLanes> batch{};
    while (newest != nullptr) {
      QueueLink* older = newest->next;
      List& list = batch[lane_of(*newest)];
      newest->next = list.first;
      list.first = newest;
      if (list.last == nullptr) list.last = newest;
      newest = older;
    }
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (batch[lane].first == nullptr) continue;
      if (lanes_[lane].last != nullptr) {
        lanes_[lane].last->next = batch[lane].first;
      } else {
        lanes_[lane].first = batch[lane].first;
      }
      lanes_[lane].last = batch[lane].last;
      waiting_lanes_ |= 1U << lane;
    }
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

  std::atomic<QueueLink*> head_{nullptr};
  std::uint32_t waiting_lanes_ = 0;  // a bit a lane
  std::uint8_t round_ = 0;
  std::array<List, kLanes> lanes_{};
};

}  // namespace myelin
