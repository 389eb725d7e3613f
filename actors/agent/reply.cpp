#include "myelin/actors/reply.hpp"

#include <exception>

#include "cell.hpp"
#include "runtime/turn_context.hpp"

namespace myelin {

void ReplyAddress::deliver(Frame frame) noexcept {
  ReplyPort* port = std::exchange(port_, nullptr);
  if (turn_context.cell == nullptr) {
    port->answer(std::move(frame));
  } else if (!turn_context.cell->take_cancelled(port, question_.correlation)) [[likely]] {
    turn_context.cell->flush_before_answer(port);
    port->answer(std::move(frame));
  }
  port->release();
}

void ReplyAddress::send(Frame frame) {
  if (wanted()) deliver(frame.with_header(answer_header()));
}

void ReplyAddress::fail(Error error) noexcept {
  ReplyPort* port = std::exchange(port_, nullptr);
  if (port == nullptr) return;
  if (turn_context.cell == nullptr) {
    port->fail(question_.correlation, std::move(error));
  } else if (!turn_context.cell->take_cancelled(port, question_.correlation)) [[likely]] {
    turn_context.cell->flush_before_answer(port);
    port->fail(question_.correlation, std::move(error));
  }
  port->release();
}

bool ReplyAddress::cancelled() const noexcept {
  return turn_context.cell != nullptr && turn_context.cell->is_cancelled(port_, question_.correlation);
}

void ReplyAddress::abandon() noexcept {
  if (std::uncaught_exceptions() > 0) {
    fail({Errc::handler_failed, "the handler threw before it answered"});
  } else if (turn_context.agent_ending) {
    fail({Errc::receiver_dead, "the agent stopped before it answered"});
  } else if (turn_context.agent_failing || (turn_context.cell != nullptr && turn_context.cell->has_failed())) {
    fail({Errc::handler_failed, "the agent failed before it answered"});
  } else {
    fail({Errc::no_reply, "the handler dropped its Reply without an answer"});
  }
}

}  // namespace myelin
