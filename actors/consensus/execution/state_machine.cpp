#include "myelin/consensus/state_machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "execution/block_executor.hpp"
#include "execution/outline.hpp"
#include "execution/overlay.hpp"
#include "execution/plan.hpp"
#include "execution/state.hpp"

namespace myelin::consensus {

namespace {

/// A commit that was executed before it was one.
struct Prediction {
  Prediction(StateTable& cells, Plan made) : plan{std::move(made)}, overlay{cells} {}

  Digest order;
  Plan plan;
  Overlay overlay;
  std::vector<PublicKey> next_validators;
  Duration cost = Duration::zero();
  std::shared_ptr<const void> keep_alive;
};

OrderedBatches batches_of(const Commit& commit) {
  OrderedBatches ordered{commit.index, commit.time, {}, {}};
  for (const VertexPtr& vertex : commit.vertices) {
    const auto batches = consensus::batches_of(vertex->payload());
    ordered.batches.insert(ordered.batches.end(), batches.begin(), batches.end());
    const auto digests = vertex->batch_digests();
    ordered.digests.insert(ordered.digests.end(), digests.begin(), digests.end());
  }
  return ordered;
}

// Names what is executed, and in which order. Vertices' digests stand for their payloads.
Digest order_of(const Commit& commit) {
  Hasher hasher{Domain::order};
  hasher.add(commit.index);
  for (const VertexPtr& vertex : commit.vertices) hasher.add(vertex->ref());
  return hasher.finish();
}
Digest order_of(const OrderedBatches& ordered) {
  Hasher hasher{Domain::order};
  hasher.add(ordered.index);
  for (const auto& batch : ordered.batches) hasher.add(batch_digest(batch));
  return hasher.finish();
}

}  // namespace

class StateMachine::Impl {
 public:
  explicit Impl(const ExecutionOptions& options)
      : options_{options}, state_{options.hash_seed}, executor_{options_, metrics_} {
    state_.track(options_.tracks_unsaved, options_.tracks_recent, true);
  }

  /// `order`: called only if there is a prediction to compare with.
  template <class Order>
  Result<CommitOutcome> apply(const OrderedBatches& ordered, Order order) {
    if (!state_.next_validators.empty()) {
      return fail(Errc::invalid_argument,
                  fmt::format("commit {} comes after {}, which ended epoch {}; begin the next epoch first",
                              ordered.index, state_.applied, state_.epoch));
    }
    if (ordered.index != state_.applied + 1) {
      return fail(Errc::invalid_argument, fmt::format("commit {} is not the next: {} is; execute commits in order",
                                                      ordered.index, state_.applied + 1));
    }
    std::unique_ptr<Prediction> prediction = std::exchange(prediction_, nullptr);
    if (prediction && has_come_true(*prediction, ordered, order)) {
      ++metrics_.predictions_hit;
      metrics_.prediction_saved += prediction->cost;
      prediction->overlay.promote();
      state_.next_validators = std::move(prediction->next_validators);
      metrics_.transactions_by_executor[static_cast<std::size_t>(Executor::sequential)] +=
          prediction->plan.tasks.size();
      prediction->plan.time = ordered.time;
      return finish(prediction->plan);
    }
    if (prediction) metrics_.prediction_wasted += prediction->cost;
    if (!has_session_room(ordered)) state_.forget_idle(ordered.time);
    Plan plan = make_plan(state_, ordered, options_.limits.sessions_max, options_.workers);
    execute(plan, state_.next_validators, [&](std::span<const Task> tasks, const Outline& outline) {
      executor_.execute(state_.cells, plan.time, tasks, outline, has_room(outline.growth));
    });
    return finish(plan);
  }

