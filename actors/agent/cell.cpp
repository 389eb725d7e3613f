#include "cell.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include "agent_key.hpp"
#include "interop/error_mapping.hpp"
#include "interop/reply_port.hpp"
#include "lifecycle.hpp"
#include "myelin/actors/caf_interop.hpp"
#include "remote_cell.hpp"
#include "runtime/mesh_state.hpp"
#include "runtime/turn_context.hpp"

namespace myelin {

namespace {

/// Most messages between two looks at the clock and at the inbox.
constexpr std::size_t kMessagesBetweenLooksMax = 16;

constexpr caf::atom_value kTimer = caf::atom("myelin");

/// Marks this thread as running agents, until the end of the scope.
class OnWorker {
 public:
  OnWorker(caf::execution_unit* unit, AgentCell* cell) noexcept : before_{turn_context} {
    turn_context = {.unit = unit, .cell = cell};
  }
  ~OnWorker() { turn_context = before_; }
  OnWorker(const OnWorker&) = delete;
  OnWorker& operator=(const OnWorker&) = delete;

 private:
  TurnContext before_;
};

/// Says which message an agent handles, or on whose behalf it acts, until the end of the scope.
class Current {
 public:
  Current(const FrameBlock*& place, const FrameBlock* block) noexcept : place_{place} { place_ = block; }
  ~Current() { place_ = nullptr; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  const FrameBlock*& place_;
};

/// What fails in its scope did not fail at a message, though it may act on behalf of one.
class NotAMessage {
 public:
  NotAMessage(const bool& stopping, Frame& failed) noexcept : stopping_{stopping}, failed_{failed} {}
  ~NotAMessage() {
    if (stopping_) failed_ = {};
  }
  NotAMessage(const NotAMessage&) = delete;
  NotAMessage& operator=(const NotAMessage&) = delete;

