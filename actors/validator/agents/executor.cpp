#include "agents/executor.hpp"

#include <fmt/format.h>

#include <chrono>

#include "myelin/consensus/limits.hpp"
#include "myelin/validator/limits.hpp"
#include "myelin/validator/value_message.hpp"

namespace myelin::validator {

namespace {

using consensus::BatchOutcome;
using consensus::Verdict;

constexpr Duration kStatusPeriod = std::chrono::milliseconds{100};
// How often those are forgotten who have given up waiting.
constexpr Duration kSweepPeriod = std::chrono::seconds{1};
// A state that changes little is saved now and then all the same, so that there is little to replay.
constexpr Duration kSavePeriod = std::chrono::seconds{10};

void fill(schema::BatchAnswer::Builder answer, const BatchOutcome& outcome, consensus::CommitIndex commit,
          consensus::WallTime time, std::string_view replies, const consensus::Digest& digest, bool with_replies) {
  answer.setVerdict(static_cast<std::uint8_t>(outcome.verdict));
  answer.setRefusal(static_cast<std::uint8_t>(outcome.refusal));
  answer.setCommit(commit);
  answer.setTime(time);
  validator::fill(answer.initDigest(), digest);
  if (!with_replies) return;
  answer.setReplies({reinterpret_cast<const capnp::byte*>(replies.data()), replies.size()});
  validator::fill(answer.initBatch(), outcome.batch);
}

void fill(schema::MemoryReply::Place::Builder to, const ChangePlace& from) {
  to.setCommit(from.commit);
  if (!from.key.empty()) to.setKey(data_of(from.key));
}

}  // namespace

Executor::Executor(std::shared_ptr<Parts> parts, consensus::StateMachine machine, std::shared_ptr<StateStore> store,
                   ExecutorOptions options)
    : parts_{std::move(parts)},
      machine_{std::move(machine)},
      reported_{machine_.applied()},
      store_{std::move(store)},
      options_{std::move(options)},
      saved_{machine_.applied()},
      recent_{options_.recent_changes_bytes, machine_.applied()} {
  static_cast<void>(machine_.take_recent());  // before this it cannot be told
}

void Executor::handlers(Handlers<Executor>& on) { on.message<&Executor::look>(); }

void Executor::on_start() {
  last_save_ = now();
  every(kStatusPeriod, [this] { show_status(); });
  every(kSweepPeriod, [this] {
    forget_late_waiters();
    if (store_ && !is_saving_ && unsaved_bytes_ > 0 && now() - last_save_ >= kSavePeriod) save([] {});
  });
}

void Executor::look(schema::HandedOver::Reader) {
  for (ExecutorOrder& order : parts_->orders.take()) orders_.push_back(std::move(order));
  perform_some();
  if (has_halted_) return orders_.clear();
  if (machine_.applied() > reported_) report(false);
  if (std::exchange(has_news_, false)) serve_watchers();
  if (store_ && !is_saving_ && unsaved_bytes_ >= options_.payload_bytes_per_save) save([] {});
  // Only what is not overtaken already by a commit.
  if (likely_ && likely_->index == machine_.applied() + 1) machine_.predict(*likely_);
  likely_.reset();
}

// One commit a turn: agents that share the threads with this one have letters and logs to see to.
void Executor::perform_some() {
  bool has_executed = false;
  while (!orders_.empty() && !has_halted_) {
    const bool is_commit = std::holds_alternative<ExecuteCommit>(orders_.front());
    if (is_commit && std::exchange(has_executed, true)) {
      return tell(parts_->executor, [](schema::HandedOver::Builder) {});
    }
    std::visit([this](auto& what) { perform(what); }, orders_.front());
    orders_.pop_front();
  }
}

void Executor::perform(ExecuteCommit& order) {
  const consensus::Commit& commit = order.commit;
  if (order.epoch != machine_.epoch() || machine_.has_ended() || commit.index <= machine_.applied()) return;
  for (const consensus::VertexPtr& vertex : commit.vertices) unsaved_bytes_ += vertex->payload().size() * 8;
  auto outcome = machine_.apply(commit);
  if (!outcome) return halt(outcome.error().message);
  snapshot_.reset();
  note_changes();
  for (const BatchOutcome& batch : outcome->batches) {
    const auto waiting = waiting_.find({batch.client, batch.sequence});
    if (waiting == waiting_.end()) continue;
    std::vector<Waiter> waiters = std::move(waiting->second);
    waiting_.erase(waiting);
    answer(batch, std::move(waiters));
  }
  const bool is_voted_on = commit.index % consensus::limits::kVoteInterval == 0 || machine_.has_ended();
  if (is_voted_on) {
    report(true);
    if (now() >= next_snapshots_) give_snapshots();
  }
  if (machine_.has_ended()) end_epoch(commit.digest);
}

void Executor::perform(ExecuteAhead& order) {
  if (order.epoch == machine_.epoch()) likely_ = std::move(order.likely);
}

void Executor::perform(InstallState& order) {
  if (is_saving_) {
    to_install_ = std::move(order);
  } else {
    install(order);
  }
}

// The log will go on from the snapshot: it must not get to the disk before it.
void Executor::install(const InstallState& order) {
  const consensus::CommitIndex index = order.snapshot->tail.last_index();
  const consensus::IndexedDigest state{index, order.snapshot->state_root};
  const bool is_ours = order.epoch == machine_.epoch();
  // It was installed before, and a crash came between its save and the log's next word of it.
  const bool is_here = is_ours && index == machine_.applied() && machine_.state() == state;
  const bool is_good =
      is_here || (is_ours && index > machine_.applied() && machine_.restore(order.snapshot->state, state).has_value());
  reported_ = machine_.applied();  // SnapshotInstalled says so
  if (is_good) snapshot_.reset();
  // Or a crash after the save would leave an epoch's end without what comes next.
  if (is_good && machine_.has_ended()) note_next_epoch(order.snapshot->tail.last().digest);
  if (is_good && store_) return save([this, order] { finish_install(order, true); });
  finish_install(order, is_good);
}

void Executor::finish_install(const InstallState& order, bool is_good) {
  report(consensus::SnapshotInstalled{order.snapshot, is_good});
  if (!is_good) return;
  note_changes();
  serve_watchers();
  // What others executed meanwhile: who waits for it is answered as one that asks again is.
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    const auto outcome = machine_.outcome_of(waiting->first.first, waiting->first.second);
    if (!outcome) {
      ++waiting;
      continue;
    }
    answer(*outcome, std::move(waiting->second));
    waiting = waiting_.erase(waiting);
  }
  if (machine_.has_ended()) end_epoch(order.snapshot->tail.last().digest);
}

