/// Questions whose askers gave them up, for as long as they still wait here or their replies are kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "runtime/entries.hpp"

namespace myelin {

/// Forgets the oldest beyond kMax: those are then worked on in vain.
///
/// **Thread-safety**: actor-confined.
class CancelledQuestions {
 private:
  [[nodiscard]] static auto matches(const ReplyPort* port, CorrelationId question) noexcept {
    return
        [=](const std::unique_ptr<CancelEntry>& entry) { return entry->port == port && entry->question == question; };
  }

 public:
  static constexpr std::size_t kMax = 1024;

  void add(std::unique_ptr<CancelEntry> entry) {
    if (entries_.size() < kMax) {
      entries_.push_back(std::move(entry));
    } else {
      entries_[oldest_] = std::move(entry);
      oldest_ = (oldest_ + 1) % kMax;
    }
  }

  [[nodiscard]] bool contains(const ReplyPort* port, CorrelationId question) const noexcept {
    return std::ranges::any_of(entries_, matches(port, question));
  }

  /// Whether the question was given up; forgets it.
  [[nodiscard]] bool take(const ReplyPort* port, CorrelationId question) noexcept {
    const auto found = std::ranges::find_if(entries_, matches(port, question));
    if (found == entries_.end()) return false;
    *found = std::move(entries_.back());
    entries_.pop_back();
    oldest_ = 0;
    return true;
  }

 private:
  std::vector<std::unique_ptr<CancelEntry>> entries_;
  std::size_t oldest_ = 0;
};

}  // namespace myelin
