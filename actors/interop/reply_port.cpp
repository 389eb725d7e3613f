#include "reply_port.hpp"

#include <caf/message.hpp>

#include "error_mapping.hpp"
#include "myelin/actors/caf_interop.hpp"
#include "runtime/turn_context.hpp"

namespace myelin {

void CafReplyPort::respond(caf::message content) noexcept {
  if (asker_) asker_->enqueue(answerer_, id_.response_id(), std::move(content), turn_context.unit);
}

void CafReplyPort::answer(Frame frame) noexcept { respond(caf::make_message(std::move(frame))); }

void CafReplyPort::fail(CorrelationId /*question*/, Error error) noexcept {
  respond(caf::make_message(to_caf_error(error)));
}

}  // namespace myelin
