/// Records that wait to be sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "myelin/serialization/block_pool.hpp"
#include "myelin/serialization/frame.hpp"
#include "record.hpp"

namespace myelin::network {

/// One record; one with a frame that is longer than limits::kPartBytes becomes several.
struct Outgoing : Pooled {
  std::unique_ptr<Outgoing> next;
  RecordKind kind{};
  Lane lane = Lane::control;
  std::uint32_t route = 0;
  std::uint32_t question = 0;
  std::uint32_t bytes = 0;  ///< Of the frame with its head; 0 where there is none.
  Frame frame;
  std::string payload;  ///< Where there is no frame.
};

/// First in, first out. **Thread-safety**: thread-compatible.
class OutgoingList {
 public:
  OutgoingList() = default;
  OutgoingList(OutgoingList&& other) noexcept
      : first_{std::move(other.first_)}, last_{std::exchange(other.last_, nullptr)} {}
  OutgoingList& operator=(OutgoingList&&) = delete;
  ~OutgoingList() {
    while (pop() != nullptr) {  // one by one: the list may be long
    }
  }

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push(std::unique_ptr<Outgoing> record) noexcept {
    Outgoing* added = record.get();
    (last_ == nullptr ? first_ : last_->next) = std::move(record);
    last_ = added;
  }
  /// The oldest; null if there is none.
  [[nodiscard]] std::unique_ptr<Outgoing> pop() noexcept {
    std::unique_ptr<Outgoing> record = std::move(first_);
    if (record != nullptr) first_ = std::move(record->next);
    if (first_ == nullptr) last_ = nullptr;
    return record;
  }
  /// **Requires**: not empty.
  [[nodiscard]] const Outgoing& front() const noexcept { return *first_; }

 private:
  std::unique_ptr<Outgoing> first_;
  Outgoing* last_ = nullptr;
};

}  // namespace myelin::network
