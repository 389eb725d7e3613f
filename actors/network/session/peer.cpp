#include "peer.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "myelin/network/limits.hpp"
#include "myelin/serialization/wire.hpp"

namespace myelin::network {

Delivery PeerRoute::deliver(Frame& frame, ReplyPort* port) noexcept { return peer_->send(*this, frame, port); }
void PeerRoute::cancel(const ReplyPort* port, CorrelationId question) noexcept { peer_->cancel(port, question); }
bool PeerRoute::want_room() noexcept { return peer_->want_room(*this); }

/// Where an agent of this node answers a question of another. The peer knows it until the question has ended.
class Peer::AnswerPort final : public ReplyPort {
 public:
  /// Starts with one reference.
  AnswerPort(std::shared_ptr<Peer> peer, std::uint64_t session, std::uint32_t question) noexcept
      : peer_{std::move(peer)}, session_{session}, question_{question} {}

  void answer(Frame frame) noexcept override { peer_->answer(session_, question_, std::move(frame)); }
  void fail(CorrelationId /*question*/, Error error) noexcept override { peer_->fail(session_, question_, error); }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  ~AnswerPort() = default;

  const std::shared_ptr<Peer> peer_;
  const std::uint64_t session_;
  const std::uint32_t question_;
  std::atomic<int> references_{1};
};

namespace {

std::unique_ptr<Outgoing> frame_record(RecordKind kind, Frame frame, std::size_t bytes) {
  auto record = std::make_unique<Outgoing>();
  record->kind = kind;
  record->lane = frame.lane();
  record->bytes = static_cast<std::uint32_t>(bytes);
  record->frame = std::move(frame);
  return record;
}

std::unique_ptr<Outgoing> failure_record(std::uint32_t question, const Error& error) {
  auto record = std::make_unique<Outgoing>();
  record->kind = RecordKind::failure;
  record->question = question;
  record->payload = encode_error(error);
  return record;
}

}  // namespace

Error Peer::unreachable() const {
  return {Errc::unreachable, fmt::format("there is no connection to node '{}'", node_)};
}

/// Why a frame cannot go, if it cannot.
std::optional<Error> Peer::objection(const Frame& frame, std::size_t bytes) const {
  if (bytes > ::myelin::limits::kForeignFrameBytesMax) {
    return Error{Errc::frame_too_large,
                 fmt::format("a frame of {} bytes is more than another node takes ({}): send it in pieces", bytes,
                             ::myelin::limits::kForeignFrameBytesMax)};
  }
  if (frame.segments().size() > ::myelin::limits::kForeignSegmentsMax) {
    return Error{Errc::frame_too_large,
                 fmt::format("a frame of {} segments is more than another node takes ({}): give its builder more room",
                             frame.segments().size(), ::myelin::limits::kForeignSegmentsMax)};
  }
  return std::nullopt;
}

Result<AgentRef> Peer::find(std::string_view agent) {
  const std::lock_guard guard{mutex_};
  if (const auto found = routes_.find(agent); found != routes_.end()) return found->second.handle;
  if (forgotten_) return myelin::fail(Errc::unreachable, "this node has been stopped");
  if (routes_.size() == limits::kRoutesMax) {
    return myelin::fail(Errc::overloaded,
                        fmt::format("{} agents of node '{}' are known already: no more may be", routes_.size(), node_));
  }
  auto route = std::make_shared<PeerRoute>(shared_from_this(), std::string{agent});
  AgentRef handle = make_remote_ref(mesh_, route);
  route->id_ = handle.id();
  routes_.emplace(agent, Known{std::move(route), handle});
  return handle;
}

bool Peer::has_routes() const {
  const std::lock_guard guard{mutex_};
  return !routes_.empty();
}

/// The link, if it must be woken. **Requires**: mutex_ is held.
std::shared_ptr<Link> Peer::link_to_wake() noexcept { return std::exchange(woken_, true) ? nullptr : link_; }

Delivery Peer::send(PeerRoute& route, Frame& frame, ReplyPort* port) noexcept {
  const std::size_t bytes = head_bytes(frame) + frame.payload_bytes();
  const CorrelationId correlation = frame.correlation();
  std::optional<Error> refused = objection(frame, bytes);
  std::shared_ptr<Link> link;
  bool full = false;
  if (!refused) {
    auto record = frame_record(port == nullptr ? RecordKind::message : RecordKind::question, frame, bytes);
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr) {
      refused = unreachable();
    } else if (route.number == 0 && outbound_.routes() == limits::kRoutesMax) {
      refused = Error{Errc::overloaded,
                      fmt::format("{} agents of node '{}' were sent to: no more may be", outbound_.routes(), node_)};
    } else if (route.unsent + bytes > limits::kRouteQueueBytesMax ||
               (frame.lane() == Lane::control && route.control.bytes >= limits::kRouteWindowBytes) ||
               outbound_.unsent() + bytes > limits::kNodeQueueBytesMax) {
      if (port == nullptr) return Delivery::refused;
      refused = Error{Errc::overloaded, fmt::format("{} bytes wait to be sent to '{}' of node '{}': send more slowly",
                                                    route.unsent, route.name_, node_)};
    } else if (port != nullptr && questions_.size() == limits::kOpenQuestionsMax) {
      refused = Error{Errc::overloaded, fmt::format("{} questions to node '{}' are open", questions_.size(), node_)};
    } else {
      if (port != nullptr) record->question = questions_.add(port, correlation);
      outbound_.push(route, route.name_, std::move(record));
      full = route.unsent > limits::kRouteQueueBytes;
      link = link_to_wake();
    }
  }
  if (refused) {
    if (port != nullptr) {
      port->fail(correlation, *std::move(refused));
      port->release();
    } else {
      mesh_.dead_letters().add({refused->code, route.id_, std::move(frame)});
    }
    return Delivery::taken;
  }
  frame = {};
  if (link != nullptr) link->wake();
  return full ? Delivery::taken_but_full : Delivery::taken;
}

