#include "myelin/base/result.hpp"

namespace myelin {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::bad_frame: return "bad_frame";
    case Errc::frame_too_large: return "frame_too_large";
    case Errc::corrupt_file: return "corrupt_file";
    case Errc::unsupported_version: return "unsupported_version";
    case Errc::io_error: return "io_error";
    case Errc::not_found: return "not_found";
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::shape_mismatch: return "shape_mismatch";
    case Errc::unhandled_type: return "unhandled_type";
    case Errc::receiver_dead: return "receiver_dead";
    case Errc::timeout: return "timeout";
    case Errc::late_answer: return "late_answer";
    case Errc::no_reply: return "no_reply";
    case Errc::handler_failed: return "handler_failed";
    case Errc::wrong_answer_type: return "wrong_answer_type";
    case Errc::overloaded: return "overloaded";
    case Errc::cancelled: return "cancelled";
    case Errc::request_cycle: return "request_cycle";
    case Errc::restarts_exceeded: return "restarts_exceeded";
    case Errc::backend_unavailable: return "backend_unavailable";
    case Errc::backend_failed: return "backend_failed";
    case Errc::validator_halted: return "validator_halted";
    case Errc::outcome_unknown: return "outcome_unknown";
    case Errc::wrong_value_kind: return "wrong_value_kind";
    case Errc::insufficient: return "insufficient";
    case Errc::lease_held: return "lease_held";
    case Errc::not_holder: return "not_holder";
    case Errc::memory_full: return "memory_full";
    case Errc::unreachable: return "unreachable";
    case Errc::access_denied: return "access_denied";
  }
  return "unknown";
}

std::string to_string(const Error& error) {
  std::string text{to_string(error.code)};
  if (!error.message.empty()) {
    text += ": ";
    text += error.message;
  }
  return text;
}

}  // namespace myelin
