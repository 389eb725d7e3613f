/// Many small messages of one type in one frame, and the reading of frames: one message or many, in place.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <capnp/list.h>

#include "myelin/base/limits.hpp"
#include "myelin/serialization/arena.hpp"
#include "myelin/serialization/flat_struct.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin {

/// The messages of one frame, read where they lie: `for (Tick::Reader tick : batch) ...`. A frame that holds one
/// message reads as a batch of one. Keeps the frame alive; a Reader taken from it must not outlive it.
///
/// **Requires**: the frame is of type T and, if it came from outside, passed check_as<T>() (guard.hpp).
/// **Thread-safety**: thread-compatible.
template <class T>
class Batch {
 public:
  using Reader = typename T::Reader;

  explicit Batch(Frame frame) : frame_{std::move(frame)} {
    if (frame_.block()->has(FrameBlock::kFlat)) {
      const capnp::word* words = frame_.block()->only.data();
      if constexpr (flat::kIsFlat<T>) {
        const std::uint64_t pointer = flat::load(words);
        const capnp::word* target = words + 1 + flat::offset_of(pointer);
        if (frame_.is_batch()) {
          data_words_ = flat::data_words_of(flat::load(target));
          first_ = target + 1;
        } else {
          data_words_ = flat::data_words_of(pointer);
          first_ = target;
        }
      } else if (frame_.is_batch()) {
        list_ = capnp::readMessageUnchecked<capnp::AnyPointer>(words).template getAs<capnp::List<T>>();
      } else {
        single_ = capnp::readMessageUnchecked<T>(words);
      }
    } else {
      arena_ = std::make_unique<ArenaReader>(frame_);
      if (frame_.is_batch()) {
        list_ = arena_->root().template getAs<capnp::List<T>>();
      } else {
        single_ = arena_->root().template getAs<T>();
      }
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return frame_.size(); }

  /// **Requires**: index < size().
  [[nodiscard]] Reader operator[](std::size_t index) const {
    if constexpr (flat::kIsFlat<T>) {
      if (first_ != nullptr) [[likely]]
        return flat::reader_over<T>(first_ + index * data_words_, data_words_);
    }
    return frame_.is_batch() ? list_[static_cast<unsigned int>(index)] : single_;
  }

  [[nodiscard]] const Frame& frame() const noexcept { return frame_; }

  class Iterator {
   public:
    using value_type = Reader;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    Iterator(const Batch* batch, std::size_t index) noexcept : batch_{batch}, index_{index} {}
    Reader operator*() const { return (*batch_)[index_]; }
    Iterator& operator++() noexcept {
      ++index_;
      return *this;
    }
    Iterator operator++(int) noexcept { return {batch_, index_++}; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }

   private:
    const Batch* batch_ = nullptr;
    std::size_t index_ = 0;
  };
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }

 private:
  Frame frame_;
  const capnp::word* first_ = nullptr;  // flat types in frames that we built
  std::uint32_t data_words_ = 0;
  Reader single_;
  typename capnp::List<T>::Reader list_;
  std::unique_ptr<ArenaReader> arena_;
};

/// One message that stays alive for as long as this does: for handlers that keep a message beyond their return.
///
/// **Thread-safety**: thread-compatible.
template <class T>
class Held {
 public:
  /// Message `index` of the frame. **Requires**: as for Batch, and index < frame.size().
  explicit Held(Frame frame, std::size_t index = 0) : batch_{std::move(frame)}, reader_{batch_[index]} {}

  [[nodiscard]] const typename T::Reader& operator*() const noexcept { return reader_; }
  [[nodiscard]] const typename T::Reader* operator->() const noexcept { return &reader_; }
  [[nodiscard]] const Frame& frame() const noexcept { return batch_.frame(); }

 private:
  Batch<T> batch_;
  typename T::Reader reader_;
};