void Peer::cancel(const ReplyPort* port, CorrelationId question) noexcept {
  std::optional<OpenQuestions::Question> cancelled;
  std::shared_ptr<Link> link;
  {
    const std::lock_guard guard{mutex_};
    const std::uint32_t number = questions_.number_of(port, question);
    cancelled = questions_.take(number);
    if (cancelled && link_ != nullptr) {
      auto record = std::make_unique<Outgoing>();
      record->kind = RecordKind::cancel;
      record->question = number;
      outbound_.push_record(std::move(record));
      link = link_to_wake();
    }
  }
  if (cancelled) cancelled->port->release();
  if (link != nullptr) link->wake();
}

bool Peer::want_room(PeerRoute& route) noexcept {
  const std::lock_guard guard{mutex_};
  if (link_ == nullptr || route.unsent <= limits::kRouteQueueBytes / 2) return false;
  route.room_wanted = true;
  return true;
}

void Peer::reply(std::uint64_t session, std::uint32_t question, std::unique_ptr<Outgoing> record) noexcept {
  AnswerPort* port = nullptr;
  std::shared_ptr<Link> link;
  Frame undelivered;
  {
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr || session != session_) {
      undelivered = std::move(record->frame);
    } else if (const auto found = asked_.find(question); found != asked_.end()) {
      port = found->second.port;
      asked_.erase(found);
      if (!record->frame) {
        outbound_.push_record(std::move(record));
      } else if (outbound_.unsent() + record->bytes > limits::kNodeQueueBytesMax ||
                 outbound_.answers() == limits::kAnswersWaitingMax) {
        outbound_.push_record(failure_record(
            question,
            {Errc::overloaded, fmt::format("{} bytes in {} answers wait to be sent to the asker: ask for less at once",
                                           outbound_.unsent(), outbound_.answers())}));
      } else {
        outbound_.push_free(std::move(record));
      }
      link = link_to_wake();
    }
  }
  if (undelivered) mesh_.dead_letters().add({Errc::unreachable, 0, std::move(undelivered)});
  if (link != nullptr) link->wake();
  if (port != nullptr) port->release();
}

void Peer::answer(std::uint64_t session, std::uint32_t question, Frame frame) noexcept {
  const std::size_t bytes = head_bytes(frame) + frame.payload_bytes();
  if (const std::optional<Error> refused = objection(frame, bytes)) return fail(session, question, *refused);
  auto record = frame_record(RecordKind::answer, std::move(frame), bytes);
  record->question = question;
  reply(session, question, std::move(record));
}

void Peer::fail(std::uint64_t session, std::uint32_t question, const Error& error) noexcept {
  reply(session, question, failure_record(question, error));
}

std::uint64_t Peer::attach(std::shared_ptr<Link> link) {
  const std::lock_guard guard{mutex_};
  link_ = std::move(link);
  woken_ = true;
  return ++session_;
}