 private:
  const bool& stopping_;
  Frame& failed_;
};

/// Of larger messages only the header is kept for those who go on in their name.
constexpr std::size_t kCauseBytesMax = 4096;

/// What an exception says, for whoever asked.
std::string text_of_current_exception() {
  try {
    throw;
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace

AgentCell::AgentCell(caf::actor_config& config, MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent,
                     const MailboxOptions& mailbox, std::unique_ptr<Lifecycle>* lifecycle)
    : super{config},
      inbox_{mailbox.capacity},
      when_full_{mailbox.when_full},
      intercepted_{mesh.config.interceptor != nullptr},
      agent_{std::move(agent)},
      class_{of},
      mesh_{mesh},
      metrics_{mesh.metrics == nullptr ? nullptr : mesh.metrics->find_or_add(of)},
      redirect_to_{mailbox.redirect_to},
      lifecycle_{lifecycle == nullptr ? nullptr : std::move(*lifecycle)} {
  state_.store(of.has_start ? AgentState::starting : AgentState::ready, std::memory_order_relaxed);
  if (when_full_ == Overload::drop_oldest) inbox_.allow_dropping();
  if (intercepted_) inbox_.guard();
  setf(kIsAgentFlag | is_initialized_flag);
  agent_->cell_ = this;
  if (metrics_ != nullptr) metrics_->started.add_shared(1);
}

AgentCell::~AgentCell() { close_inbox({Errc::receiver_dead, {}}); }

AgentRef AgentCell::ref() noexcept {
  intrusive_ptr_add_ref(ctrl());
  return {AgentRef::Adopt{}, ctrl(), this};
}

// -- references ------------------------------------------------------------------------------------------------------

void AgentCell::intrusive_ptr_add_ref_impl() { intrusive_ptr_add_ref(ctrl()); }
void AgentCell::intrusive_ptr_release_impl() { intrusive_ptr_release(ctrl()); }
void AgentCell::retain() noexcept { intrusive_ptr_add_ref(ctrl()); }
void AgentCell::release() noexcept { intrusive_ptr_release(ctrl()); }

// -- delivery, on the sender's thread --------------------------------------------------------------------------------

void AgentCell::schedule() noexcept {
  intrusive_ptr_add_ref(ctrl());  // released by the worker after the turn
  if (caf::execution_unit* unit = turn_context.unit; unit != nullptr && &unit->system() == &home_system()) {
    unit->exec_later(this);
  } else {
    home_system().scheduler().enqueue(this);
  }
}

void AgentCell::deliver(QueueLink* entry) noexcept {
  // The entry may be handled, and freed, as soon as it is pushed.
  const bool control = lane_of(*entry) == static_cast<std::size_t>(Lane::control);
  switch (inbox_.push(entry)) {
    case Inbox::Push::queued:
      if (control) [[unlikely]]
        end_pause(PauseState::running);
      break;
    case Inbox::Push::wake: schedule(); break;
    // Lost the race with the agent's end: bounced here, or nobody would.
    case Inbox::Push::closed: bounce(entry, {Errc::receiver_dead, class_.name + " has stopped"}); break;
  }
}

void AgentCell::put(Frame&& frame, ReplyPort* port) noexcept {
  std::uint32_t stamp = 0;
  if (--metrics_context.until_stamp == 0) [[unlikely]] {
    metrics_context.until_stamp = kMetricsSampleOneIn;
    if (metrics_ != nullptr) stamp = stamp_of(clock_now());
  }
  const Lane lane = frame.lane();
  if (frame.unique()) {
    FrameBlock* block = frame.release();
    block->link.context = port;
    block->link.kind = entry_tag(EntryKind::message, lane);
    block->link.weight = weight_of(block->items);
    block->link.stamp = stamp;
    deliver(&block->link);
  } else {
    auto* entry = new SharedEntry;
    entry->context = port;
    entry->kind = entry_tag(EntryKind::shared_message, lane);
    entry->weight = weight_of(frame.size());
    entry->stamp = stamp;
    entry->frame = std::move(frame);
    deliver(entry);
  }
}

Delivery AgentCell::take_in(Frame& frame, ReplyPort* port, std::unique_ptr<Charge>& charge) noexcept {
  const auto end = [&](Error error) {
    charge.reset();
    if (port != nullptr) {
      port->fail(frame.correlation(), std::move(error));
      port->release();
    } else {
      mesh_.dead_letters.add({error.code, id(), std::move(frame)});
    }
    return Delivery::taken;
  };
  if (mesh_.refusing.load(std::memory_order_acquire)) {
    return end({Errc::receiver_dead, "the mesh is being shut down: nobody is asked any more"});
  }
  if (port != nullptr && !class_.reentrant && std::ranges::find(frame.callers(), key()) != frame.callers().end()) {
    return end({Errc::request_cycle, fmt::format("{} {} waits for the answer to this question itself: answer without "
                                                 "asking it, or declare it kReentrant",
                                                 class_.name, id())});
  }
  if (when_full_ == Overload::block && frame.lane() != Lane::control && inbox_.full()) return Delivery::refused;
  if (charge == nullptr || intercepted_ || (inbox_.gated() && frame.lane() != Lane::control)) {
    charge.reset();
    static_cast<void>(deliver(std::move(frame), port));
  } else {
    auto* entry = new SharedEntry;
    entry->context = port;
    entry->kind = entry_tag(EntryKind::shared_message, frame.lane());
    entry->weight = weight_of(frame.size());
    entry->frame = std::move(frame);
    entry->charge = std::move(charge);
    deliver(entry);
  }
  return Delivery::taken;
}

Delivery AgentCell::deliver_gated(Frame&& frame, ReplyPort* port, int redirects) noexcept {
  if (frame.lane() == Lane::control || (when_full_ != Overload::drop_oldest && !inbox_.full())) {
    put(std::move(frame), port);
    return Delivery::taken;
  }
  switch (when_full_) {
    case Overload::block: {
      const std::size_t most = std::min(inbox_.capacity() * limits::kMailboxOverdraft, limits::kMailboxCapacityMax);
      if (inbox_.depth() >= most) break;
      put(std::move(frame), port);
      return Delivery::taken_but_full;
    }
    case Overload::drop_oldest:
      inbox_.drop_oldest(frame.size(), [this](QueueLink* entry) { drop(entry); });
      put(std::move(frame), port);
      return Delivery::taken;
    case Overload::redirect:
      if (AgentCell* other = redirect_to_.cell();
          other != nullptr && other != this && redirects < limits::kRedirectsMax) {
        if (other->inbox_.gated()) return other->deliver_gated(std::move(frame), port, redirects + 1);
        other->put(std::move(frame), port);
        return Delivery::taken;
      }
      break;
    case Overload::reject: break;
    case Overload::drop_newest: refuse(std::move(frame), port, false); return Delivery::refused;
  }
  refuse(std::move(frame), port, true);
  return Delivery::refused;
}

void AgentCell::drop(QueueLink* entry) noexcept {
  if (metrics_ != nullptr) metrics_->refused.add_shared(entry->weight);
  bounce(entry, overloaded());
}

Delivery AgentCell::intercept(Frame& frame, ReplyPort* port) noexcept {
  Parcel parcel{port == nullptr ? Parcel::Kind::message : Parcel::Kind::question, ref(), std::move(frame), port};
  mesh_.config.interceptor->deliver(parcel);
  return parcel ? admit(std::move(parcel)) : Delivery::taken;
}

Delivery AgentCell::admit(Parcel&& parcel) noexcept {
  switch (parcel.kind_) {
    case Parcel::Kind::message:
    case Parcel::Kind::question:
      return deliver_gated(std::move(parcel.frame_), std::exchange(parcel.port_, nullptr), 0);
    case Parcel::Kind::answer: put_answer(std::move(parcel.frame_)); break;
    case Parcel::Kind::failure: put_failure(parcel.question_, std::move(parcel.error_)); break;
  }
  return Delivery::taken;
}

Error AgentCell::overloaded() const {
  return {Errc::overloaded, fmt::format("the mailbox of {} {} is full ({} messages wait): send more slowly, or give it "
                                        "a larger one",
                                        class_.name, id(), inbox_.depth())};
}

void AgentCell::refuse(Frame frame, ReplyPort* port, bool give_back) noexcept {
  if (metrics_ != nullptr) metrics_->refused.add_shared(frame.size());
  if (port != nullptr) {
    port->fail(frame.correlation(), overloaded());
    port->release();
    return;
  }
  AgentCell* sender = turn_context.cell;
  if (give_back && sender != nullptr) {
    sender->give_back(ref(), std::move(frame));
  } else {
    mesh_.dead_letters.add({Errc::overloaded, id(), std::move(frame)});
  }
}

/// Puts a message of this agent's that `receiver` has no room for before it again, if it wants to know.
void AgentCell::give_back(const AgentRef& receiver, Frame frame) {
  if (!class_.has_rejected) {
    mesh_.dead_letters.add({Errc::overloaded, receiver.id(), std::move(frame)});
    return;
  }
  auto* entry = new RejectedEntry;
  entry->kind = entry_tag(EntryKind::rejected, Lane::high);
  entry->receiver = receiver;
  entry->frame = std::move(frame);
  deliver(entry);
}

bool AgentCell::want_room() noexcept {
  auto* entry = new SignalEntry;
  entry->kind = entry_tag(EntryKind::room_wanted, Lane::control);
  switch (inbox_.push(entry)) {
    case Inbox::Push::queued: end_pause(PauseState::running); return true;
    case Inbox::Push::wake: schedule(); return true;
    case Inbox::Push::closed: delete entry; return false;
  }
  return false;
}

void AgentCell::end_pause(PauseState next) noexcept {
  if (pause_state.exchange(next, std::memory_order_seq_cst) == PauseState::paused) schedule();
}

void AgentCell::answer(Frame frame) noexcept {
  if (intercepted_) [[unlikely]] {
    Parcel parcel{Parcel::Kind::answer, ref(), std::move(frame), nullptr};
    mesh_.config.interceptor->deliver(parcel);
    if (!parcel) return;
    frame = std::move(parcel.frame_);
  }
  put_answer(std::move(frame));
}

void AgentCell::put_answer(Frame frame) noexcept {
  const Lane lane = frame.lane();
  if (frame.unique()) {
    FrameBlock* block = frame.release();
    block->link.kind = entry_tag(EntryKind::answer, lane);
    block->link.weight = 1;
    deliver(&block->link);
  } else {
    auto* entry = new SharedEntry;
    entry->kind = entry_tag(EntryKind::shared_answer, lane);
    entry->correlation = frame.correlation();
    entry->frame = std::move(frame);
    deliver(entry);
  }
}

void AgentCell::fail(CorrelationId question, Error error) noexcept {
  if (intercepted_) [[unlikely]] {
    Parcel parcel{Parcel::Kind::failure, ref(), Frame{}, nullptr};
    parcel.question_ = question;
    parcel.error_ = std::move(error);
    mesh_.config.interceptor->deliver(parcel);
    if (!parcel) return;
    error = std::move(parcel.error_);
  }
  put_failure(question, std::move(error));
}

void AgentCell::put_failure(CorrelationId question, Error error) noexcept {
  auto* entry = new FailureEntry;
  entry->kind = entry_tag(EntryKind::failure, Lane::normal);
  entry->question = question;
  entry->error = std::move(error);
  deliver(entry);
}

void AgentCell::bounce(QueueLink* link, const Error& reason) noexcept {
  const auto reject = [&](Frame frame, void* context) {
    if (context != nullptr) {
      auto* port = static_cast<ReplyPort*>(context);
      port->fail(frame.correlation(), reason);
      port->release();
    } else {
      mesh_.dead_letters.add({reason.code, id(), std::move(frame)});
    }
  };
  switch (kind_of(*link)) {
    case EntryKind::message: {
      void* context = link->context;
      reject(Frame::adopt(FrameBlock::of(link)), context);
      break;
    }
    case EntryKind::shared_message: {
      const std::unique_ptr<SharedEntry> entry{static_cast<SharedEntry*>(link)};
      if (entry->first != 0) {
        const std::size_t rest = entry->frame.size() - entry->first;
        mesh_.dead_letters.add({reason.code, id(), std::move(entry->frame), rest, entry->first});
        break;
      }
      reject(std::move(entry->frame), entry->context);
      break;
    }
    case EntryKind::answer:
      mesh_.dead_letters.add({Errc::late_answer, id(), Frame::adopt(FrameBlock::of(link))});
      break;
    case EntryKind::shared_answer: {
      const std::unique_ptr<SharedEntry> entry{static_cast<SharedEntry*>(link)};
      mesh_.dead_letters.add({Errc::late_answer, id(), std::move(entry->frame)});
      break;
    }
    case EntryKind::failure: delete static_cast<FailureEntry*>(link); break;
    case EntryKind::caf: {
      const std::unique_ptr<CafEntry> entry{static_cast<CafEntry*>(link)};
      const caf::detail::sync_request_bouncer bouncer{caf::make_error(caf::sec::request_receiver_down)};
      bouncer(*entry->element);
      break;
    }
    case EntryKind::job: {
      const AgentEnds ends;  // whatever this thread is: so that the Replies that went with the job say why
      delete static_cast<JobEntry*>(link);
      break;
    }
    case EntryKind::order: delete static_cast<OrderEntry*>(link); break;
    case EntryKind::report: refuse_report(link); break;
    case EntryKind::rejected: {
      const std::unique_ptr<RejectedEntry> entry{static_cast<RejectedEntry*>(link)};
      mesh_.dead_letters.add({Errc::overloaded, entry->receiver.id(), std::move(entry->frame)});
      break;
    }
    case EntryKind::room_wanted:
      delete static_cast<SignalEntry*>(link);
      mesh_.back_pressure.release(ctrl());
      break;
    case EntryKind::cancel: delete static_cast<CancelEntry*>(link); break;
    case EntryKind::start:
    case EntryKind::drain:
    case EntryKind::probe:
    case EntryKind::stop: delete static_cast<SignalEntry*>(link); break;
  }
}

void AgentCell::enqueue(caf::mailbox_element_ptr element, caf::execution_unit* /*unit*/) {
  const caf::message_id id = element->mid;
  auto& content = element->content();
  if (content.size() == 1 && content.match_element<Frame>(0)) {
    Frame frame = content.get_as<Frame>(0);
    if (!frame) {
      if (id.is_response())
        fail(id.request_id().integer_value(), {Errc::wrong_answer_type, "the answer is an empty frame"});
      if (id.is_request()) {
        ReplyAddress{new CafReplyPort{std::move(element->sender), id, ctrl()}, FrameHeader{}}.fail(
            {Errc::bad_frame, "the question is an empty frame"});
      }
      return;
    }
    if (id.is_response()) {
      auto* entry = new SharedEntry;
      entry->kind = entry_tag(EntryKind::shared_answer, frame.lane());
      entry->correlation = id.request_id().integer_value();
      entry->frame = std::move(frame);
      deliver(entry);
    } else {
      ReplyPort* port = id.is_request() ? new CafReplyPort{std::move(element->sender), id, ctrl()} : nullptr;
      deliver(std::move(frame), port);
    }
    return;
  }
  if (id.is_response()) {
    Error error{Errc::wrong_answer_type, "a plain CAF actor answered with something that is no frame"};
    if (content.size() == 1 && content.match_element<caf::error>(0)) {
      error = from_caf_error(content.get_as<caf::error>(0));
    }
    fail(id.request_id().integer_value(), std::move(error));
    return;
  }
  auto* entry = new CafEntry;
  // That an agent is down comes after what it told before; the rest of CAF's own messages hurry.
  entry->kind = entry_tag(EntryKind::caf, content.match_elements<caf::down_msg>() ? Lane::normal : Lane::control);
  entry->element = std::move(element);
  deliver(entry);
}

// -- the agent's turn ------------------------------------------------------------------------------------------------

void AgentCell::launch(caf::execution_unit* /*unit*/, bool /*lazy*/, bool hide) {
  if (!hide) register_at_system();
  // Costs nothing until the first message: whoever pushes it wakes the agent.
  static_cast<void>(inbox_.try_block());
}

caf::resumable::resume_result AgentCell::resume(caf::execution_unit* unit, size_t max_throughput) {
  const OnWorker on_worker{unit, this};
  context(unit);
  if (phase_ != Phase::running) [[unlikely]]
    return resume_restricted(max_throughput);
  std::size_t budget = std::min(max_throughput, limits::kTurnMessagesMax);
  // A clock costs about as much as a message: the first look comes before the third, and then ever more rarely.
  std::size_t handled = 0, next_look = 2;
  Clock::time_point turn_ends{};
  sending_.sent = 0;
  sent_counted_ = 0;
  for (;;) {
    QueueLink* entry = paused_by_ ? inbox_.pop_control() : inbox_.pop();
    if (entry == nullptr) {
      if (refill()) continue;
      end_turn();
      if (turn_.stopping) break;
      if (paused_by_) [[unlikely]] {
        // Taken back, this may be a later pause, of another turn: nothing that this one knows need be true.
        return pause() ? resumable::awaiting_message : resumable::resume_later;
      }
      if (inbox_.try_block()) return resumable::awaiting_message;
      continue;
    }
    const std::size_t weight = entry->weight;
    handle(entry);
    if (turn_.stopping) break;
    if (room_wanted_) [[unlikely]]
      give_room();
    bool enough = weight >= budget || sending_.sent >= limits::kTurnSendsMax;
    if (!enough && ++handled == next_look) {
      next_look += std::min(handled, kMessagesBetweenLooksMax);
      const Clock::time_point now = Clock::now();
      if (turn_ends == Clock::time_point{}) {
        turn_ends = now + std::chrono::microseconds{limits::kTurnMicrosecondsMax};
      } else {
        enough = now >= turn_ends && !mesh_.config.deterministic;
      }
      refill();  // so that control messages need not wait for what came before them
    }
    if (enough) {
      end_turn();
      if (turn_.stopping) break;
      return !paused_by_ && inbox_.try_block() ? resumable::awaiting_message : resumable::resume_later;
    }
    budget -= weight;
  }
  return end_incarnation();
}

bool AgentCell::refill() noexcept {
  if (!inbox_.refill()) return false;
  deepest_ = std::max(deepest_, static_cast<std::uint32_t>(inbox_.waiting()));
  if (when_full_ == Overload::drop_oldest) [[unlikely]] {
    while (inbox_.waiting() > inbox_.capacity()) drop(inbox_.pop_oldest_of_lowest());
  }
  return true;
}

/// True once the agent is paused: then another thread may run it at any moment, and nothing of it may be touched.
bool AgentCell::pause() noexcept {
  if (pause_state.exchange(PauseState::running, std::memory_order_seq_cst) == PauseState::released) {
    mesh_.back_pressure.withdraw(*this);  // a release under way may have found it enrolled anew
    paused_by_ = {};
    return false;
  }
  const AgentRef receiver = paused_by_;
  BackPressure& back_pressure = mesh_.back_pressure;
  if (!back_pressure.enroll(*this, receiver)) {
    paused_by_ = {};
    return false;
  }
  const bool ended = receiver.is_local() ? !receiver.cell()->want_room() : !route_of(receiver)->want_room();
  // A message that came since the last look may be one of control.
  if (!ended && !inbox_.has_new()) return true;
  PauseState expected = PauseState::paused;
  if (!pause_state.compare_exchange_strong(expected, PauseState::running, std::memory_order_seq_cst)) return true;
  if (ended && paused_by_ == receiver) {
    back_pressure.withdraw(*this);
    paused_by_ = {};
  }
  return false;
}

void AgentCell::give_room() noexcept {
  if (inbox_.depth() > inbox_.capacity() / 2) return;
  room_wanted_ = false;
  mesh_.back_pressure.release(ctrl());
}

void AgentCell::handle(QueueLink* link) {
  try {
    switch (kind_of(*link)) {
      case EntryKind::message: {
        auto* port = static_cast<ReplyPort*>(link->context);
        if (link->stamp != 0) [[unlikely]]
          count_wait(*link);
        Frame frame = Frame::adopt(FrameBlock::of(link));
        if (port == nullptr) [[likely]] {
          handle_message(std::move(frame), {});
        } else if (take_cancelled(port, frame.correlation())) [[unlikely]] {
          if (metrics_ != nullptr) metrics_->mine().cancelled.add(1);
          port->release();
        } else {
          ReplyAddress reply{port, frame.header()};
          handle_message(std::move(frame), std::move(reply));
        }
        break;
      }
      case EntryKind::shared_message: {
        const std::unique_ptr<SharedEntry> entry{static_cast<SharedEntry*>(link)};
        auto* port = static_cast<ReplyPort*>(entry->context);
        if (entry->stamp != 0) [[unlikely]]
          count_wait(*entry);
        if (port != nullptr && take_cancelled(port, entry->frame.correlation())) [[unlikely]] {
          if (metrics_ != nullptr) metrics_->mine().cancelled.add(1);
          port->release();
          break;
        }
        ReplyAddress reply = port == nullptr ? ReplyAddress{} : ReplyAddress{port, entry->frame.header()};
        turn_.first = entry->first;
        handle_message(std::move(entry->frame), std::move(reply));
        break;
      }
      case EntryKind::answer: {
        Frame frame = Frame::adopt(FrameBlock::of(link));
        const CorrelationId question = frame.correlation();
        handle_answer(question, std::move(frame));
        break;
      }
      case EntryKind::shared_answer: {
        const std::unique_ptr<SharedEntry> entry{static_cast<SharedEntry*>(link)};
        handle_answer(entry->correlation, std::move(entry->frame));
        break;
      }
      case EntryKind::failure: {
        const std::unique_ptr<FailureEntry> entry{static_cast<FailureEntry*>(link)};
        handle_answer(entry->question, tl::unexpected{std::move(entry->error)});
        break;
      }
      case EntryKind::caf: {
        const std::unique_ptr<CafEntry> entry{static_cast<CafEntry*>(link)};
        current_element_ = entry->element.get();
        handle_caf(*entry->element);
        current_element_ = nullptr;
        break;
      }
      case EntryKind::job: {
        const std::unique_ptr<JobEntry> entry{static_cast<JobEntry*>(link)};
        if (entry->awaited) --jobs_;
        if (entry->incarnation == incarnation_) {
          const Current current{sending_.current, entry->cause ? entry->cause.block() : nullptr};
          const NotAMessage not_a_message{turn_.stopping, failed_frame_};
          entry->job->finish();
        } else {
          const AgentFails fails;
          entry->job.reset();
        }
        break;
      }
      case EntryKind::start:
        delete static_cast<SignalEntry*>(link);
        agent_->on_start();
        started();
        break;
      case EntryKind::drain:
        delete static_cast<SignalEntry*>(link);
        lifecycle().draining = true;
        if (state() == AgentState::ready) set_state(AgentState::draining);
        break;
      case EntryKind::probe: delete static_cast<SignalEntry*>(link); break;
      case EntryKind::stop:
        delete static_cast<SignalEntry*>(link);
        if (lifecycle_ != nullptr) lifecycle_->for_good = true;
        stop_agent(std::nullopt);
        break;
      case EntryKind::order: {
        const std::unique_ptr<OrderEntry> entry{static_cast<OrderEntry*>(link)};
        handle_order(*entry);
        break;
      }
      case EntryKind::report: {
        const std::unique_ptr<ReportEntry> entry{static_cast<ReportEntry*>(link)};
        children().on_report(*entry);
        break;
      }
      case EntryKind::rejected: {
        const std::unique_ptr<RejectedEntry> entry{static_cast<RejectedEntry*>(link)};
        agent_->on_rejected(entry->receiver, std::move(entry->frame));
        break;
      }
      case EntryKind::room_wanted:
        delete static_cast<SignalEntry*>(link);
        room_wanted_ = true;
        break;
      case EntryKind::cancel: {
        std::unique_ptr<CancelEntry> entry{static_cast<CancelEntry*>(link)};
        const QuestionKey question{entry->port, entry->question};
        if (cancelled_ == nullptr) cancelled_ = std::make_unique<CancelledQuestions>();
        cancelled_->add(std::move(entry));
        if (tasks_ != nullptr) tasks_->destroy(question);
        break;
      }
    }
  } catch (...) {
    current_element_ = nullptr;
    stop_agent(Error{Errc::handler_failed, text_of_current_exception()});
  }
}

void AgentCell::handle_message(Frame&& frame, ReplyAddress&& reply) {
  const Handler* handler = class_.handlers.find(frame.type());
  if (handler == nullptr) [[unlikely]] {
    if (reply.wanted()) {
      reply.fail({Errc::unhandled_type, class_.name + " has no handler for this type of message"});
    } else {
      mesh_.dead_letters.add({Errc::unhandled_type, id(), std::move(frame)});
    }
    return;
  }
  if (frame.needs_check() && handler->schema != nullptr) [[unlikely]] {
    if (Result<void> checked = check_schema(frame, handler->schema()); !checked) {
      if (reply.wanted()) {
        reply.fail(std::move(checked).error());
      } else {
        mesh_.dead_letters.add({Errc::bad_frame, id(), std::move(frame)});
      }
      return;
    }
  }
  const Current current{sending_.current, frame.block()};
  count(*handler, frame.size());
  const bool timed = --metrics_context.until_timed == 0;
  if (timed) metrics_context.until_timed = kMetricsSampleOneIn;
  try {
    if (intercepted_) [[unlikely]]
      show_interceptor(frame, reply.wanted() ? Parcel::Kind::question : Parcel::Kind::message);
    if (timed || frame.block()->has(FrameBlock::kTraced)) [[unlikely]] {
      run_observed(*handler, timed, std::move(frame), std::move(reply));
    } else {
      handler->run(*agent_, std::move(frame), std::move(reply));
    }
  } catch (...) {
    // A frame whose messages are handled one by one is gone from here: leave_batch() saw to it.
    const std::uint32_t first = std::exchange(turn_.first, 0);  // not 0 where nothing of a batch's rest was begun
    if (!failure_seen_to_ && frame) {
      if (first != 0) {
        failed_at(frame, first, frame.size() - first);
        failure_seen_to_ = true;
      } else {
        failed_frame_ = std::move(frame);
      }
    }
    throw;
  }
}

/// If the interceptor throws, the agent has failed at what was left of the frame.
void AgentCell::show_interceptor(const Frame& frame, Parcel::Kind kind) {
  try {
    mesh_.config.interceptor->handle(ref(), frame, kind);
  } catch (...) {
    const std::size_t first = std::exchange(turn_.first, 0);
    failed_at(frame, first, frame.size() - first);
    failure_seen_to_ = true;
    throw;
  }
}

/// Runs a handler with clocks around it: one frame in so many, and those that are traced.
void AgentCell::run_observed(const Handler& handler, bool timed, Frame&& frame, ReplyAddress&& reply) {
  std::optional<Span> span;
  if (frame.block()->has(FrameBlock::kTraced)) {
    const TraceContext parent = frame.trace();
    active_span_ = mesh_.tracer.next_id();
    span.emplace(Span{.context = {.trace_id = parent.trace_id, .span_id = active_span_},
                      .parent_span = parent.span_id,
                      .agent = id(),
                      .agent_class = class_.name,
                      .message = handler.type,
                      .message_name = message_name(handler),
                      .messages = frame.size(),
                      .began = clock_now()});
  }
  const auto finish = [&, began = Clock::now()](bool failed) {
    const Duration took = Clock::now() - began;
    if (timed && metrics_ != nullptr) metrics_->mine().handlers[class_.handlers.index_of(handler)].time.add(took);
    active_span_ = 0;
    if (!span) return;
    span->took = took;
    span->failed = failed;
    mesh_.tracer.add(*std::move(span));
  };
  try {
    handler.run(*agent_, std::move(frame), std::move(reply));
  } catch (...) {
    finish(true);
    throw;
  }
  finish(false);
}

/// What the agent does now belongs to the span of its handler, or of the handler that it goes on for.
TraceContext AgentCell::trace() const noexcept {
  TraceContext trace = current_header().trace;
  if (active_span_ != 0) trace.span_id = active_span_;
  return trace;
}

void AgentCell::count(const Handler& handler, std::size_t messages) noexcept {
  if (&handler != counted_) {
    flush_counts();
    counted_ = &handler;
  }
  ++frames_;
  messages_ += static_cast<std::uint32_t>(messages);
}

void AgentCell::flush_counts() noexcept {
  if (metrics_ != nullptr) {
    ClassMetrics::Part& part = metrics_->mine();
    if (frames_ != 0) {
      ClassMetrics::HandlerPart& handler = part.handlers[class_.handlers.index_of(*counted_)];
      handler.frames.add(frames_);
      handler.messages.add(messages_);
    }
    if (sending_.sent != sent_counted_) part.sent.add(sending_.sent - sent_counted_);
    part.deepest.raise_to(deepest_);
  }
  frames_ = 0;
  messages_ = 0;
  sent_counted_ = sending_.sent;
}

void AgentCell::count_wait(const QueueLink& link) noexcept {
  if (metrics_ != nullptr) metrics_->mine().wait.add(since_stamp(link.stamp, clock_now()));
}

void AgentCell::handle_answer(CorrelationId question, Result<Frame> outcome) {
  std::optional<Waiting::Item> item = waiting_ == nullptr ? std::nullopt : waiting_->take(question);
  if (item) {
    if (intercepted_ && outcome) [[unlikely]]
      mesh_.config.interceptor->handle(ref(), *outcome, Parcel::Kind::answer);
    resume_continuation(*item, std::move(outcome));
  } else if (outcome) {  // a late failure is lost on nobody
    mesh_.dead_letters.add({Errc::late_answer, id(), *std::move(outcome)});
  }
}

void AgentCell::resume_continuation(const Waiting::Item& item, Result<Frame> outcome) {
  const Current current{sending_.current, item.cause ? item.cause.block() : nullptr};
  const NotAMessage not_a_message{turn_.stopping, failed_frame_};
  item.then->resume(std::move(outcome));
}

void AgentCell::handle_caf(caf::mailbox_element& element) {
  auto& content = element.content();
  if (content.match_elements<caf::timeout_msg>()) {
    handle_due();
  } else if (content.match_elements<caf::down_msg>()) {
    const auto& down = content.get_as<caf::down_msg>(0);
    const bool failed = down.reason && down.reason != caf::exit_reason::user_shutdown;
    agent_->on_down({down.source.id(), failed, failed ? from_caf_error(down.reason).message : std::string{}});
  } else if (content.match_elements<caf::exit_msg>()) {
    const auto& exit = content.get_as<caf::exit_msg>(0);
    unlink_from(exit.source);
    if (exit.reason == caf::exit_reason::user_shutdown) {
      if (lifecycle_ != nullptr) lifecycle_->for_good = true;
      stop_agent(std::nullopt);
    } else if (exit.reason) {
      stop_agent(from_caf_error(exit.reason));
    }
  } else if (!handle_system_message(element, context(), true)) {
    if (element.mid.is_request() && element.sender) {
      element.sender->enqueue(caf::strong_actor_ptr{ctrl()}, element.mid.response_id(),
                              caf::make_message(caf::make_error(caf::sec::unexpected_message)), context());
    } else {
      mesh_.dead_letters.add({Errc::unhandled_type, id(), Frame{}});
    }
  }
}

void AgentCell::end_turn() {
  if (class_.has_turn_end) {
    try {
      agent_->on_turn_end();
    } catch (...) {
      stop_agent(Error{Errc::handler_failed, text_of_current_exception()});
    }
  }
  if (outbox_ != nullptr && !outbox_->empty()) outbox_->flush_all();
  flush_counts();
  if (lifecycle_ != nullptr || mesh_.draining.load(std::memory_order_relaxed)) [[unlikely]]
    tell_work();
}

void AgentCell::stop_agent(std::optional<Error> failure) noexcept {
  if (turn_.stopping) return;
  turn_.stopping = true;
  if (!failure) return;
  failure_ = std::make_unique<Error>(*std::move(failure));
  if (sending_.current != nullptr) {
    auto* block = const_cast<FrameBlock*>(sending_.current);
    block->ref();
    failed_frame_ = Frame::adopt(block);
  }
}

void AgentCell::finish() noexcept {
  phase_ = Phase::finished;
  turn_.stopping = true;
  if (failure_ == nullptr && (lifecycle_ == nullptr || !lifecycle_->rested)) {
    try {
      agent_->on_stop();
    } catch (...) {
      failure_ = std::make_unique<Error>(Error{Errc::handler_failed, text_of_current_exception()});
    }
  }
  if (outbox_ != nullptr) outbox_->flush_all();
  const std::string how = failure_ == nullptr ? " has stopped" : " has failed: " + failure_->message;
  close_inbox({Errc::receiver_dead, class_.name + how});
  if (room_wanted_) mesh_.back_pressure.release(ctrl());
  if (paused_by_) mesh_.back_pressure.withdraw(*this);
  paused_by_ = {};
  if (armed_ != kNever) clock().cancel_timeouts(this);
  turn_context.agent_ending = true;
  if (tasks_ != nullptr) tasks_->destroy_all();
  if (waiting_ != nullptr)
    waiting_->take_all([this](CorrelationId question, const Waiting::Item& item) { give_up(item.callee, question); });
  waiting_.reset();
  cancelled_.reset();
  agent_.reset();
  turn_context.agent_ending = false;
  if (outbox_ != nullptr) outbox_->flush_all();  // what a destructor told
  outbox_.reset();
  flush_counts();
  if (metrics_ != nullptr) {
    metrics_->ended.add_shared(1);
    if (failure_ != nullptr) metrics_->failed.add_shared(1);
  }
  if (lifecycle_ != nullptr) {
    report(static_cast<std::uint8_t>(ReportEntry::What::ended));
    // Would keep the supervisor's cell, which keeps this one.
    const std::unique_ptr<Lifecycle> dropped = [this] {
      const std::lock_guard guard{mesh_.names};
      return std::move(lifecycle_);
    }();
  }
  set_state(failure_ == nullptr ? AgentState::stopped : AgentState::failed);
  cleanup(failure_ == nullptr ? caf::error{caf::exit_reason::normal} : to_caf_error(*failure_), context());
  mesh_.registry.remove(*this);
}

void AgentCell::close_inbox(const Error& reason) noexcept {
  inbox_.close([&](QueueLink* entry) { bounce(entry, reason); });
}

bool AgentCell::cleanup(caf::error&& reason, caf::execution_unit* host) {
  // Also reached without finish(), when the system shuts down with agents that were abandoned.
  close_inbox({Errc::receiver_dead, class_.name + " has stopped"});
  return super::cleanup(std::move(reason), host);
}

// -- what an agent can do --------------------------------------------------------------------------------------------

TimePoint AgentCell::clock_now() const noexcept { return clock().now(); }

FrameHeader AgentCell::current_header() const noexcept {
  if (sending_.current == nullptr) return {};
  // Borrows the reference of the frame being handled.
  Frame frame = Frame::adopt(const_cast<FrameBlock*>(sending_.current));
  const FrameHeader header = frame.header();
  static_cast<void>(frame.release());
  return header;
}

void AgentCell::send_from_outbox(void* cell, const AgentRef& to, Frame frame) {
  static_cast<AgentCell*>(cell)->transmit(to, std::move(frame), nullptr);
}

void AgentCell::send(const AgentRef& to, Frame frame) {
  if (!frame) {
    mesh_.dead_letters.add({.cause = Errc::invalid_argument, .receiver = to.id()});
    return;
  }
  if (outbox_ != nullptr) outbox_->flush(to);
  ++sending_.sent;
  if (sending_.current != nullptr && sending_.current->has(FrameBlock::kTraced) && !frame.trace().traced())
      [[unlikely]] {
    FrameHeader header = frame.header();
    header.trace = trace();
    frame = frame.with_header(header);
  }
  transmit(to, std::move(frame), nullptr);
}

void AgentCell::flush() {
  if (outbox_ != nullptr) outbox_->flush_all();
}

void AgentCell::transmit(const AgentRef& to, Frame&& frame, ReplyPort* port) {
  if (AgentCell* cell = to.cell(); cell != nullptr) [[likely]] {
    const Delivery delivery = cell->deliver(std::move(frame), port);
    if (delivery == Delivery::taken_but_full && cell != this && !paused_by_) [[unlikely]]
      paused_by_ = to;
    return;
  }
  transmit_elsewhere(to, std::move(frame), port);
}

void AgentCell::transmit_elsewhere(const AgentRef& to, Frame&& frame, ReplyPort* port) {
  if (RemoteRoute* route = to ? route_of(to) : nullptr; route != nullptr) {
    if (port != nullptr && frame.callers().empty()) {
      // Over there `sender` alone would say nothing: it is a number of this node.
      CallChain chain;
      chain.agents[chain.size++] = key();
      FrameHeader header = frame.header();
      header.callers = &chain;
      frame = frame.with_header(header);
    }
    switch (route->deliver(frame, port)) {
      case Delivery::taken: return;
      case Delivery::taken_but_full:
        if (!paused_by_) paused_by_ = to;
        return;
      case Delivery::refused: give_back(to, std::move(frame)); return;
    }
  }
  if (to) {
    // A plain CAF actor, or a node reached over BASP: a CAF message. A question travels as CAF's own request.
    const CorrelationId question = frame.correlation();
    const caf::message_id id = port == nullptr ? caf::make_message_id() : caf::make_message_id(question);
    to.control()->enqueue(caf::strong_actor_ptr{ctrl()}, id, caf::make_message(std::move(frame)), turn_context.unit);
  } else if (port != nullptr) {
    port->fail(frame.correlation(), {Errc::receiver_dead, "the question was put to no agent: an empty AgentRef"});
  } else {
    mesh_.dead_letters.add({Errc::receiver_dead, 0, std::move(frame)});
  }
  if (port != nullptr) port->release();
}

FrameHeader AgentCell::open_question(Duration timeout, std::unique_ptr<Continuation> then) {
  if (waiting_ == nullptr) waiting_ = std::make_unique<Waiting>();
  TimePoint deadline = time_after(clock_now(), timeout);
  FrameHeader header{.sender = id()};
  Frame on_behalf_of = cause();
  if (on_behalf_of) [[unlikely]] {
    // Nobody waits for what comes after the deadline of the question that this one serves.
    deadline = std::min(deadline, on_behalf_of.deadline());
    header.trace = on_behalf_of.trace();  // cause() has put the span in
    if (on_behalf_of.correlation() != 0) {
      static thread_local CallChain chain;  // lives until the frame is made
      extend_chain(chain);
      header.callers = &chain;
    }
  }
  header.deadline = deadline;
  header.correlation = waiting_->add(deadline, {.then = std::move(then), .cause = std::move(on_behalf_of)});
  arm_timer();
  return header;
}

/// The message on whose behalf the agent acts, if what it does now depends on that.
Frame AgentCell::cause() const {
  if (sending_.current == nullptr ||
      (sending_.current->correlation == 0 && !sending_.current->has(FrameBlock::kTraced)))
    return {};
  auto* block = const_cast<FrameBlock*>(sending_.current);
  block->ref();
  Frame frame = Frame::adopt(block);
  const bool in_span = active_span_ != 0 && sending_.current->has(FrameBlock::kTraced);
  if (in_span || sending_.current->has(FrameBlock::kShares) || sending_.current->more != nullptr ||
      sending_.current->only.size_bytes() > kCauseBytesMax) {
    CallChain chain;
    const std::span<const AgentKey> callers = frame.callers();
    std::ranges::copy(callers, chain.agents.begin());
    chain.size = callers.size();
    FrameHeader header = frame.header();
    if (in_span) header.trace.span_id = active_span_;
    if (chain.size != 0) header.callers = &chain;
    std::span<capnp::word> none;
    frame = Frame::adopt(FrameBlock::create(sending_.current->type, header, 0, none));
  }
  return frame;
}

AgentKey AgentCell::key() const noexcept { return agent_key(mesh_.node_key, id()); }

/// Those who wait for the question being handled, and this agent.
void AgentCell::extend_chain(CallChain& chain) const {
  const Frame question = cause();
  const std::span<const AgentKey> callers = question.callers();
  chain.size = 0;
  if (!callers.empty()) {
    std::ranges::copy(callers, chain.agents.begin());
    chain.size = callers.size();
  } else if (question.sender() != 0) {
    chain.agents[chain.size++] = agent_key(mesh_.node_key, question.sender());
  }
  if (chain.size < chain.agents.size()) chain.agents[chain.size++] = key();
}

/// Why a question must not be put to `to`, if it must not: its answer would wait for itself.
std::optional<Error> AgentCell::refuse_cycle(const AgentRef& to, const Frame& frame) const {
  const std::span<const AgentKey> callers = frame.callers();
  if (callers.empty() || !to) return std::nullopt;
  if (callers.size() == limits::kCallDepthMax) {
    return Error{Errc::request_cycle,
                 fmt::format("{} agents wait for one another's answers already: no more may", callers.size())};
  }
  // An agent of another node looks for itself.
  if (to.cell() == nullptr || to.cell()->class_.reentrant) return std::nullopt;
  const auto found = std::ranges::find(callers, agent_key(mesh_.node_key, to.id()));
  if (found == callers.end()) return std::nullopt;
  return Error{
      Errc::request_cycle,
      fmt::format("{} {} waits for the answer to this question itself, through {} other{}: answer without "
                  "asking it, or declare it kReentrant",
                  to.cell()->class_.name, to.id(), callers.end() - found - 1, callers.end() - found == 2 ? "" : "s")};
}

void AgentCell::abandon_question(CorrelationId question) noexcept {
  if (waiting_ == nullptr) return;
  if (const std::optional<Waiting::Item> item = waiting_->take(question)) give_up(item->callee, question);
}

void AgentCell::give_up(const AgentRef& callee, CorrelationId question) noexcept {
  if (callee.cell() != nullptr) {
    callee.cell()->cancel_question(this, question);
  } else if (RemoteRoute* route = callee ? route_of(callee) : nullptr; route != nullptr) {
    route->cancel(this, question);
  }
}

void AgentCell::cancel_question(ReplyPort* asker, CorrelationId question) noexcept {
  auto* entry = new CancelEntry{asker, question};
  entry->kind = entry_tag(EntryKind::cancel, Lane::control);
  deliver(entry);
}

void AgentCell::flush_before_answer(const ReplyPort* port) {
  if (outbox_ == nullptr || outbox_->empty()) return;
  outbox_->flush_where([port](const AgentRef& to) {
    // Another node's askers cannot be told apart here: flush whatever is for remote receivers.
    return to.cell() == nullptr || static_cast<const ReplyPort*>(to.cell()) == port;
  });
}

void AgentCell::put_question(const AgentRef& to, Frame frame) {
  if (outbox_ != nullptr) outbox_->flush(to);
  ++sending_.sent;
  const CorrelationId question = frame.correlation();
  if (!to.is_local()) [[unlikely]] {
    if (frame.callers().empty() && to) {
      // Elsewhere our id says nothing.
      CallChain chain;
      chain.agents[chain.size++] = key();
      FrameHeader header = frame.header();
      header.callers = &chain;
      frame = frame.with_header(header);
    }
  }
  if (to.is_local() || (to && route_of(to) != nullptr)) waiting_->set_callee(question, to);
  if (std::optional<Error> cycle = refuse_cycle(to, frame)) [[unlikely]] {
    fail(question, *std::move(cycle));
    return;
  }
  retain();
  transmit(to, std::move(frame), this);
}

CorrelationId AgentCell::start_timer(Duration delay, std::unique_ptr<Continuation> then) {
  if (waiting_ == nullptr) waiting_ = std::make_unique<Waiting>();
  const bool inherits = then->continues_handler();
  const CorrelationId timer =
      waiting_->add(time_after(clock_now(), delay),
                    {.then = std::move(then), .is_timer = true, .cause = inherits ? cause() : Frame{}});
  arm_timer();
  return timer;
}

void AgentCell::start_task(detail::TaskPromise& root) {
  // What goes on by itself is no part of handling the message in which it began.
  struct Restore {
    ~Restore() { place = before; }
    const FrameBlock*& place;
    const FrameBlock* before;
  };
  const Restore restore{sending_.current, std::exchange(sending_.current, nullptr)};
  tasks().start(root, {});
}

CorrelationId AgentCell::start_repeating(TimePoint first, std::unique_ptr<Continuation> then) {
  if (waiting_ == nullptr) waiting_ = std::make_unique<Waiting>();
  const CorrelationId timer = waiting_->add(first, {.then = std::move(then), .is_timer = true, .repeats = true});
  arm_timer();
  return timer;
}

void AgentCell::cancel(CorrelationId timer_or_question) {
  if (waiting_ == nullptr || waiting_->take(timer_or_question, true)) return;
  if (const std::optional<AgentRef> callee = waiting_->callee_of(timer_or_question)) {
    give_up(*callee, timer_or_question);
    fail(timer_or_question, {Errc::cancelled, "the asker cancelled the question"});
  }
}

/// One timer of CAF's clock an agent, for whatever is due first: CAF's clock per question would cost ten times as much.
void AgentCell::arm_timer() {
  const TimePoint due = waiting_->next_due();
  if (due >= armed_) return;
  armed_ = due;
  clock().set_ordinary_timeout(due, this, kTimer, 0);
}

void AgentCell::handle_due() {
  armed_ = kNever;
  if (waiting_ == nullptr) return;
  const TimePoint now = clock_now();
  // No more than wait now: what falls due by being added has its turn later, or the turn might never end.
  for (std::size_t most = waiting_->size(); most > 0 && !turn_.stopping; --most) {
    std::optional<Waiting::Due> due = waiting_->take_due(now);
    if (!due) break;
    if (due->item.is_timer) {
      resume_continuation(due->item, Frame{});
      if (due->item.repeats) {
        const TimePoint next = due->item.then->next_due(clock_now());
        waiting_->put_back(due->id, next, std::move(due->item));
      }
    } else {
      give_up(due->item.callee, due->id);
      resume_continuation(due->item, myelin::fail(Errc::timeout, "no answer came before the deadline"));
    }
  }
  arm_timer();
}

void AgentCell::start_job(std::unique_ptr<Job> job) {
  ++jobs_;
  // The job keeps the cell, so that its end finds an inbox: open, or closed for good.
  mesh_.jobs->post([keep = ref(), incarnation = incarnation_,
                    held = std::make_shared<std::unique_ptr<Job>>(std::move(job)), why = cause()] {
    (*held)->work();
    auto* entry = new JobEntry;
    entry->kind = entry_tag(EntryKind::job, Lane::high);
    entry->job = std::move(*held);
    entry->awaited = true;
    entry->incarnation = incarnation;
    entry->cause = why;
    keep.cell()->deliver(entry);
  });
}

void AgentCell::watch(const AgentRef& other) {
  if (other) monitor(other.control()->get(), caf::message_priority::normal);
}

void AgentCell::link(const AgentRef& other) {
  if (other) link_to(caf::actor_addr{other.control(), true});
}

}  // namespace myelin