/// What a batch under construction offers when the type of its messages is not known: for outboxes.
class OpenBatch : public Pooled {
 public:
  virtual ~OpenBatch() = default;
  /// The messages added so far as one frame, which may then be sent; this builder is spent.
  /// **Requires**: at least one message was added.
  [[nodiscard]] virtual Frame finish() = 0;
  /// Takes back the last message. Nothing may be added after.
  void retract() noexcept { --count_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
  [[nodiscard]] TypeId type() const noexcept { return type_; }
  [[nodiscard]] Lane lane() const noexcept { return header_.lane; }
  [[nodiscard]] const TraceContext& trace() const noexcept { return header_.trace; }
  [[nodiscard]] bool traced() const noexcept { return header_.trace.traced(); }

 protected:
  OpenBatch(TypeId type, const FrameHeader& header) noexcept : type_{type}, header_{header} {}
  TypeId type_;
  FrameHeader header_;
  std::uint32_t count_ = 0;
};

/// Gathers messages of type T into one frame. Messages without pointers are laid out one behind the other; the block
/// grows as they come. Messages with pointers get a list of `capacity` at the start.
///
/// **Thread-safety**: thread-compatible.
template <class T>
class BatchBuilder final : public OpenBatch {
 public:
  /// `capacity`: messages that fit before full() says so. **Requires**: 1 <= capacity <= limits::kBatchItemsMax.
  /// `expected`: for how many to make room at first.
  explicit BatchBuilder(const FrameHeader& header = {}, std::uint32_t capacity = limits::kBatchItemsMax,
                        std::uint32_t expected = 1)
      : OpenBatch{kTypeId<T>, header}, capacity_{capacity} {
    assert(capacity >= 1 && capacity <= limits::kBatchItemsMax);
    if constexpr (flat::kIsFlat<T>) {
      reserve(std::clamp<std::uint32_t>(expected, 1, capacity));
    } else {
      constexpr std::size_t kItemWords = flat::kDataWords<T> + flat::kPointers<T>;
      // Room for the list, and as much again for what its pointers lead to.
      arena_.emplace(kTypeId<T>, header, 2 + std::size_t{2} * capacity * kItemWords);
      list_ = arena_->getOrphanage().template newOrphan<capnp::List<T>>(capacity);
      items_ = list_.get();
    }
  }
  BatchBuilder(const BatchBuilder&) = delete;
  BatchBuilder& operator=(const BatchBuilder&) = delete;
  ~BatchBuilder() noexcept override {
    if constexpr (flat::kIsFlat<T>) {
      if (block_ != nullptr) block_->unref();
    }
  }

  /// Whether the batch must be finished: it holds as many messages as it may, or, for messages with pointers, about
  /// limits::kBatchBytesMax.
  [[nodiscard]] bool full() const noexcept {
    if constexpr (!flat::kIsFlat<T>) {
      if (arena_->later_bytes() > limits::kBatchBytesMax) return true;
    }
    return count_ == capacity_;
  }

  /// The next message, to be filled in before anything else is called. **Requires**: !full().
  [[nodiscard]] typename T::Builder add() {
    assert(count_ < capacity_);
    if constexpr (flat::kIsFlat<T>) {
      if (count_ == fits_) [[unlikely]]
        reserve(std::min(capacity_, fits_ * 2));
      capnp::word* data = items_begin_ + std::size_t{count_++} * flat::kDataWords<T>;
      std::memset(data, 0, flat::kDataWords<T> * sizeof(capnp::word));
      return flat::builder_over<T>(data);
    } else {
      return items_[count_++];
    }
  }

  [[nodiscard]] Frame finish() override {
    assert(count_ > 0);
    if constexpr (flat::kIsFlat<T>) {
      const std::uint32_t words = count_ * flat::kDataWords<T>;
      auto* start = const_cast<capnp::word*>(block_->only.data());
      flat::store(start, flat::list_pointer(words));
      flat::store(start + 1, flat::list_tag(count_, flat::kDataWords<T>));
      block_->only = {start, 2 + std::size_t{words}};
      block_->items = count_;
      block_->flags |= FrameBlock::kBatch | FrameBlock::kFlat;
      return Frame::adopt(std::exchange(block_, nullptr));
    } else {
      if (count_ < capacity_) list_.truncate(count_);
      arena_->adoptRoot(std::move(list_));
      return arena_->finish(count_, true);
    }
  }

 private:
  /// Makes room for at least `items`, moving those there are.
  void reserve(std::uint32_t items) {
    std::span<capnp::word> room;
    FrameBlock* block = FrameBlock::create(type_, header_, 2 + std::size_t{items} * flat::kDataWords<T>, room);
    if (block_ != nullptr) {
      std::memcpy(room.data() + 2, items_begin_, std::size_t{count_} * flat::kDataWords<T> * sizeof(capnp::word));
      block_->unref();
    }
    block_ = block;
    block_->only = room;
    items_begin_ = room.data() + 2;
    fits_ = flat::kDataWords<T> == 0 ? capacity_ : static_cast<std::uint32_t>((room.size() - 2) / flat::kDataWords<T>);
  }

  std::uint32_t capacity_;
  std::uint32_t fits_ = 0;
  FrameBlock* block_ = nullptr;
  capnp::word* items_begin_ = nullptr;
  std::conditional_t<flat::kIsFlat<T>, std::monostate, std::optional<ArenaBuilder>> arena_;
  std::conditional_t<flat::kIsFlat<T>, std::monostate, capnp::Orphan<capnp::List<T>>> list_;
  std::conditional_t<flat::kIsFlat<T>, std::monostate, typename capnp::List<T>::Builder> items_;
};

}  // namespace myelin
