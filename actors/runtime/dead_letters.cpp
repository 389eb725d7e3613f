#include "myelin/actors/dead_letters.hpp"

#include <utility>

#include "agent/cell.hpp"
#include "myelin/dead_letters.capnp.h"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin {

std::uint64_t DeadLetters::count(Errc cause) const noexcept {
  return counts_[static_cast<std::size_t>(cause) % kCauses].load(std::memory_order_relaxed);
}

std::uint64_t DeadLetters::total() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& count : counts_) sum += count.load(std::memory_order_relaxed);
  return sum;
}

std::vector<DeadLetter> DeadLetters::recent() const {
  const std::lock_guard guard{mutex_};
  return {recent_.begin(), recent_.end()};
}

struct DeadLetters::Subscription::Observed {
  /// Held during a call, so that whoever ends the subscription waits for it; recursive, for that may be the observer.
  std::recursive_mutex lock;
  Observer call;
  bool ended = false;
};

DeadLetters::Subscription::~Subscription() {
  if (letters_ == nullptr) return;
  {
    const std::lock_guard guard{letters_->mutex_};
    std::erase(letters_->observers_, observer_);
  }
  const std::lock_guard guard{observer_->lock};
  observer_->ended = true;
}

DeadLetters::Subscription DeadLetters::observe(Observer observer) {
  auto observed = std::make_shared<Subscription::Observed>();
  observed->call = std::move(observer);
  const std::lock_guard guard{mutex_};
  observers_.push_back(observed);
  return {this, std::move(observed)};
}

DeadLetters::Subscription DeadLetters::tell(const AgentRef& subscriber) {
  return observe([subscriber](const DeadLetter& letter) {
    const bool of_notice = letter.frame && letter.frame.type() == kTypeId<schema::DeadLetterNotice>;
    if (subscriber.cell() == nullptr || of_notice || letter.receiver == subscriber.id()) return;
    subscriber.cell()->deliver(make_frame<schema::DeadLetterNotice>(
                                   [&](schema::DeadLetterNotice::Builder notice) {
                                     notice.setCause(static_cast<std::uint16_t>(letter.cause));
                                     notice.setReceiver(letter.receiver);
                                     notice.setMessageType(letter.frame ? letter.frame.type() : 0);
                                     notice.setMessages(letter.messages);
                                   },
                                   {.lane = Lane::bulk}),
                               nullptr);
  });
}

void DeadLetters::add(DeadLetter letter) noexcept {
  if (letter.messages == 0) letter.messages = letter.frame ? letter.frame.size() : 1;
  counts_[static_cast<std::size_t>(letter.cause) % kCauses].fetch_add(letter.messages, std::memory_order_relaxed);
  std::vector<std::shared_ptr<Subscription::Observed>> observers;
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
  // What an observer causes to die would come back to it, or have two of them wait for each other.
  static thread_local bool telling = false;
  if (telling) return;
  telling = true;
  for (const auto& observer : observers) {
    const std::lock_guard guard{observer->lock};
    if (!observer->ended) observer->call(letter);
  }
  telling = false;
}

void DeadLetters::end_subscriptions() noexcept {
  std::vector<std::shared_ptr<Subscription::Observed>> dropped;  // destroyed after the lock
  const std::lock_guard guard{mutex_};
  dropped.swap(observers_);
}

}  // namespace myelin
