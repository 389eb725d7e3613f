/// Makes frames: `auto frame = make_frame<Hello>([](Hello::Builder hello) { hello.setName("Ada"); });`
#pragma once

#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "myelin/serialization/arena.hpp"
#include "myelin/serialization/flat_struct.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// The schema id of a generated struct type.
template <class T>
inline constexpr TypeId kTypeId = T::_capnpPrivate::typeId;

/// Words that a first segment gets when the message's size is not known: fills a 576-byte block.
inline constexpr std::size_t kFirstSegmentWords = (576 - sizeof(FrameBlock)) / sizeof(capnp::word);

/// Builds one message of type T, straight into the block that the frame will hold.
///
/// **Thread-safety**: thread-compatible.
template <class T>
class FrameBuilder {
 public:
  /// `first_words`: room for the first segment, in words. Give it for large messages, so that they stay in one segment
  /// and are read without bounds checks; too little room only adds segments.
  explicit FrameBuilder(const FrameHeader& header = {}, std::size_t first_words = kFirstSegmentWords) {
    if constexpr (flat::kIsFlat<T>) {
      std::span<capnp::word> room;
      block_ = FrameBlock::create(kTypeId<T>, header, 1 + flat::kDataWords<T>, room);
      flat::store(room.data(), flat::struct_pointer(flat::kDataWords<T>));
      std::memset(room.data() + 1, 0, flat::kDataWords<T> * sizeof(capnp::word));
      block_->only = room.first(1 + flat::kDataWords<T>);
      block_->flags |= FrameBlock::kFlat;
    } else {
      arena_.emplace(kTypeId<T>, header, first_words);
    }
  }
  FrameBuilder(const FrameBuilder&) = delete;
  FrameBuilder& operator=(const FrameBuilder&) = delete;
  ~FrameBuilder() noexcept {
    if constexpr (flat::kIsFlat<T>) {
      if (block_ != nullptr) block_->unref();
    }
  }

  /// The message, to be filled in. Always the same message. **Requires**: finish() was not called.
  [[nodiscard]] typename T::Builder root() {
    if constexpr (flat::kIsFlat<T>) {
      return flat::builder_over<T>(const_cast<capnp::word*>(block_->only.data()) + 1);
    } else {
      return arena_->template getRoot<T>();
    }
  }

  /// The message, now immutable. Call once.
  [[nodiscard]] Frame finish() {
    if constexpr (flat::kIsFlat<T>) {
      return Frame::adopt(std::exchange(block_, nullptr));
    } else {
      static_cast<void>(root());  // A message that nobody touched still has a root struct.
      return arena_->finish(1, false);
    }
  }

 private:
  FrameBlock* block_ = nullptr;  // flat types only
  std::conditional_t<flat::kIsFlat<T>, std::monostate, std::optional<ArenaBuilder>> arena_;
};

/// A frame whose message `fill` fills in: `void fill(T::Builder)`.
template <class T, class Fill>
[[nodiscard]] Frame make_frame(Fill&& fill, const FrameHeader& header = {},
                               std::size_t first_words = kFirstSegmentWords) {
  FrameBuilder<T> builder{header, first_words};
  std::forward<Fill>(fill)(builder.root());
  return builder.finish();
}

}  // namespace myelin
