/// The CAF actor around each agent: takes what CAF sends, and Myelin's own messages by a path without CAF.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include <caf/actor_traits.hpp>
#include <caf/behavior.hpp>
#include <caf/local_actor.hpp>
#include <caf/resumable.hpp>

#include "cancelled_questions.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/actors/agent_state.hpp"
#include "myelin/actors/interceptor.hpp"
#include "myelin/actors/mailbox.hpp"
#include "myelin/actors/remote.hpp"
#include "myelin/actors/reply.hpp"
#include "runtime/class_metrics.hpp"
#include "runtime/entries.hpp"
#include "runtime/inbox.hpp"
#include "runtime/registry.hpp"
#include "tasks.hpp"
#include "waiting.hpp"

namespace myelin {

struct MeshState;
class Children;
struct Lifecycle;
struct OrderEntry;

/// Whether an agent is paused because a mailbox it sent to is full.
enum class PauseState : std::uint8_t { running, paused, released };

/// Every agent is one of these to CAF: it has a handle, can be monitored, linked, asked by plain CAF actors and
/// published over BASP. It does not derive from CAF's scheduled_actor, whose queues and type matching are most of what
/// a message costs; docs/ARCHITECTURE.md, "An agent is a CAF actor", tells what that leaves out.
///
/// **Thread-safety**: deliver(), enqueue(), answer() and fail() are thread-safe; the rest runs in the agent's turn,
/// which is on one thread at a time.
class AgentCell final : public caf::local_actor,
                        public caf::resumable,
                        public caf::non_blocking_actor_base,
                        public caf::dynamically_typed_actor_base,
                        public ReplyPort {
 public:
  using super = caf::local_actor;
  using signatures = caf::none_t;
  using behavior_type = caf::behavior;

  /// Among abstract_actor's flags: marks an actor as one of ours. CAF uses the bits below 0x4000.
  static constexpr int kIsAgentFlag = 0x10000;

  AgentCell(caf::actor_config& config, MeshState& mesh, const AgentClass& of, std::unique_ptr<Agent> agent,
            const MailboxOptions& mailbox, std::unique_ptr<Lifecycle>* lifecycle);
  ~AgentCell() override;

  /// Puts an entry into the inbox and wakes the agent if it sleeps. If the agent has ended, the entry is bounced: who
  /// asked is told, and the dead letters get the rest.
  void deliver(QueueLink* entry) noexcept;
  /// Delivers a frame; `port`, if any, awaits the answer, and one reference to it is taken over.
  Delivery deliver(Frame&& frame, ReplyPort* port) noexcept {
    if (inbox_.gated()) [[unlikely]]
      return intercepted_ ? intercept(frame, port) : deliver_gated(std::move(frame), port, 0);
    put(std::move(frame), port);
    return Delivery::taken;
  }

  /// See deliver_from_outside().
  Delivery take_in(Frame& frame, ReplyPort* port, std::unique_ptr<Charge>& charge) noexcept;

  /// Puts what an interceptor has let pass into the mailbox.
  Delivery admit(Parcel&& parcel) noexcept;

  /// Asks this agent to release those who wait for room once its mailbox is half empty. False if it has ended.
  bool want_room() noexcept;
  /// Puts a paused agent back to work, if it still is paused.
  void end_pause(PauseState next) noexcept;
  std::atomic<PauseState> pause_state{PauseState::running};
  /// Messages that still fit the mailbox.
  [[nodiscard]] std::size_t room() const noexcept {
    const std::size_t depth = inbox_.depth();
    return depth < inbox_.capacity() ? inbox_.capacity() - depth : 0;
  }
  [[nodiscard]] std::size_t depth() const noexcept { return inbox_.depth(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return inbox_.capacity(); }

  [[nodiscard]] AgentRef ref() noexcept;
  [[nodiscard]] MeshState& mesh() noexcept { return mesh_; }
  [[nodiscard]] const AgentClass& agent_class() const noexcept { return class_; }
  [[nodiscard]] detail::TurnState& turn_state() noexcept { return turn_; }
  /// **Thread-safety**: these four are thread-safe.
  [[nodiscard]] AgentState state() const noexcept { return state_.load(std::memory_order_seq_cst); }
  /// Sleeps, has nothing to do, and waits for nothing. Known only while the mesh drains.
  [[nodiscard]] bool rests() const noexcept {
    return inbox_.is_asleep() && open_work_.load(std::memory_order_relaxed) == 0;
  }
  [[nodiscard]] bool is_supervised() const noexcept;
  /// Has the agent start before anything else, once begin() is called.
  void put_start() noexcept;
  void begin() noexcept { schedule(); }
  /// Delivers an entry that has nothing but its kind.
  void signal(EntryKind kind) noexcept;
  [[nodiscard]] bool has_failed() const noexcept { return failure_ != nullptr; }
  /// How often the agent was restarted. **Thread-safety**: in the agent's turn; on a deterministic mesh, between turns.
  [[nodiscard]] std::uint32_t incarnation() const noexcept { return incarnation_; }
  [[nodiscard]] RegistryLink& registry_link() noexcept { return registry_link_; }

  // What Agent's protected functions do.
  [[nodiscard]] TimePoint clock_now() const noexcept;
  [[nodiscard]] Outbox& outbox() {
    if (outbox_ == nullptr) [[unlikely]]
      outbox_ = std::make_unique<Outbox>(this, &send_from_outbox, &header_for_outbox, sending_);
    return *outbox_;
  }
  [[nodiscard]] Tasks& tasks() {
    if (tasks_ == nullptr) [[unlikely]]
      tasks_ = std::make_unique<Tasks>();
    return *tasks_;
  }
  /// How many of its coroutines have not ended.
  [[nodiscard]] std::size_t tasks_running() const noexcept { return tasks_ == nullptr ? 0 : tasks_->size(); }
  [[nodiscard]] FrameHeader told_header(Lane lane) noexcept {
    FrameHeader header{.sender = id(), .lane = lane};
    if (sending_.current != nullptr && sending_.current->has(FrameBlock::kTraced)) [[unlikely]]
      header.trace = trace();
    return header;
  }
  void send(const AgentRef& to, Frame frame);
  void flush();
  [[nodiscard]] FrameHeader open_question(Duration timeout, std::unique_ptr<Continuation> then);
  /// Forgets a question, and tells whom it was put to.
  void abandon_question(CorrelationId question) noexcept;
  void put_question(const AgentRef& to, Frame frame);
  /// Sends what was told to whoever waits at `port`, so that an answer does not overtake it.
  void flush_before_answer(const ReplyPort* port);
  /// Whether the asker gave this question up. take_cancelled() forgets it.
  [[nodiscard]] bool is_cancelled(const ReplyPort* port, CorrelationId question) const noexcept {
    return cancelled_ != nullptr && cancelled_->contains(port, question);
  }
  [[nodiscard]] bool take_cancelled(const ReplyPort* port, CorrelationId question) noexcept {
    return cancelled_ != nullptr && cancelled_->take(port, question);
  }
  /// Tells this agent that `asker` no longer waits for an answer to that question.
  void cancel_question(ReplyPort* asker, CorrelationId question) noexcept;
  [[nodiscard]] CorrelationId start_timer(Duration delay, std::unique_ptr<Continuation> then);
  /// Lets a coroutine run that is no part of handling the current message.
  void start_task(detail::TaskPromise& root);
  [[nodiscard]] CorrelationId start_repeating(TimePoint first, std::unique_ptr<Continuation> then);
  void cancel(CorrelationId timer_or_question);
  void start_job(std::unique_ptr<Job> job);
  void watch(const AgentRef& other);
  void link(const AgentRef& other);
  void stop_agent(std::optional<Error> failure) noexcept;
  void leave_batch(const Frame& frame, std::size_t next, bool threw) noexcept;

  // Supervision: cell_lifecycle.cpp.
  /// Those of this agent; made when first asked for.
  [[nodiscard]] Children& children();
  /// **Thread-safety**: thread-safe, on any agent that is handled to others.
  [[nodiscard]] AgentRef child(std::string_view name) const;
  /// For good: no supervisor restarts it. **Thread-safety**: thread-safe.
  void tell_to_stop() noexcept { signal(EntryKind::stop); }
  void hold_ready();
  void become_ready() noexcept;
  /// All children rest, or have ended, as they were told to.
  void children_at_rest() noexcept;
  [[nodiscard]] FrameHeader current_header() const noexcept;

  // ReplyPort
  void answer(Frame frame) noexcept override;
  void fail(CorrelationId question, Error error) noexcept override;
  void retain() noexcept override;
  void release() noexcept override;

  // caf::abstract_actor, local_actor
  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override;
  void launch(caf::execution_unit* unit, bool lazy, bool hide) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;
  const char* name() const override { return class_.name.c_str(); }

  // caf::resumable
  /// Must not say scheduled_actor: CAF's coordinators would cast to that class.
  subtype_t subtype() const override { return unspecified; }
  resume_result resume(caf::execution_unit* unit, size_t max_throughput) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

 private:
  static FrameHeader header_for_outbox(void* cell, Lane lane) noexcept {
    return static_cast<AgentCell*>(cell)->told_header(lane);
  }
  static void send_from_outbox(void* cell, const AgentRef& to, Frame frame);

  void schedule() noexcept;
  void put(Frame&& frame, ReplyPort* port) noexcept;
  Delivery deliver_gated(Frame&& frame, ReplyPort* port, int redirects) noexcept;
  Delivery intercept(Frame& frame, ReplyPort* port) noexcept;
  void show_interceptor(const Frame& frame, Parcel::Kind kind);
  void put_answer(Frame frame) noexcept;
  void put_failure(CorrelationId question, Error error) noexcept;
  [[nodiscard]] Error overloaded() const;
  void drop(QueueLink* entry) noexcept;
  void refuse(Frame frame, ReplyPort* port, bool give_back) noexcept;
  bool refill() noexcept;
  bool pause() noexcept;
  void give_room() noexcept;
  void handle(QueueLink* entry);
  void handle_message(Frame&& frame, ReplyAddress&& reply);
  void run_observed(const Handler& handler, bool timed, Frame&& frame, ReplyAddress&& reply);
  [[nodiscard]] TraceContext trace() const noexcept;
  void count(const Handler& handler, std::size_t messages) noexcept;
  void flush_counts() noexcept;
  void count_wait(const QueueLink& link) noexcept;
  void resume_continuation(const Waiting::Item& item, Result<Frame> outcome);
  [[nodiscard]] Frame cause() const;
  void extend_chain(CallChain& chain) const;
  [[nodiscard]] AgentKey key() const noexcept;
  [[nodiscard]] std::optional<Error> refuse_cycle(const AgentRef& to, const Frame& frame) const;
  void give_up(const AgentRef& callee, CorrelationId question) noexcept;
  void handle_answer(CorrelationId question, Result<Frame> outcome);
  void handle_caf(caf::mailbox_element& element);
  void handle_due();
  void set_state(AgentState state) noexcept;
  void started() noexcept;
  [[nodiscard]] Lifecycle& lifecycle();
  [[nodiscard]] std::uint32_t open_work() const noexcept;
  void tell_work() noexcept;
  void handle_order(OrderEntry& order);
  void handle_restricted(QueueLink* entry) noexcept;
  void end_for_good() noexcept;
  void failed_at(const Frame& frame, std::size_t first, std::size_t messages) noexcept;
  resume_result resume_restricted(std::size_t max_throughput) noexcept;
  resume_result end_incarnation() noexcept;
  void discard_work() noexcept;
  void end_or_suspend() noexcept;
  void suspend() noexcept;
  void restart() noexcept;
  bool rest_until_control() noexcept;
  void report(std::uint8_t what) noexcept;
  void refuse_report(QueueLink* entry) noexcept;
  void arm_timer();
  void end_turn();
  void finish() noexcept;
  void close_inbox(const Error& reason) noexcept;
  void bounce(QueueLink* entry, const Error& reason) noexcept;
  void transmit(const AgentRef& to, Frame&& frame, ReplyPort* port);
  void transmit_elsewhere(const AgentRef& to, Frame&& frame, ReplyPort* port);
  void give_back(const AgentRef& receiver, Frame frame);

  // Read by senders.
  Inbox inbox_;
  const Overload when_full_;
  const bool intercepted_;
  // The agent's own turn from here on.
  std::unique_ptr<Agent> agent_;
  const AgentClass& class_;
  MeshState& mesh_;
  ClassMetrics* const metrics_;  // null: nothing is counted
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Waiting> waiting_;
  std::unique_ptr<CancelledQuestions> cancelled_;
  std::unique_ptr<Tasks> tasks_;
  TimePoint armed_ = kNever;
  Outbox::Turn sending_;
  std::uint64_t active_span_ = 0;
  // Counted here, and added to the metrics when the handler changes or the turn ends.
  const Handler* counted_ = nullptr;
  std::uint32_t frames_ = 0;
  std::uint32_t messages_ = 0;
  std::uint32_t deepest_ = 0;
  std::uint32_t sent_counted_ = 0;
  /// What the agent's turns are: its own, or the runtime's alone.
  enum class Phase : std::uint8_t {
    running,
    starting,         ///< Holds messages back: on_start() called hold_ready().
    ending_children,  ///< The agent is at its end, or failed; its children are told to end first.
    suspended,        ///< Failed, or told to rest: waits for its supervisor.
    finished,
  };
  detail::TurnState turn_;
  Phase phase_ = Phase::running;
  bool failure_seen_to_ = false;  ///< The message that the handler failed at is a dead letter already.
  bool room_wanted_ = false;
  AgentRef paused_by_;
  AgentRef redirect_to_;
  std::unique_ptr<Error> failure_;
  Frame failed_frame_;  ///< What the handler failed at.
  std::uint32_t incarnation_ = 0;
  std::uint32_t jobs_ = 0;  ///< That have not come back.
  std::atomic<std::uint32_t> open_work_{0};
  std::atomic<AgentState> state_;
  std::unique_ptr<Lifecycle> lifecycle_;
  RegistryLink registry_link_;
};

}  // namespace myelin