  template <class Order>
  void predict(const OrderedBatches& likely, Order order, std::shared_ptr<const void> keep_alive) {
    drop_prediction();
    if (likely.index != state_.applied + 1 || !state_.next_validators.empty() || !has_session_room(likely)) return;
    const TimePoint begin = now();
    Plan plan = make_plan(state_, likely, options_.limits.sessions_max, options_.workers);
    if (!has_room(plan.outline.growth)) return;
    auto prediction = std::make_unique<Prediction>(state_.cells, std::move(plan));
    prediction->order = order();
    prediction->keep_alive = std::move(keep_alive);
    execute(prediction->plan, prediction->next_validators,
            [&](std::span<const Task> tasks, const Outline&) { prediction->overlay.execute(likely.time, tasks); });
    prediction->cost = now() - begin;
    ++metrics_.predictions;
    prediction_ = std::move(prediction);
  }

  void drop_prediction() {
    if (prediction_) metrics_.prediction_wasted += prediction_->cost;
    prediction_ = nullptr;
  }

  IndexedDigest state() { return {state_.applied, state_.root(options_.workers)}; }

  Result<void> restore(std::span<const std::byte> bytes, const IndexedDigest& expected) {
    Result<State> state = State::decode(bytes, options_.hash_seed);
    if (!state) return tl::unexpected{state.error()};
    const Digest root = state->root(options_.workers);
    if (root != expected.digest) {
      return fail(Errc::corrupt_file, fmt::format("a snapshot of the state after commit {} has root {}, not {}",
                                                  expected.index, to_hex(root), to_hex(expected.digest)));
    }
    state->applied = expected.index;
    replace(std::move(*state), false);
    return {};
  }

  Result<void> load(const StateFields& fields, StateSource& source) {
    Result<State> state = State::load(fields, source, options_.hash_seed);
    if (!state) return tl::unexpected{state.error()};
    if (const Digest root = state->root(options_.workers); root != fields.root) {
      return fail(Errc::corrupt_file, fmt::format("the stored state after commit {} has root {}, not {}",
                                                  fields.applied, to_hex(root), to_hex(fields.root)));
    }
    replace(std::move(*state), true);
    return {};
  }

  [[nodiscard]] Value read(std::string_view key) const {
    const StateTable::Entry* entry = state_.cells.find(key);
    return entry ? in_force(entry->cell(), [this] { return state_.time; }).to_value() : Value{};
  }

  StateDelta take_changes() { return state_.take_changes(options_.workers); }

  void begin_epoch() {
    options_.validators = std::exchange(state_.next_validators, {});
    ++state_.epoch;
  }

  [[nodiscard]] State& content() noexcept { return state_; }
  [[nodiscard]] const ExecutionMetrics& metrics() const noexcept { return metrics_; }

 private:
  void replace(State state, bool is_saved) {
    drop_prediction();
    state.track(options_.tracks_unsaved, options_.tracks_recent, is_saved);
    state_ = std::move(state);
  }

  template <class Order>
  static bool has_come_true(const Prediction& prediction, const OrderedBatches& ordered, Order order) {
    if (prediction.overlay.has_asked_time() && prediction.plan.time != ordered.time) return false;
    return prediction.order == order();
  }

  /// Whether the clients of a commit fit in beside those that are known, whoever they are.
  [[nodiscard]] bool has_session_room(const OrderedBatches& ordered) const {
    return state_.client_count() + ordered.batches.size() <= options_.limits.sessions_max;
  }

  /// Whether tasks cannot fill the state up, whatever they do. If they could, their order decides who comes too late.
  [[nodiscard]] bool has_room(const Growth& growth) const noexcept {
    return state_.cells.count() + growth.keys <= options_.limits.keys_max &&
           state_.cells.bytes() + growth.bytes <= options_.limits.bytes_max;
  }