void Peer::detach(std::uint64_t session, const Error& why) noexcept {
  struct Unconfirmed {
    AgentId receiver;
    std::uint64_t messages;
  };
  std::shared_ptr<Link> link;
  std::vector<std::unique_ptr<Outgoing>> unsent;
  std::vector<AgentId> receivers;
  std::vector<Unconfirmed> unconfirmed;
  std::vector<AgentRef> paused;
  std::vector<OpenQuestions::Question> unsent_questions, sent_questions;
  std::unordered_map<std::uint32_t, Asked> asked;
  {
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr || session != session_) return;
    link.swap(link_);
    receivers.resize(outbound_.routes());
    for (auto& [name, known] : routes_) {
      PeerRoute& route = *known.route;
      if (route.number == 0) continue;
      receivers[route.number - 1] = route.id_;
      const std::uint64_t told = route.unhandled.messages + route.control.messages;
      if (told != 0) unconfirmed.push_back({route.id_, told});
      if (std::exchange(route.room_wanted, false)) paused.push_back(known.handle);
    }
    unsent = outbound_.take_all();
    for (const auto& record : unsent) {
      if (record->kind != RecordKind::question) continue;
      if (const auto question = questions_.take(record->question)) unsent_questions.push_back(*question);
    }
    sent_questions = questions_.take_all();
    asked.swap(asked_);
  }
  const auto end = [&](const OpenQuestions::Question& question, Errc code, const char* what) {
    question.port->fail(question.correlation,
                        {code, fmt::format("the connection to node '{}' broke {}: {}", node_, what, why.message)});
    question.port->release();
  };
  for (const auto& question : unsent_questions) end(question, Errc::unreachable, "before the question was sent");
  for (const auto& question : sent_questions) {
    end(question, Errc::outcome_unknown, "after the question was sent, which may have been handled");
  }
  for (auto& record : unsent) {
    if (record->kind == RecordKind::message) {
      mesh_.dead_letters().add({Errc::unreachable, receivers[record->route - 1], std::move(record->frame)});
    } else if (record->kind == RecordKind::answer) {
      mesh_.dead_letters().add({Errc::unreachable, 0, std::move(record->frame)});
    }
  }
  for (const Unconfirmed& one : unconfirmed) {
    mesh_.dead_letters().add({.cause = Errc::outcome_unknown, .receiver = one.receiver, .messages = one.messages});
  }
  for (const AgentRef& receiver : paused) release_senders(mesh_, receiver);
  for (auto& [question, one] : asked) {
    cancel_from_outside(one.target, one.port, one.correlation);
    one.port->release();
  }
}

bool Peer::ping() noexcept {
  auto record = std::make_unique<Outgoing>();
  record->kind = RecordKind::ping;
  std::shared_ptr<Link> link;
  bool settled = false;
  {
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr) return true;
    settled = outbound_.is_settled();
    outbound_.push_record(std::move(record));
    link = link_to_wake();
  }
  if (link != nullptr) link->wake();
  return settled;
}

bool Peer::is_clogged() const noexcept {
  const std::lock_guard guard{mutex_};
  return outbound_.records() > limits::kRecordsWaitingMax;
}

bool Peer::compose(std::uint64_t session, Burst& burst, TimePoint now) {
  std::vector<AgentRef> released;
  {
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr || session != session_) return false;
    steps_.clear();
    freed_.clear();
    outbound_.pick(steps_, freed_);
    if (steps_.empty()) {
      woken_ = false;
      return false;
    }
    for (Outbound::Step& step : steps_) drop_if_cancelled(step);
    for (OutboundRoute* route : freed_) {
      const auto found = routes_.find(static_cast<PeerRoute*>(route)->name_);
      if (found != routes_.end()) released.push_back(found->second.handle);
    }
  }
  std::uint64_t frames = 0;
  for (Outbound::Step& step : steps_) {
    if (step.record != nullptr) {
      frames += holds_frame(step.record->kind) ? 1 : 0;
      burst.add(std::move(step.record), now);
    } else if (step.part != 0) {
      burst.add_part(step.lane, step.part);
    }
  }
  if (frames != 0) frames_sent_.fetch_add(frames, std::memory_order_relaxed);
  for (const AgentRef& receiver : released) release_senders(mesh_, receiver);
  return true;
}

