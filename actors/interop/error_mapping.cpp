#include "error_mapping.hpp"

#include <string>

#include <caf/atom.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace myelin {

namespace {

constexpr caf::atom_value kCategory = caf::atom("myelin");

Errc closest(const caf::error& error) {
  if (error.category() == caf::atom("exit")) return Errc::receiver_dead;
  if (error.category() != caf::atom("system")) return Errc::handler_failed;
  switch (static_cast<caf::sec>(error.code())) {
    case caf::sec::request_timeout: return Errc::timeout;
    case caf::sec::request_receiver_down:
    case caf::sec::no_route_to_receiving_node:
    case caf::sec::disconnect_during_handshake: return Errc::receiver_dead;
    case caf::sec::unexpected_message: return Errc::unhandled_type;
    case caf::sec::unexpected_response: return Errc::wrong_answer_type;
    default: return Errc::handler_failed;
  }
}

}  // namespace

caf::error to_caf_error(const Error& error) {
  return {static_cast<std::uint8_t>(error.code), kCategory, caf::make_message(error.message)};
}

Error from_caf_error(const caf::error& error) {
  if (error.category() == kCategory) {
    std::string text;
    if (error.context().match_elements<std::string>()) text = error.context().get_as<std::string>(0);
    return {static_cast<Errc>(error.code()), text};
  }
  return {closest(error), caf::to_string(error)};
}

}  // namespace myelin