  /// Runs a plan's tasks, in parts: the replies to a part fit memory, and a reconfiguration stands alone.
  template <class ExecutePart>
  void execute(Plan& plan, std::vector<PublicKey>& next_validators, ExecutePart execute_part) const {
    const std::span<const Task> tasks = plan.tasks;
    std::size_t reply_bytes = 0;
    if (!plan.outline.has_reconfigurations && plan.outline.reply_bytes_max <= limits::kSegmentReplyBytesMax) {
      execute_part(tasks, plan.outline);
      return cut_replies(tasks, reply_bytes);
    }
    for (std::size_t begin = 0; begin < tasks.size();) {
      if (tasks[begin].transaction->operation == Operation::reconfigure) {
        tasks[begin].reply->status = reconfigure(*tasks[begin].transaction, next_validators);
        ++begin;
        continue;
      }
      std::size_t end = begin;
      for (std::size_t bytes_max = 0; end < tasks.size(); ++end) {
        if (tasks[end].transaction->operation == Operation::reconfigure) break;
        bytes_max += reply_bytes_max(*tasks[end].transaction);
        if (end > begin && bytes_max > limits::kSegmentReplyBytesMax) break;
      }
      const std::span<const Task> part = tasks.subspan(begin, end - begin);
      execute_part(part, Outline::of(part));
      cut_replies(part, reply_bytes);
      begin = end;
    }
  }

  [[nodiscard]] Status reconfigure(const Transaction& transaction, std::vector<PublicKey>& next_validators) const {
    if (transaction.token != state_.epoch) return Status::wrong_epoch;
    if (!next_validators.empty()) return Status::epoch_ending;
    if (!is_approved(transaction)) return Status::not_approved;
    next_validators.assign(transaction.validators.begin(), transaction.validators.end());
    return Status::ok;
  }

  /// Whether a quorum of the committee has signed: no member, nor f together, can end the epoch.
  [[nodiscard]] bool is_approved(const Transaction& transaction) const {
    const std::size_t size = options_.validators.size();
    if (size == 0 || options_.checker == nullptr) return false;
    const Digest digest = next_committee_digest(state_.epoch, transaction.validators);
    std::vector<SignedDigest> items;
    for (const Approval& approval : transaction.approvals) {
      if (approval.validator >= size) return false;
      items.push_back({digest, approval.signature, options_.validators[approval.validator]});
    }
    const auto valid = std::make_unique<bool[]>(items.size());
    options_.checker->check(items, {valid.get(), items.size()});
    const auto approvals = std::count(valid.get(), valid.get() + items.size(), true);
    return static_cast<std::size_t>(approvals) >= size - (size - 1) / 3;
  }

  CommitOutcome finish(Plan& plan) {
    state_.applied = plan.index;
    state_.time = plan.time;
    finish_plan(plan, state_);
    metrics_.keys_ended += state_.cells.take_ended(plan.time, limits::kEndedKeysPerCommit + plan.tasks.size());
    if (state_.is_behind()) static_cast<void>(state_.root(options_.workers));
    count(plan);
    CommitOutcome outcome{plan.index, std::move(plan.outcomes), std::nullopt};
    if (!state_.next_validators.empty()) outcome.next_validators = state_.next_validators;
    return outcome;
  }

  void count(const Plan& plan) {
    ++metrics_.commits;
    metrics_.transactions += plan.tasks.size();
    for (const BatchOutcome& batch : plan.outcomes) {
      ++metrics_.batches_by_verdict[static_cast<std::size_t>(batch.verdict)];
      if (batch.verdict == Verdict::refused) ++metrics_.batches_refused[static_cast<std::size_t>(batch.refusal)];
    }
    if (plan.outline.malformed == 0) return;
    for (const Task& task : plan.tasks) {
      if (task.transaction->operation != Operation::malformed) continue;
      ++metrics_.transactions_refused[static_cast<std::size_t>(task.transaction->refusal)];
    }
  }

  [[nodiscard]] TimePoint now() const { return options_.clock ? options_.clock->now() : TimePoint{}; }