// The next epoch is begun by whoever starts the validator anew. Until then this one's core helps others to its end.
void Executor::end_epoch(const consensus::Digest& commit) {
  report(consensus::EpochEnded{machine_.applied()});
  note_next_epoch(commit);
  is_end_unsaved_ = true;
  save_end();
}

void Executor::note_next_epoch(const consensus::Digest& commit) {
  if (options_.epochs.back().epoch > machine_.epoch()) return;  // it is there
  const consensus::IndexedDigest state = machine_.state();
  options_.epochs.back().last = state.index;
  const auto next = machine_.next_validators();
  options_.epochs.push_back(
      {machine_.epoch() + 1, {commit, state.digest, state.index, machine_.time()}, 0, {next.begin(), next.end()}});
}

void Executor::save_end() {
  if (!is_end_unsaved_ || !store_ || is_saving_) return;
  is_end_unsaved_ = false;
  save([this] { parts_->set_status([](ValidatorStatus& status) { status.has_ended = true; }); });
}

void Executor::perform(AwaitOutcome& order) {
  std::vector<Waiter> one;
  one.push_back({order.wants_replies, std::move(order.reply)});
  if (const auto outcome = machine_.outcome_of(order.client, order.sequence)) return answer(*outcome, std::move(one));
  if (waiting_.size() >= limits::kBatchesAwaitedMax) {
    one.front().reply.fail({Errc::overloaded, fmt::format("a validator's clients wait for {} batches, which is as many "
                                                          "as it remembers; send fewer at a time",
                                                          waiting_.size())});
    return;
  }
  std::vector<Waiter>& waiters = waiting_[{order.client, order.sequence}];
  if (waiters.size() >= limits::kWaitersPerBatchMax) waiters.erase(waiters.begin());
  waiters.push_back(std::move(one.front()));
}

