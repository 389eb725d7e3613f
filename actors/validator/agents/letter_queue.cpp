#include "agents/letter_queue.hpp"

#include <algorithm>
#include <utility>

#include "myelin/validator/limits.hpp"

namespace myelin::validator {

namespace {

// What the smallest letter takes, about.
constexpr std::size_t kLetterBytesMin = 1024;

std::size_t bytes_of(const Frame& letter) { return std::max(letter.payload_bytes(), kLetterBytesMin); }

}  // namespace

bool LetterQueue::tell() { return !std::exchange(is_told_, true); }

bool LetterQueue::put_own(Frame letter) {
  const std::lock_guard lock{mutex_};
  ++own_count_;
  own_bytes_ += bytes_of(letter);
  letters_.push_back({std::move(letter), false});
  while (own_count_ > 1 && (own_count_ > limits::kWordsWaitingMax || own_bytes_ > limits::kWordBytesWaitingMax)) {
    drop_oldest_own();
  }
  return tell();
}

void LetterQueue::drop_oldest_own() {
  const auto oldest = std::ranges::find(letters_, false, &Waiting::is_answer);
  --own_count_;
  own_bytes_ -= bytes_of(oldest->letter);
  letters_.erase(oldest);
}

bool LetterQueue::has_room(std::size_t answer_bytes) const {
  return answer_bytes_ == 0 || answer_bytes_ + answer_bytes <= limits::kAnswerBytesWaitingMax;
}

bool LetterQueue::has_room_for_answer(std::size_t bytes) const {
  const std::lock_guard lock{mutex_};
  return has_room(bytes);
}

bool LetterQueue::put_answer(Frame letter) {
  const std::lock_guard lock{mutex_};
  const std::size_t bytes = bytes_of(letter);
  if (!has_room(bytes)) return false;
  answer_bytes_ += bytes;
  letters_.push_back({std::move(letter), true});
  return tell();
}

std::optional<LetterQueue::Taken> LetterQueue::take() {
  const std::lock_guard lock{mutex_};
  if (letters_.empty()) {
    is_told_ = false;
    return std::nullopt;
  }
  Waiting oldest = std::move(letters_.front());
  letters_.pop_front();
  const std::size_t bytes = bytes_of(oldest.letter);
  if (oldest.is_answer) {
    answer_bytes_ -= bytes;
  } else {
    --own_count_;
    own_bytes_ -= bytes;
  }
  is_told_ = !letters_.empty();
  return Taken{std::move(oldest.letter), is_told_};
}

std::size_t LetterQueue::bytes() const {
  const std::lock_guard lock{mutex_};
  return own_bytes_ + answer_bytes_;
}

}  // namespace myelin::validator
