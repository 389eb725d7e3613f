/// Questions that were put to another node: where their answers go.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "myelin/actors/reply.hpp"

namespace myelin::network {

/// Numbers are those on the wire; 0 is none. **Thread-safety**: thread-compatible.
class OpenQuestions {
 public:
  /// Holds a reference to the port.
  struct Question {
    ReplyPort* port;
    CorrelationId correlation;
  };

  [[nodiscard]] std::size_t size() const noexcept { return by_number_.size(); }

  [[nodiscard]] bool contains(std::uint32_t number) const { return by_number_.contains(number); }

  /// Takes over one reference to the port. Returns the question's number.
  std::uint32_t add(ReplyPort* port, CorrelationId correlation) {
    do {
      ++last_;
    } while (last_ == 0 || by_number_.contains(last_));
    by_number_.emplace(last_, Question{port, correlation});
    numbers_.emplace(QuestionKey{port, correlation}, last_);
    return last_;
  }
  /// Gives the reference back with it.
  [[nodiscard]] std::optional<Question> take(std::uint32_t number) {
    const auto found = by_number_.find(number);
    if (found == by_number_.end()) return std::nullopt;
    const Question question = found->second;
    numbers_.erase(QuestionKey{question.port, question.correlation});
    by_number_.erase(found);
    return question;
  }
  /// 0 if there is none.
  [[nodiscard]] std::uint32_t number_of(const ReplyPort* port, CorrelationId correlation) const {
    const auto found = numbers_.find(QuestionKey{port, correlation});
    return found == numbers_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::vector<Question> take_all() {
    std::vector<Question> all;
    all.reserve(by_number_.size());
    for (const auto& [number, question] : by_number_) all.push_back(question);
    by_number_.clear();
    numbers_.clear();
    return all;
  }

 private:
  struct Hash {
    std::size_t operator()(const QuestionKey& key) const noexcept {
      return reinterpret_cast<std::uintptr_t>(key.port) / 16 + key.question * 0x9e37'79b9'7f4a'7c15;
    }
  };

  std::unordered_map<std::uint32_t, Question> by_number_;
  std::unordered_map<QuestionKey, std::uint32_t, Hash> numbers_;
  std::uint32_t last_ = 0;
};

}  // namespace myelin::network
