/// What an agent waits for: answers to its questions, and moments in time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "myelin/actors/continuation.hpp"
#include "myelin/base/time.hpp"

namespace myelin {

/// Continuations by number, each with a moment at which it is due at the latest. Numbers are not reused for four
/// billion uses of a slot, so that a late answer finds nothing.
///
/// **Thread-safety**: actor-confined.
class Waiting {
 public:
  /// Keeps `then` until take() or until it is due. Never 0, at most 60 bits: CAF's request ids have no more.
  [[nodiscard]] CorrelationId add(TimePoint due, bool is_timer, std::unique_ptr<Continuation> then);

  /// Removes a question, or a timer; null if there is none of that number any more. A number that comes from outside as
  /// an answer must not set off a timer.
  [[nodiscard]] std::unique_ptr<Continuation> take(CorrelationId id, bool is_timer = false);

  struct Due {
    std::unique_ptr<Continuation> then;
    bool is_timer;
  };
  /// Removes the one that has been due longest at `now`, if any.
  [[nodiscard]] std::optional<Due> take_due(TimePoint now);

  /// When the next one is due; kNever if none is.
  [[nodiscard]] TimePoint next_due();

  [[nodiscard]] std::size_t size() const noexcept { return live_; }

 private:
  static constexpr unsigned kIndexBits = 28;
  struct Slot {
    std::unique_ptr<Continuation> then;
    std::uint32_t generation = 1;
    std::uint32_t next_free = 0;
    bool is_timer = false;
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
  std::unique_ptr<Continuation> release(CorrelationId id, Slot& slot) noexcept;
  void drop_stale_top();
  void compact();

  std::vector<Slot> slots_;
  std::uint32_t free_ = kNone;
  std::vector<Entry> heap_;  // earliest first; entries whose id is gone are stale
  std::size_t live_ = 0;
  std::uint64_t added_ = 0;
  static constexpr std::uint32_t kNone = 0xffffffff;
};

}  // namespace myelin
