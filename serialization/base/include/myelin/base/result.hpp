/// Errors as values: one enum of causes with stable numbers, and the Result type that every fallible function returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace myelin {

/// Why an operation failed. The numbers are stable: they cross the network and appear in logs and `--json` output.
enum class Errc : std::uint16_t {
  // Frames and files
  bad_frame = 1,            ///< The bytes are not a well-formed frame of the expected type.
  frame_too_large = 2,      ///< A size in a frame is above its cap, or above what the format can say.
  corrupt_file = 3,         ///< A file's checksum, magic number or structure is wrong.
  unsupported_version = 4,  ///< A file or frame is of a format version that this build does not read.
  io_error = 5,             ///< The operating system refused to open, read or write.
  not_found = 6,            ///< A named file, agent or data set does not exist.

  // Arguments
  invalid_argument = 20,  ///< A value is outside what the function accepts.
  shape_mismatch = 21,    ///< Matrix or tensor shapes do not fit together.

  // Agents
  unhandled_type = 40,     ///< The receiver has no handler for the message's type.
  receiver_dead = 41,      ///< The receiver had stopped, or stopped before it answered.
  timeout = 42,            ///< The deadline passed before an answer came.
  late_answer = 43,        ///< An answer came after its ask had ended. Seen in dead letters, never by the asker.
  no_reply = 44,           ///< The handler dropped its Reply without answering.
  handler_failed = 45,     ///< The handler threw an exception.
  wrong_answer_type = 46,  ///< The answer is of another type than the asker expects.
  overloaded = 47,         ///< Too many messages or requests wait at the receiver.
  cancelled = 48,          ///< The asker gave the question up before it was answered.
  request_cycle = 49,      ///< The question would reach an agent that waits for it to be answered.
  restarts_exceeded = 50,  ///< Children failed more often than their supervisor's policy allows.

  // Kernels
  backend_unavailable = 60,  ///< The requested compute backend does not exist on this machine.
  backend_failed = 61,       ///< The compute backend reported a failure while it ran.

  // Validators and the shared memory
  validator_halted = 80,  ///< A validator stopped for good: going on could have broken what was promised.
  outcome_unknown = 81,   ///< A request was on its way when its deadline passed or its connection broke: it may have
                          ///< been executed, or yet be.
  wrong_value_kind = 82,  ///< The key holds another kind of value than the operation needs.
  insufficient = 83,      ///< A transfer of more than there is, or more than its receiver can hold.
  lease_held = 84,        ///< The key is held by a lease that is not over.
  not_holder = 85,        ///< The lease is over, or somebody else's.
  memory_full = 86,       ///< The shared memory has no room for more keys or bytes.

  // Nodes
  unreachable = 100,    ///< There is no connection to the other node: nothing was sent.
  access_denied = 101,  ///< A node's certificate, cluster or name is not what it must be.
};

/// The enumerator's name, e.g. "timeout"; "unknown" for a number that is no Errc.
/// **Thread-safety**: thread-safe.
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

/// A cause and a sentence that names the value at fault and, where there is one, the remedy.
struct Error {
  Errc code;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

/// "timeout: no answer from agent 7 within 200 ms". **Thread-safety**: thread-safe.
[[nodiscard]] std::string to_string(const Error& error);

/// A value or an Error. Source: P0323 (tl::expected).
template <class T>
using Result = tl::expected<T, Error>;

/// An Error, to be returned from a function that returns some Result<T>.
[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string message) {
  return tl::unexpected<Error>{Error{code, std::move(message)}};
}

}  // namespace myelin