  ExecutionOptions options_;
  ExecutionMetrics metrics_;
  State state_;
  BlockExecutor executor_;
  std::unique_ptr<Prediction> prediction_;
};

StateMachine::StateMachine(const ExecutionOptions& options) : impl_{std::make_unique<Impl>(options)} {}
StateMachine::~StateMachine() = default;
StateMachine::StateMachine(StateMachine&&) noexcept = default;
StateMachine& StateMachine::operator=(StateMachine&&) noexcept = default;

Result<CommitOutcome> StateMachine::apply(const Commit& commit) {
  return impl_->apply(batches_of(commit), [&] { return order_of(commit); });
}

Result<CommitOutcome> StateMachine::apply(const OrderedBatches& ordered) {
  return impl_->apply(ordered, [&] { return order_of(ordered); });
}

void StateMachine::predict(const Commit& likely) {
  impl_->predict(
      batches_of(likely), [&] { return order_of(likely); },
      std::make_shared<const std::vector<VertexPtr>>(likely.vertices));
}

void StateMachine::predict(const OrderedBatches& likely, std::shared_ptr<const void> keep_alive) {
  impl_->predict(
      likely, [&] { return order_of(likely); }, std::move(keep_alive));
}

IndexedDigest StateMachine::state() { return impl_->state(); }
CommitIndex StateMachine::applied() const noexcept { return impl_->content().applied; }
Epoch StateMachine::epoch() const noexcept { return impl_->content().epoch; }
bool StateMachine::has_ended() const noexcept { return !impl_->content().next_validators.empty(); }
std::span<const PublicKey> StateMachine::next_validators() const noexcept { return impl_->content().next_validators; }

Result<void> StateMachine::begin_epoch() {
  State& state = impl_->content();
  if (state.next_validators.empty()) {
    return fail(Errc::invalid_argument,
                fmt::format("epoch {} has not ended: no reconfiguration was committed in it", state.epoch));
  }
  impl_->begin_epoch();
  return {};
}

Result<void> StateMachine::begin_anew(CommitIndex applied) {
  State& state = impl_->content();
  if (applied <= state.applied) {
    return fail(Errc::invalid_argument,
                fmt::format("a state after commit {} cannot go on as that after {}", state.applied, applied));
  }
  impl_->drop_prediction();
  ++state.epoch;
  state.next_validators.clear();
  state.applied = applied;
  return {};
}

std::optional<BatchOutcome> StateMachine::outcome_of(ClientId client, Sequence sequence) const {
  const std::optional<SessionEntry> entry = impl_->content().session(client, sequence);
  if (!entry || entry->sequence != sequence) return std::nullopt;
  return BatchOutcome{client,
                      sequence,
                      entry->is_cut ? Verdict::duplicate_cut : Verdict::duplicate,
                      BatchRefusal::malformed,
                      entry->batch,
                      decode_replies(entry->replies).value_or(std::vector<Reply>{})};
}

WallTime StateMachine::time() const noexcept { return impl_->content().time; }

Value StateMachine::read(std::string_view key) const { return impl_->read(key); }
std::size_t StateMachine::key_count() const noexcept { return impl_->content().cells.count(); }
std::vector<std::byte> StateMachine::snapshot() const { return impl_->content().encode(); }

Result<void> StateMachine::restore(std::span<const std::byte> bytes, const IndexedDigest& expected) {
  return impl_->restore(bytes, expected);
}

StateDelta StateMachine::take_changes() { return impl_->take_changes(); }

Result<void> StateMachine::load(const StateFields& fields, StateSource& source) { return impl_->load(fields, source); }

std::optional<RecentCells> StateMachine::take_recent() { return impl_->content().take_recent(); }

ExecutionMetrics StateMachine::metrics() const { return impl_->metrics(); }

std::string_view to_string(Executor executor) noexcept {
  switch (executor) {
    case Executor::sequential: return "sequential";
    case Executor::scheduled: return "scheduled";
    case Executor::block_stm: return "block_stm";
    case Executor::automatic: return "automatic";
  }
  return "unknown";
}

}  // namespace myelin::consensus
