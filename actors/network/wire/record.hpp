/// What goes over a connection between two nodes: records, each with a header of 16 bytes. docs/network.md has the
/// table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin::network {

/// The numbers are those on the wire.
enum class RecordKind : std::uint8_t {
  hello = 1,  ///< First record each way: a schema::Hello as a frame.
  refusal,    ///< Instead of it, and the last: an error.
  name,       ///< `route` stands for the agent of this name from now on.
  message,    ///< A frame told to the agent of `route`.
  question,   ///< A frame asked of it; `question` numbers it.
  answer,     ///< The answer to `question`: a frame.
  failure,    ///< `question` has ended without one: an error.
  cancel,     ///< Nobody waits for the answer to `question` any more.
  part,       ///< The next bytes of the frame that is under way in this lane.
  credit,     ///< So much of what was sent to the agent of `route` has been handled: a Credit.
  loss,       ///< Messages for the agent of `route` were lost: their number, and an error.
  ping,       ///< The node lives, and wants to know what was handled.
};

/// Little-endian, as everything.
struct RecordHeader {
  std::uint32_t bytes = 0;  ///< What follows.
  RecordKind kind{};
  std::uint8_t lane = 0;
  std::uint16_t flags = 0;
  std::uint32_t route = 0;
  std::uint32_t question = 0;
};
inline constexpr std::size_t kRecordHeaderBytes = 16;
static_assert(sizeof(RecordHeader) == kRecordHeaderBytes);

/// Flag of message, question and answer: the record holds the frame's length, as 64 bits, and its head; what follows
/// the head comes in parts.
inline constexpr std::uint16_t kInParts = 1;

/// What a credit record holds.
struct Credit {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
};

[[nodiscard]] constexpr bool holds_frame(RecordKind kind) noexcept {
  return kind == RecordKind::message || kind == RecordKind::question || kind == RecordKind::answer;
}

/// Whether a header may be as it is: known kind, lane and flags, and no longer than records of its kind are.
/// **Errors**: bad_frame, frame_too_large.
[[nodiscard]] Result<void> check(const RecordHeader& header);

/// An error as bytes, its text cut to limits::kErrorBytesMax, and back. A number that is no Errc reads as
/// handler_failed. **Errors**: bad_frame.
[[nodiscard]] std::string encode_error(const Error& error);
[[nodiscard]] Result<Error> decode_error(std::span<const std::byte> bytes);

/// A plain value at the beginning of a record. **Errors**: bad_frame where the record is shorter.
template <class T>
[[nodiscard]] Result<T> read_value(std::span<const std::byte> bytes) {
  T value;
  if (bytes.size() < sizeof value) return fail(Errc::bad_frame, "a record ends before its first field does");
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace myelin::network
