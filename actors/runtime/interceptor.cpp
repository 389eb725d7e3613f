#include "myelin/actors/interceptor.hpp"

#include "agent/cell.hpp"
#include "turn_context.hpp"

namespace myelin {

Parcel::Parcel(Kind kind, AgentRef to, Frame frame, ReplyPort* port) noexcept
    : to_{std::move(to)}, frame_{std::move(frame)}, port_{port}, kind_{kind} {
  if (turn_context.cell != nullptr) {
    from_ = turn_context.cell->id();
  } else if (frame_) {
    from_ = frame_.sender();
  }
}

Parcel::Parcel(Parcel&& other) noexcept
    : to_{std::move(other.to_)},
      from_{other.from_},
      frame_{std::move(other.frame_)},
      port_{std::exchange(other.port_, nullptr)},
      question_{other.question_},
      error_{std::move(other.error_)},
      kind_{other.kind_} {}

Parcel& Parcel::operator=(Parcel&& other) noexcept {
  if (this == &other) return *this;
  if (port_ != nullptr) port_->release();
  to_ = std::move(other.to_);
  from_ = other.from_;
  frame_ = std::move(other.frame_);
  port_ = std::exchange(other.port_, nullptr);
  question_ = other.question_;
  error_ = std::move(other.error_);
  kind_ = other.kind_;
  return *this;
}

Parcel::~Parcel() {
  if (port_ != nullptr) port_->release();
}

Parcel Parcel::copy() const {
  if (port_ != nullptr) port_->retain();
  Parcel twin{kind_, to_, frame_, port_};
  twin.from_ = from_;
  twin.question_ = question_;
  twin.error_ = error_;
  return twin;
}

void Parcel::deliver() && noexcept {
  const AgentRef to = to_;
  static_cast<void>(to.cell()->admit(std::move(*this)));
  to_ = {};
}

std::string_view class_name_of(const AgentRef& agent) noexcept {
  return agent.cell() == nullptr ? std::string_view{} : std::string_view{agent.cell()->agent_class().name};
}

std::string message_name_of(const AgentRef& receiver, TypeId type) {
  const Handler* handler = receiver.cell() == nullptr ? nullptr : receiver.cell()->agent_class().handlers.find(type);
  return handler == nullptr || handler->schema == nullptr ? std::string{} : message_name(*handler);
}

}  // namespace myelin
