/// Letters that wait to be taken to a validator in another process.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>

#include "myelin/serialization/frame.hpp"

namespace myelin::validator {

/// Bounded in bytes, whatever the other asks for and however little it reads. What is dropped is asked for again, by
/// whoever wants it. **Thread-safety**: thread-safe.
class LetterQueue {
 public:
  /// Own vertices and requests, of which the latest matter: beyond limits::kWordsWaitingMax or
  /// kWordBytesWaitingMax the oldest are dropped. Whether the courier is to be told: else it is under way.
  [[nodiscard]] bool put_own(Frame letter);

  /// Whether an answer of so many bytes would be taken: it need not be made otherwise.
  [[nodiscard]] bool has_room_for_answer(std::size_t bytes) const;
  /// Dropped where there is no room for it. Whether the courier is to be told.
  [[nodiscard]] bool put_answer(Frame letter);

  /// The oldest, and whether the courier is to come again; nothing where there is none.
  struct Taken {
    Frame letter;
    bool has_more = false;
  };
  [[nodiscard]] std::optional<Taken> take();

  /// Of all that wait.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Waiting {
    Frame letter;
    bool is_answer;
  };

  [[nodiscard]] bool has_room(std::size_t answer_bytes) const;
  void drop_oldest_own();
  [[nodiscard]] bool tell();

  mutable std::mutex mutex_;
  std::deque<Waiting> letters_;
  std::size_t own_count_ = 0;
  std::size_t own_bytes_ = 0;
  std::size_t answer_bytes_ = 0;
  bool is_told_ = false;
};

}  // namespace myelin::validator