void Executor::perform(TurnAway& order) {
  const auto waiting = waiting_.find({order.client, order.sequence});
  if (waiting == waiting_.end()) return;
  std::erase_if(waiting->second, [](Waiter& waiter) {
    if (!waiter.wants_replies) return false;
    waiter.reply.fail({Errc::overloaded, "the validator has too many batches waiting to be ordered; send it again"});
    return true;
  });
  if (waiting->second.empty()) waiting_.erase(waiting);
}

void Executor::perform(ReadNow& order) {
  const Duration age{options_.wall_clock() - machine_.time()};
  order.reply.send([&](schema::KeyState::Builder state) {
    state.setCommit(machine_.applied());
    state.setTime(machine_.time());
    state.setIsTooOld(age > order.age_max);
    if (age <= order.age_max && !order.key.empty()) validator::fill(state.initValue(), machine_.read(order.key));
  });
}

void Executor::note_changes() {
  auto changes = machine_.take_recent();
  has_news_ = has_news_ || !changes || !changes->cells.empty() || !watchers_.empty();
  if (!changes) return recent_.forget(machine_.applied());
  recent_.add(machine_.applied(), machine_.time(), *std::move(changes));
}

void Executor::perform(Watch& order) {
  order.load = {};  // Those who wait have a bound of their own.
  if (serve(order)) return;
  if (order.wait <= Duration::zero() || watchers_.size() >= limits::kWatchersMax) {
    if (order.wait > Duration::zero()) {
      return order.reply.fail({Errc::overloaded, fmt::format("{} watchers wait for changes at a validator already, "
                                                             "which is as many as it takes",
                                                             watchers_.size())});
    }
    return answer(order, recent_.page(order.wanted));
  }
  const std::uint64_t number = ++last_watcher_;
  const CorrelationId timer = after(order.wait, [this, number] { end_watch(number); });
  watchers_.emplace(number, Watcher{std::move(order), timer});
}

bool Executor::serve(Watch& watch) {
  if (recent_.is_too_old(watch.wanted.after)) {
    watch.reply.send([](schema::ChangesAnswer::Builder answer) { answer.setIsTooOld(true); });
    return true;
  }
  if (watch.until) {
    if (recent_.through() < watch.until->commit) return false;
    ChangesDigest digest;
    for (const auto& [commit, change] : recent_.all(watch.wanted, *watch.until).changes) {
      digest.add(commit->index, commit->time, change->key, change->cell);
    }
    watch.reply.send([&](schema::ChangesAnswer::Builder answer) {
      fill(answer.initThrough(), *watch.until);
      validator::fill(answer.initDigest(), digest.finish());
    });
    return true;
  }
  const RecentChanges::Page page = recent_.page(watch.wanted);
  if (!page.changes.empty()) answer(watch, page);
  // Where there is nothing, there is nothing to look at again.
  watch.wanted.after = page.through;
  return !page.changes.empty();
}

void Executor::answer(Watch& watch, const RecentChanges::Page& page) {
  std::size_t words = 32;
  for (const auto& [commit, change] : page.changes) {
    words += 16 + (change->key.size() + change->cell.bytes.size()) / sizeof(std::uint64_t);
  }
  watch.reply.send(
      [&](schema::ChangesAnswer::Builder answer) {
        fill(answer.initThrough(), page.through);
        auto changes = answer.initChanges(static_cast<unsigned>(page.changes.size()));
        for (unsigned i = 0; i < changes.size(); ++i) {
          const auto& [commit, change] = page.changes[i];
          changes[i].setCommit(commit->index);
          changes[i].setTime(commit->time);
          changes[i].setKey(data_of(change->key));
          validator::fill(changes[i].initValue(), change->cell);
        }
      },
      words);
}

