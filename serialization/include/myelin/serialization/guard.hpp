/// Messages that come from outside: nothing is read from them before it has been checked, and nothing they hold can
/// throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <capnp/schema.h>
#include <kj/exception.h>

#include "myelin/base/limits.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// Caps for a frame from outside.
struct FrameCaps {
  std::size_t bytes_max = limits::kForeignFrameBytesMax;
  std::size_t segments_max = limits::kForeignSegmentsMax;
  std::uint64_t traversal_words_max = limits::kForeignTraversalWordsMax;
  int nesting_max = limits::kForeignNestingMax;
};

/// A frame from outside of which only the head has come: fixed header, call chain and table of segments. The bytes of
/// the segments are then written where they will be read.
///
/// **Thread-safety**: thread-compatible.
class ForeignFrame {
 public:
  /// `head`: begins with the frame's head; what follows is not looked at. `bytes`: of the whole frame.
  /// **Errors**: bad_frame, frame_too_large, unsupported_version: as open_foreign(), of which this is the first half.
  /// **Cost**: allocates as many bytes as the frame will have, and does not zero them.
  [[nodiscard]] static Result<ForeignFrame> begin(std::span<const std::byte> head, std::size_t bytes, TimePoint now,
                                                  const FrameCaps& caps = {});

  /// Bytes of the head; the segments follow.
  [[nodiscard]] std::size_t head_bytes() const noexcept { return head_bytes_; }
  /// Where the segments' bytes go, one segment after another: all that follow the head. To be written before finish().
  [[nodiscard]] std::span<std::byte> body() noexcept { return body_; }
  /// The frame, every pointer checked. Call once. **Errors**: bad_frame.
  [[nodiscard]] Result<Frame> finish(const FrameCaps& caps = {}) &&;

 private:
  ForeignFrame(Frame frame, std::size_t head_bytes, std::span<std::byte> body) noexcept
      : frame_{std::move(frame)}, head_bytes_{head_bytes}, body_{body} {}

  Frame frame_;
  std::size_t head_bytes_;
  std::span<std::byte> body_;
};

/// A frame from bytes in the format of docs/wire_format.md, structure checked: header, segment table, sizes, every
/// pointer. What its messages mean is not checked yet: see check_as(). The bytes are copied once, into the frame's own
/// memory.
///
/// `now`: the clock by which the frame's remaining time becomes a deadline.
/// **Errors**: bad_frame, frame_too_large, unsupported_version; the message says which field and value.
/// **Thread-safety**: thread-safe. **Cost**: one copy and one walk over the pointers.
[[nodiscard]] Result<Frame> open_foreign(std::span<const std::byte> bytes, TimePoint now, const FrameCaps& caps = {});

/// Whether each message of the frame can be read as `schema`: every pointer leads to the kind of thing that the schema
/// says, texts end in NUL, batches hold as many messages as the header says. Reading it as that type then cannot fail
/// (but for AnyPointer fields, whose type only their reader knows).
///
/// **Errors**: bad_frame, naming the field. **Thread-safety**: thread-safe. **Cost**: visits every field.
[[nodiscard]] Result<void> check_schema(const Frame& frame, capnp::StructSchema schema, const FrameCaps& caps = {});

/// check_schema() for a generated type; also checks the frame's type id. Frames built here, and those of numbers alone,
/// pass at once.
template <class T>
[[nodiscard]] Result<void> check_as(const Frame& frame) {
  if (frame.type() != T::_capnpPrivate::typeId) {
    return fail(Errc::bad_frame, "the frame is of another type than the one asked for");
  }
  if (!frame.needs_check()) return {};
  return check_schema(frame, capnp::Schema::from<T>());
}

/// Runs `function` and turns a kj exception, which is how Cap'n Proto reports bad data, into an Error.
template <class Function>
[[nodiscard]] Result<void> guarded(Function&& function) {
  try {
    std::forward<Function>(function)();
    return {};
  } catch (const kj::Exception& exception) {
    return fail(Errc::bad_frame, exception.getDescription().cStr());
  }
}

}  // namespace myelin