/// A question that was cancelled while it waited need not go; unless its head has claimed its lane already.
/// **Requires**: mutex_ is held.
void Peer::drop_if_cancelled(Outbound::Step& step) {
  const Outgoing* record = step.record.get();
  if (record == nullptr || record->kind != RecordKind::question || record->bytes > limits::kPartBytes) return;
  if (questions_.contains(record->question)) return;
  static_cast<void>(outbound_.confirm(*outbound_.route(record->route), record->lane, record->bytes, 0));
  step.record.reset();
}

Result<ReplyPort*> Peer::expect_answer(std::uint64_t session, std::uint32_t question, AgentRef target,
                                       CorrelationId correlation) {
  auto* port = new AnswerPort{shared_from_this(), session, question};
  Result<ReplyPort*> result = port;
  {
    const std::lock_guard guard{mutex_};
    if (asked_.contains(question)) {
      result = myelin::fail(Errc::bad_frame, fmt::format("question {} was asked already", question));
    } else if (asked_.size() == limits::kOpenQuestionsMax) {
      result = myelin::fail(Errc::overloaded, fmt::format("{} questions of node '{}' are open", asked_.size(), node_));
    } else {
      port->retain();
      asked_.emplace(question, Asked{port, std::move(target), correlation});
    }
  }
  if (!result) port->release();
  return result;
}

void Peer::on_cancel(std::uint32_t question) noexcept {
  std::optional<Asked> cancelled;
  {
    const std::lock_guard guard{mutex_};
    const auto found = asked_.find(question);
    if (found == asked_.end()) return;  // answered meanwhile
    cancelled = std::move(found->second);
    asked_.erase(found);
  }
  cancel_from_outside(cancelled->target, cancelled->port, cancelled->correlation);
  cancelled->port->release();
}

Result<void> Peer::on_credit(std::uint32_t route, Lane lane, const Credit& credit) {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard guard{mutex_};
    OutboundRoute* outbound = outbound_.route(route);
    if (outbound == nullptr) return myelin::fail(Errc::bad_frame, fmt::format("credit for route {}", route));
    if (Result<void> confirmed = outbound_.confirm(*outbound, lane, credit.bytes, credit.messages); !confirmed) {
      return confirmed;
    }
    link = link_to_wake();
  }
  if (link != nullptr) link->wake();
  return {};
}

Result<void> Peer::on_answer(std::uint32_t question, Result<Frame> outcome) {
  std::optional<OpenQuestions::Question> asked;
  {
    const std::lock_guard guard{mutex_};
    asked = questions_.take(question);
  }
  if (!asked) {  // cancelled meanwhile
    if (outcome) mesh_.dead_letters().add({Errc::late_answer, 0, *std::move(outcome)});
    return {};
  }
  if (outcome && outcome->correlation() != asked->correlation) {
    outcome = myelin::fail(Errc::bad_frame, fmt::format("node '{}' answered another question than it says", node_));
  }
  if (outcome) {
    asked->port->answer(*std::move(outcome));
  } else {
    asked->port->fail(asked->correlation, std::move(outcome).error());
  }
  asked->port->release();
  return {};
}

Result<void> Peer::on_loss(std::uint32_t route, Lane lane, std::uint64_t messages, Errc cause) {
  AgentId receiver = 0;
  {
    const std::lock_guard guard{mutex_};
    OutboundRoute* outbound = outbound_.route(route);
    if (outbound == nullptr) return myelin::fail(Errc::bad_frame, fmt::format("a loss on route {}", route));
    receiver = static_cast<PeerRoute*>(outbound)->id_;
    messages = std::min(messages, outbound->window_of(lane).messages);  // credit for them comes later
  }
  if (messages != 0) mesh_.dead_letters().add({.cause = cause, .receiver = receiver, .messages = messages});
  return {};
}

void Peer::send_record(std::uint64_t session, std::unique_ptr<Outgoing> record) noexcept {
  std::shared_ptr<Link> link;
  {
    const std::lock_guard guard{mutex_};
    if (link_ == nullptr || session != session_) return;
    outbound_.push_record(std::move(record));
    link = link_to_wake();
  }
  if (link != nullptr) link->wake();
}

void Peer::forget() noexcept {
  std::map<std::string, Known, std::less<>> dropped;  // destroyed after the lock
  const std::lock_guard guard{mutex_};
  forgotten_ = true;
  dropped.swap(routes_);
}

}  // namespace myelin::network
