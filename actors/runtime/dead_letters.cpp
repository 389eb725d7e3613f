#include "myelin/actors/dead_letters.hpp"

#include <utility>

namespace myelin {

std::uint64_t DeadLetters::count(Errc cause) const noexcept {
  return counts_[static_cast<std::size_t>(cause) % kCauses].load(std::memory_order_relaxed);
}

std::vector<DeadLetter> DeadLetters::recent() const {
  const std::lock_guard guard{mutex_};
  return {recent_.begin(), recent_.end()};
}

void DeadLetters::observe(Observer observer) {
  const std::lock_guard guard{mutex_};
  observers_.push_back(std::move(observer));
}

void DeadLetters::add(DeadLetter letter) noexcept {
  if (letter.messages == 0) letter.messages = letter.frame ? letter.frame.size() : 1;
  counts_[static_cast<std::size_t>(letter.cause) % kCauses].fetch_add(letter.messages, std::memory_order_relaxed);
  std::vector<Observer> observers;
  DeadLetter forgotten{.cause = letter.cause, .receiver = 0};  // destroyed after the lock
  DeadLetter kept = letter;
  if (kept.frame && kept.frame.payload_bytes() > kKeptBytesMax) kept.frame = {};
  {
    const std::lock_guard guard{mutex_};
    if (recent_.size() == kRecentMax) {
      forgotten = std::move(recent_.front());
      recent_.pop_front();
    }
    recent_.push_back(std::move(kept));
    observers = observers_;
  }
  for (const Observer& observer : observers) observer(letter);
}

}  // namespace myelin