void Executor::serve_watchers() {
  for (auto each = watchers_.begin(); each != watchers_.end();) {
    auto& [watch, timer] = each->second;
    const bool is_gone = !watch.reply.wanted() || watch.reply.cancelled();
    if (!is_gone && !serve(watch)) {
      ++each;
      continue;
    }
    cancel(timer);
    each = watchers_.erase(each);
  }
}

void Executor::end_watch(std::uint64_t watcher) {
  const auto found = watchers_.find(watcher);
  if (found == watchers_.end()) return;
  Watch& watch = found->second.watch;
  if (watch.until) {
    watch.reply.fail({Errc::timeout, fmt::format("the validator has executed up to commit {} only, not {}",
                                                 recent_.through(), watch.until->commit)});
  } else {
    answer(watch, recent_.page(watch.wanted));
  }
  watchers_.erase(found);
}

void Executor::answer(const BatchOutcome& outcome, std::vector<Waiter> waiters) {
  const std::string replies = consensus::encode_replies(outcome.replies);
  const consensus::Digest digest = consensus::answer_digest(outcome.client, outcome.sequence, outcome.batch, replies);
  for (Waiter& waiter : waiters) {
    waiter.reply.send(
        [&](schema::BatchAnswer::Builder builder) {
          fill(builder, outcome, machine_.applied(), machine_.time(), replies, digest, waiter.wants_replies);
        },
        32 + (waiter.wants_replies ? replies.size() / sizeof(std::uint64_t) : 0));
  }
}

void Executor::perform(SaveState& order) {
  want_save_.push_back(std::move(order));
  if (store_ && !is_saving_) save([] {});
}

void Executor::save(std::function<void()> then) {
  is_saving_ = true;
  unsaved_bytes_ = 0;
  last_save_ = now();
  consensus::StateDelta delta = machine_.take_changes();
  const consensus::CommitIndex index = delta.fields.applied;
  offload(
      [parts = parts_, store = store_, epochs = options_.epochs, delta = std::move(delta)] {
        return store->save(delta, epochs);
      },
      [this, index, then = std::move(then), wanted = std::exchange(want_save_, {})](const Result<void>& saved) mutable {
        is_saving_ = false;
        if (!saved) return halt(saved.error().message);
        saved_ = index;
        for (SaveState& each : wanted) each.saved.set_value(store_);
        then();
        if (parts_->events.put(StateSaved{index})) tell(parts_->orderer, [](schema::HandedOver::Builder) {});
        if (to_install_) install(*std::exchange(to_install_, std::nullopt));
        save_end();
        if (!want_save_.empty() && !is_saving_) save([] {});
      });
}

void Executor::report(bool is_root_wanted) {
  reported_ = machine_.applied();
  report(consensus::Executed{is_root_wanted ? machine_.state() : consensus::IndexedDigest{reported_, {}}});
}

void Executor::report(consensus::Event event) {
  if (parts_->events.put(EpochEvent{machine_.epoch(), std::move(event)})) {
    tell(parts_->orderer, [](schema::HandedOver::Builder) {});
  }
}

void Executor::halt(std::string reason) {
  has_halted_ = true;
  parts_->halt(reason);
  fail({Errc::validator_halted, std::move(reason)});
}

void Executor::forget_late_waiters() {
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    std::erase_if(waiting->second, [this](const Waiter& waiter) {
      return !waiter.reply.wanted() || waiter.reply.cancelled() || waiter.reply.deadline() <= now();
    });
    waiting = waiting->second.empty() ? waiting_.erase(waiting) : std::next(waiting);
  }
}

void Executor::show_status() {
  parts_->set_status([this](ValidatorStatus& status) {
    status.executed = machine_.applied();
    status.executed_time = machine_.time();
    status.execution = machine_.metrics();
    status.keys = machine_.key_count();
    status.clients_waiting = waiting_.size();
    status.saved = saved_;
  });
}

}  // namespace myelin::validator
