/// What an agent waits for: answers to its questions, and moments in time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/continuation.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

/// Continuations by number, each with a moment at which it is due at the latest. Numbers are not reused for four
/// billion uses of a slot, so that a late answer finds nothing.
///
/// **Thread-safety**: actor-confined.
class Waiting {
 public:
  struct Item {
    std::unique_ptr<Continuation> then;
    bool is_timer = false;
    bool repeats = false;  ///< A timer that keeps its number from one call to the next: see put_back().
    /// The question in whose handling this began: its deadline, its callers and its trace are those of what follows.
    Frame cause = {};
    /// Whom the question was put to; nobody for a timer.
    AgentRef callee = {};
  };
  struct Due {
    CorrelationId id;
    Item item;
  };

  /// Keeps `item` until take() or until it is due. Never 0, at most 60 bits: CAF's request ids have no more.
  [[nodiscard]] CorrelationId add(TimePoint due, Item item);

  /// Notes whom a question was put to.
  void set_callee(CorrelationId id, const AgentRef& callee) noexcept;

  /// Whom a question was put to; none if there is none of that number.
  [[nodiscard]] std::optional<AgentRef> callee_of(CorrelationId id) noexcept;

  /// Removes a question, or a timer; none if there is none of that number any more. A number that comes from outside as
  /// an answer must not set off a timer.
  [[nodiscard]] std::optional<Item> take(CorrelationId id, bool is_timer = false);

  /// Removes the one that has been due longest at `now`, if any.
  [[nodiscard]] std::optional<Due> take_due(TimePoint now);
  /// Puts a repeating timer back after its call; drops it if it was taken meanwhile.
  void put_back(CorrelationId id, TimePoint due, Item item);
  /// Removes all, and gives each to `taker(CorrelationId, Item)`. Their numbers stay used.
  template <class Taker>
  void take_all(Taker&& taker) {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      Slot& slot = slots_[index];
      if (slot.item.then == nullptr && !slot.lent) continue;
      const CorrelationId id = CorrelationId{slot.generation} << kIndexBits | index;
      taker(id, release(id, slot));
    }
    heap_.clear();
  }

  /// When the next one is due; kNever if none is.
  [[nodiscard]] TimePoint next_due();

  [[nodiscard]] std::size_t size() const noexcept { return live_; }
  /// Those that somebody's work depends on: questions, and moments that a handler waits for.
  [[nodiscard]] std::size_t open() const noexcept { return open_; }

 private:
  static constexpr unsigned kIndexBits = 28;
  struct Slot {
    Item item;
    std::uint32_t generation = 1;
    std::uint32_t next_free = 0;
    bool open = false;  ///< Counts in open_.
    bool lent = false;  ///< A repeating timer is being called: `then` is away.
  };
  struct Entry {
    TimePoint due;
    CorrelationId id;
    std::uint64_t order;  ///< Of those due together, the first added goes first.
    friend bool operator>(const Entry& a, const Entry& b) noexcept {
      return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
  };

  [[nodiscard]] Slot* find(CorrelationId id) noexcept;
  Item release(CorrelationId id, Slot& slot) noexcept;
  void push(TimePoint due, CorrelationId id);
  void drop_stale_top();
  void compact();

  std::vector<Slot> slots_;
  std::uint32_t free_ = kNone;
  std::vector<Entry> heap_;  // earliest first; entries whose id is gone are stale
  std::size_t live_ = 0;
  std::size_t open_ = 0;
  std::uint64_t added_ = 0;
  static constexpr std::uint32_t kNone = 0xffffffff;
};

}  // namespace myelin
