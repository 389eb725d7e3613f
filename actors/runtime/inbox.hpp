/// An agent's queue: many threads push, one pops. One atomic word is the queue, its length and its idle/wake/closed
/// state.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "lane_lists.hpp"
#include "myelin/base/limits.hpp"
#include "spin_lock.hpp"

namespace myelin {

/// **Thread-safety**: push(), full(), depth(), drop_oldest() and close() on any thread; the rest on the consumer's.
///
/// Invariants: the word is empty (0), blocked (empty, and the consumer sleeps), closed, or the newest entry of a stack
/// with the number of messages in it. Exactly one push sees `blocked` and so must wake the consumer. After close()
/// nothing enters.
class Inbox {
 public:
  enum class Push { queued, wake, closed };

  /// `capacity`: messages that wait when full() says so.
  explicit Inbox(std::size_t capacity = limits::kMailboxCapacity) noexcept { set_capacity(capacity); }

  /// **Requires**: nothing was pushed yet.
  void set_capacity(std::size_t capacity) noexcept {
    capacity_ = static_cast<std::uint32_t>(std::clamp<std::size_t>(capacity, 1, limits::kMailboxCapacityMax));
    gate_.store(capacity_, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Whether a message must take the long way: the mailbox is full, or guarded.
  [[nodiscard]] bool gated() const noexcept { return depth() >= gate_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool full() const noexcept { return depth() >= capacity_; }
  /// Has gated() say yes always. **Requires**: nothing was pushed yet.
  void guard() noexcept {
    guarded_ = true;
    gate_.store(0, std::memory_order_relaxed);
  }
  /// Messages that wait, without those of the control lane. Never more than 1/16 of the capacity below the truth, but
  /// for the moment in which the consumer takes over what was pushed.
  [[nodiscard]] std::size_t depth() const noexcept {
    return count_in(word_.load(std::memory_order_relaxed)) + shown_.load(std::memory_order_relaxed);
  }

  /// Adds one entry. On `wake` the caller must schedule the consumer; on `closed` the entry is still the caller's.
  [[nodiscard]] Push push(QueueLink* entry) noexcept {
    const std::uint64_t address = reinterpret_cast<std::uintptr_t>(entry);
    const std::uint32_t messages = is_counted(*entry) ? entry->weight : 0;
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen == kClosed) return Push::closed;
      entry->next = seen == kBlocked ? nullptr : entry_in(seen);
      // Sequentially consistent: whoever pushes a control message then asks whether the agent is paused.
      if (word_.compare_exchange_weak(seen, address | count_bits(count_in(seen) + messages), std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
        return seen == kBlocked ? Push::wake : Push::queued;
      }
    }
  }

  /// Takes everything that was pushed and sorts it into lanes, oldest first. False if there was nothing.
  /// **Requires**: not closed, not blocked.
  bool refill() noexcept {
    if (spill_ != nullptr) [[unlikely]]
      return refill_with_spill();
    if (word_.load(std::memory_order_relaxed) == 0) return false;
    lanes_.add_stack(entry_in(word_.exchange(0, std::memory_order_seq_cst)));
    show();
    return true;
  }

  /// The next entry by lane, or null when refill() must be tried. Control goes first; then each lane has a weight, so
  /// that none starves.
  [[nodiscard]] QueueLink* pop() noexcept {
    QueueLink* entry = lanes_.pop();
    if (shown_by_consumer_ != 0) [[unlikely]]
      show();
    return entry;
  }
  /// The next entry of the control lane only.
  [[nodiscard]] QueueLink* pop_control() noexcept { return lanes_.pop_control(); }
  [[nodiscard]] bool control_waits() const noexcept { return lanes_.control_waits(); }

  /// Whether something was pushed since refill().
  [[nodiscard]] bool has_new() const noexcept {
    if (word_.load(std::memory_order_seq_cst) != 0) return true;
    if (spill_ == nullptr) [[likely]]
      return false;
    const std::lock_guard guard{spill_->lock};
    return !spill_->lanes.empty();
  }
  /// Messages that the consumer sees waiting.
  [[nodiscard]] std::size_t waiting() const noexcept { return lanes_.messages(); }
  /// **Requires**: waiting() > 0.
  [[nodiscard]] QueueLink* pop_oldest_of_lowest() noexcept {
    QueueLink* entry = lanes_.pop_oldest_of_lowest();
    show();
    return entry;
  }

  /// Keeps an entry for later, behind those kept before; bring_back() puts them before all that waits.
  void set_aside(QueueLink* entry) noexcept { aside().add(entry); }
  /// Messages that are kept so, and the oldest of them, of the lowest lane. **Requires**: for the latter, kept() > 0.
  [[nodiscard]] std::size_t kept() const noexcept { return aside_ == nullptr ? 0 : aside_->messages(); }
  [[nodiscard]] QueueLink* pop_oldest_kept() noexcept { return aside_->pop_oldest_of_lowest(); }
  void bring_back() noexcept {
    if (aside_ != nullptr) lanes_.prepend(*aside_);
  }

  /// Whether the consumer sleeps, and nothing waits for it. Any thread.
  [[nodiscard]] bool is_asleep() const noexcept { return word_.load(std::memory_order_seq_cst) == kBlocked; }
  /// Whether all that was pushed has been taken, other than what was set aside.
  [[nodiscard]] bool is_empty() const noexcept { return lanes_.empty() && !has_new(); }
  /// Goes to sleep unless something was pushed. After success another thread may run the agent: touch nothing.
  [[nodiscard]] bool try_block() noexcept {
    if (!lanes_.empty()) return false;
    if (spill_ != nullptr) [[unlikely]] {
      const std::lock_guard guard{spill_->lock};  // the cell, and so the lock, outlives this turn
      return spill_->lanes.empty() && block();
    }
    return block();
  }

  /// From now on drop_oldest() may be called. **Requires**: nothing was pushed yet.
  void allow_dropping() { spill_ = std::make_unique<Spill>(); }

  /// Makes room for `room` messages by dropping the oldest of those that the consumer has not seen yet, lowest lane
  /// first. Until the consumer has looked, gated() says yes. False if they were not enough, or the inbox is closed.
  /// **Requires**: allow_dropping().
  template <class Drop>
  bool drop_oldest(std::size_t room, Drop&& drop) noexcept {
    LaneLists dropped;
    bool enough = false;
    {
      const std::lock_guard guard{spill_->lock};
      std::uint64_t seen = word_.load(std::memory_order_acquire);
      while (entry_in(seen) != nullptr && seen != kBlocked && seen != kClosed) {
        if (word_.compare_exchange_weak(seen, 0, std::memory_order_seq_cst, std::memory_order_acquire)) {
          spill_->lanes.add_stack(entry_in(seen));
          break;
        }
      }
      if (seen == kClosed) return false;
      const std::size_t keep = capacity_ > room ? capacity_ - room : 0;
      while (spill_->lanes.messages() > keep) dropped.add(spill_->lanes.pop_oldest_of_lowest());
      enough = spill_->lanes.messages() <= keep;
      if (!spill_->lanes.empty()) gate_.store(0, std::memory_order_relaxed);
    }
    while (QueueLink* entry = dropped.pop()) drop(entry);
    return enough;
  }

  /// Lets nothing in any more, and gives what waits to `drop`, oldest first. Does nothing the second time.
  template <class Drop>
  void close(Drop&& drop) noexcept {
    if (spill_ != nullptr) static_cast<void>(refill_with_spill());
    const std::uint64_t seen = word_.exchange(kClosed, std::memory_order_seq_cst);
    if (seen != 0 && seen != kClosed && seen != kBlocked) lanes_.add_stack(entry_in(seen));
    bring_back();
    if (spill_ != nullptr) {
      // Who was dropping while the word was exchanged may have spilled something.
      const std::lock_guard guard{spill_->lock};
      lanes_.append(spill_->lanes);
    }
    shown_.store(0, std::memory_order_relaxed);
    while (QueueLink* entry = lanes_.pop()) drop(entry);
  }

  [[nodiscard]] bool is_closed() const noexcept { return word_.load(std::memory_order_acquire) == kClosed; }

 private:
  /// What pushers have taken from the stack, to drop some of it.
  struct Spill {
    SpinLock lock;
    LaneLists lanes;
  };

  // The word: an entry's address, which has zeros in its upper 16 and lower 4 bits, and there the number of messages.
  // The two markers are addresses that no entry has.
  static constexpr std::uint64_t kAddress = 0x0000'ffff'ffff'fff0;
  static constexpr std::uint64_t kBlocked = 0x10;
  static constexpr std::uint64_t kClosed = 0x20;

  [[nodiscard]] static QueueLink* entry_in(std::uint64_t word) noexcept {
    return reinterpret_cast<QueueLink*>(static_cast<std::uintptr_t>(word & kAddress));
  }
  [[nodiscard]] static std::uint32_t count_in(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 44 & 0xffff0) | static_cast<std::uint32_t>(word & 0xf);
  }
  /// Stays at the largest number that fits.
  [[nodiscard]] static std::uint64_t count_bits(std::uint32_t count) noexcept {
    const std::uint64_t fits = std::min<std::uint32_t>(count, limits::kMailboxCapacityMax);
    return (fits & 0xffff0) << 44 | (fits & 0xf);
  }
  static_assert(limits::kMailboxCapacityMax == 0xfffff, "20 bits");

  [[nodiscard]] bool block() noexcept {
    std::uint64_t expected = 0;
    return word_.compare_exchange_strong(expected, kBlocked, std::memory_order_seq_cst, std::memory_order_relaxed);
  }

  /// Tells pushers how many messages the consumer holds: in steps, for each costs the pushers a cache miss.
  void show() noexcept {
    const std::uint32_t step = std::max(1U, capacity_ / 16);
    const std::uint32_t held = lanes_.messages() + (aside_ == nullptr ? 0 : aside_->messages());
    const std::uint32_t waiting = held < step ? 0 : held;
    const std::uint32_t off =
        waiting > shown_by_consumer_ ? waiting - shown_by_consumer_ : shown_by_consumer_ - waiting;
    if (off == 0 || (off < step && waiting != 0)) return;
    shown_by_consumer_ = waiting;
    shown_.store(waiting, std::memory_order_relaxed);
  }

  bool refill_with_spill() noexcept {
    const std::lock_guard guard{spill_->lock};
    const bool spilled = !spill_->lanes.empty();
    lanes_.append(spill_->lanes);
    if (!guarded_) gate_.store(capacity_, std::memory_order_relaxed);
    const std::uint64_t seen = word_.load(std::memory_order_relaxed);
    const bool pushed = seen != 0 && seen != kBlocked && seen != kClosed;
    if (pushed) lanes_.add_stack(entry_in(word_.exchange(0, std::memory_order_seq_cst)));
    show();
    return spilled || pushed;
  }

  LaneLists& aside() {
    if (aside_ == nullptr) aside_ = std::make_unique<LaneLists>();
    return *aside_;
  }

  std::atomic<std::uint64_t> word_{0};
  std::atomic<std::uint32_t> gate_;
  std::atomic<std::uint32_t> shown_{0};
  std::uint32_t capacity_;
  std::uint32_t shown_by_consumer_ = 0;
  bool guarded_ = false;
  LaneLists lanes_;
  std::unique_ptr<LaneLists> aside_;
  std::unique_ptr<Spill> spill_;
};

}  // namespace myelin
