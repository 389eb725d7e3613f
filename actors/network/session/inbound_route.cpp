#include "inbound_route.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "myelin/network/limits.hpp"

namespace myelin::network {

namespace {

/// So much is handled before the other node is told, lest it be told after every message: of one route, and of all
/// together, for else many routes with a little each could use up the node's window. What was handled at once and by
/// agents is counted apart, so that it may be twice as much.
constexpr std::size_t kRouteCreditBytes = limits::kRouteWindowBytes / 4;
constexpr std::size_t kNodeCreditBytes = limits::kNodeWindowBytes / 8;

/// A large message that waits in a mailbox.
class RouteCharge final : public Charge {
 public:
  RouteCharge(std::shared_ptr<InboundRoute> route, Lane lane, std::size_t bytes, std::uint64_t messages) noexcept
      : route_{std::move(route)}, lane_{lane}, bytes_{bytes}, messages_{messages} {}
  ~RouteCharge() override {
    if (route_ != nullptr) route_->settle(lane_, bytes_, messages_);
  }
  void disarm() noexcept { route_.reset(); }

 private:
  std::shared_ptr<InboundRoute> route_;
  const Lane lane_;
  const std::size_t bytes_;
  const std::uint64_t messages_;
};

}  // namespace

InboundRoute::~InboundRoute() {
  for (const Held& message : held_) {
    if (message.port != nullptr) message.port->release();  // the other node knows that the connection is gone
  }
}

/// Small frames count as handled as soon as they are in the mailbox, which bounds their number; but for those of the
/// control lane, for which it does not.
bool InboundRoute::is_charged(Lane lane, std::size_t bytes) noexcept {
  return bytes >= limits::kChargedBytesMin || lane == Lane::control;
}

Result<void> InboundRoute::check_window(Lane lane) const {
  if (account_of(lane).unhandled.load(std::memory_order_relaxed) < limits::kRouteWindowBytes) return {};
  return fail(Errc::bad_frame, fmt::format("more was sent to '{}' than the {} bytes that may be on their way", name_,
                                           limits::kRouteWindowBytes));
}

Result<void> InboundRoute::take(Frame frame, std::uint32_t question, std::size_t bytes) {
  const Lane lane = frame.lane();
  if (Result<void> checked = check_window(lane); !checked) return checked;
  const std::uint64_t messages = question == 0 ? frame.size() : 0;
  const auto refuse = [&](const Error& why) {
    end(lane, question, messages, why);
    account_of(lane).unhandled.fetch_add(bytes, std::memory_order_relaxed);
    settle(lane, bytes, messages);
  };
  const AgentRef& agent = target();
  if (!agent) {
    refuse({Errc::not_found, fmt::format("no agent is published as '{}'", name_)});
    return {};
  }
  if (has_ended(session_->mesh.state_of(agent))) {
    refuse({Errc::receiver_dead, fmt::format("the agent '{}' has ended", name_)});
    return {};
  }
  ReplyPort* port = nullptr;
  if (question != 0) {
    Result<ReplyPort*> expected = session_->peer->expect_answer(session_->number, question, agent, frame.correlation());
    if (!expected) {
      if (expected.error().code == Errc::bad_frame) return tl::unexpected{std::move(expected).error()};
      refuse(expected.error());
      return {};
    }
    port = *expected;
  }
  const bool in_order = held_.empty() || lane == Lane::control;
  if (in_order && !is_charged(lane, bytes)) {
    std::unique_ptr<Charge> none;
    if (deliver_from_outside(agent, frame, port, none) != Delivery::refused) {
      settle_at_once(bytes, messages);
      return {};
    }
  }
  account_of(lane).unhandled.fetch_add(bytes, std::memory_order_relaxed);
  if (in_order && is_charged(lane, bytes) && hand_over(agent, frame, port, bytes)) return {};
  held_.push_back({agent, std::move(frame), port, bytes});
  wait_for_room();
  return {};
}

Result<void> InboundRoute::take_unreadable(Lane lane, std::uint32_t question, std::size_t bytes, const Error& why) {
  if (Result<void> checked = check_window(lane); !checked) return checked;
  account_of(lane).unhandled.fetch_add(bytes, std::memory_order_relaxed);
  end(lane, question, 1, why);
  settle(lane, bytes, question == 0 ? 1 : 0);
  return {};
}

const AgentRef& InboundRoute::target() {
  if (const std::uint64_t now = session_->exports.version(); version_ != now) {
    version_ = now;
    target_ = session_->exports.find(name_, {session_->peer->role(), session_->peer->node()});
  }
  return target_;
}

/// Tells the other node that a question, or so many messages, came to nothing.
void InboundRoute::end(Lane lane, std::uint32_t question, std::uint64_t messages, const Error& why) noexcept {
  auto record = std::make_unique<Outgoing>();
  record->kind = question != 0 ? RecordKind::failure : RecordKind::loss;
  record->lane = lane;
  record->question = question;
  if (question == 0) {
    record->route = number_;
    record->payload.resize(sizeof messages);
    std::memcpy(record->payload.data(), &messages, sizeof messages);
  }
  record->payload += encode_error(why);
  session_->peer->send_record(session_->number, std::move(record));
}

/// What was counted as unhandled. False if the mailbox is full.
bool InboundRoute::hand_over(const AgentRef& agent, Frame& frame, ReplyPort* port, std::size_t bytes) {
  const std::uint64_t messages = port == nullptr ? frame.size() : 0;
  std::unique_ptr<Charge> charge;
  RouteCharge* large = nullptr;
  const Lane lane = frame.lane();
  if (is_charged(lane, bytes)) {
    auto made = std::make_unique<RouteCharge>(shared_from_this(), lane, bytes, messages);
    large = made.get();
    charge = std::move(made);
  }
  if (deliver_from_outside(agent, frame, port, charge) == Delivery::refused) {
    if (large != nullptr) large->disarm();
    return false;
  }
  if (large == nullptr) settle(lane, bytes, messages);
  return true;
}

void InboundRoute::wait_for_room() {
  if (std::exchange(expecting_room_, true)) return;
  call_when_room(session_->mesh, held_.front().agent, [self = weak_from_this(), post = session_->post] {
    post([self] {
      if (const auto route = self.lock()) {
        route->expecting_room_ = false;
        route->hand_over_held();
      }
    });
  });
}

void InboundRoute::hand_over_held() {
  while (!held_.empty()) {
    Held& next = held_.front();
    if (!hand_over(next.agent, next.frame, next.port, next.bytes)) return wait_for_room();
    held_.pop_front();
  }
}

std::size_t InboundRoute::credit_bytes_min() const noexcept {
  const std::size_t routes = std::max<std::size_t>(session_->routes->load(std::memory_order_relaxed), 1);
  return std::min(kRouteCreditBytes, kNodeCreditBytes / routes);
}

void InboundRoute::settle(Lane lane, std::uint64_t bytes, std::uint64_t messages) noexcept {
  Account& account = account_of(lane);
  account.unhandled.fetch_sub(bytes, std::memory_order_relaxed);
  if (messages != 0) account.handled_messages.fetch_add(messages, std::memory_order_relaxed);
  if (account.handled_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes >= credit_bytes_min()) {
    send_credit(lane);
  }
}

void InboundRoute::settle_at_once(std::uint64_t bytes, std::uint64_t messages) noexcept {
  at_once_.bytes += bytes;
  at_once_.messages += messages;
  if (at_once_.bytes >= credit_bytes_min()) send_credit();
}

void InboundRoute::send_credit() noexcept {
  const AtOnce at_once = std::exchange(at_once_, {});
  others_.handled_messages.fetch_add(at_once.messages, std::memory_order_relaxed);
  others_.handled_bytes.fetch_add(at_once.bytes, std::memory_order_relaxed);
  send_credit(Lane::control);
  send_credit(Lane::normal);
}

void InboundRoute::send_credit(Lane lane) noexcept {
  Account& account = account_of(lane);
  // In this order: messages that are counted between the two are confirmed the next time.
  const std::uint64_t messages = account.handled_messages.exchange(0, std::memory_order_relaxed);
  const Credit credit{.bytes = account.handled_bytes.exchange(0, std::memory_order_relaxed), .messages = messages};
  if (credit.bytes == 0 && credit.messages == 0) return;
  auto record = std::make_unique<Outgoing>();
  record->kind = RecordKind::credit;
  record->lane = lane;
  record->route = number_;
  record->payload.resize(sizeof credit);
  std::memcpy(record->payload.data(), &credit, sizeof credit);
  session_->peer->send_record(session_->number, std::move(record));
}

}  // namespace myelin::network
