#include "cluster/process.hpp"

#include <algorithm>
#include <utility>

#include "checkers/violation.hpp"
#include "myelin/consensus/evidence.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::sim {

using namespace consensus;  // NOLINT: this file is the subject's shell.

namespace {

/// With more effects to carry out, a pipelining shell lets its core wait for the disk.
constexpr std::size_t kEffectsMax = 256;

/// Nothing has been executed for so long: the last state is given to who asks, voted on or not.
constexpr Duration kStandsStill = std::chrono::seconds{1};

/// Wall clocks start in 2026.
constexpr WallTime kWallStart = WallTime{1'780'000'000} * 1'000'000'000;

}  // namespace

Process::Process(World& world, const ProcessId& id, Random random)
    : world_{world}, id_{id}, name_{name_of(id)}, random_{random}, is_honest_{!world.plan.is_byzantine(id.validator)} {
  const Duration skew = world.plan.clock_skew_max;
  clock_skew_ = random_.between(Duration{0}, skew * 2).count() - skew.count();
  static constexpr std::array kKinds = {consensus::Executor::sequential, consensus::Executor::scheduled,
                                        consensus::Executor::block_stm};
  execution_options_.executor = kKinds[random_.below(kKinds.size())];
  execution_options_.hash_seed = random_.next();
  execution_options_.checker = &world_.keys.checker();
  saved_.epochs.push_back({});
}

Now Process::now() const { return {world_.schedule.time(), kWallStart + world_.schedule.now().count() + clock_skew_}; }

Committee Process::committee_of(const SavedState::EpochSpan& span) {
  auto committee = Committee::create(span.epoch, world_.keys.keys(span.epoch), span.start);
  if (!committee) violate("a committee can be made", "{}", committee.error().message);
  return std::move(*committee);
}

CoreOptions Process::core_options() const {
  CoreOptions options = world_.plan.options[id_.validator];
  options.halt_on_unknown_own = is_honest_;
  return options;
}

const Core* Process::core(Epoch epoch) const {
  const auto found = members_.find(epoch);
  return is_up_ && found != members_.end() && found->second->core ? &*found->second->core : nullptr;
}

const Core* Process::core() const { return core(epoch()); }

Epoch Process::epoch() const { return executor_ ? executor_->epoch() : saved_.epochs.back().epoch; }

Disk& Process::newest_disk() { return logs_[epoch()].disk; }

void Process::damage_log() {
  Disk& disk = newest_disk();
  if (!disk.flip_bit(random_)) return;
  is_damaged_ = true;
  world_.timeline.note(name_, "a bit of the log turns over");
}

// Starting, and coming back.

void Process::begin_log(Log& log, Epoch epoch) {
  LogSalt salt;
  for (std::uint8_t& byte : salt.bytes) byte = static_cast<std::uint8_t>(random_.next());
  log.writer.emplace(epoch, salt);
  log.disk.replace(log.writer->head());
  if (world_.plan.disk.syncs_lie && is_honest_) log.disk.lie_on_syncs();
}

std::optional<std::vector<LogRecord>> Process::read_own_log(Log& log, const Committee& committee) {
  auto content = read_log(log.disk.content(), committee);
  if (!content) {
    if (!is_damaged_) {
      violate("a crash costs no validator its log", "v{}: {}", id_.validator, content.error().message);
    }
    ++world_.tally.refused_logs;
    world_.timeline.note(name_, "does not vote again: {}", content.error().message);
    return std::nullopt;
  }
  if (is_damaged_ && committee.epoch() == epoch() && is_honest_) {
    violate("a damaged log is refused", "v{} reads {} records of a log with a wrong bit", id_.validator,
            content->records.size());
  }
  if (content->torn) ++world_.tally.torn_logs;
  if (!content->writer) {
    begin_log(log, committee.epoch());
    return std::vector<LogRecord>{};
  }
  log.disk.truncate(content->valid_bytes);
  log.writer = std::move(content->writer);
  return std::move(content->records);
}

void Process::join(const SavedState::EpochSpan& span) {
  Log& log = logs_[span.epoch];
  const bool was_here = log.writer.has_value();
  auto owned = std::make_unique<Member>(committee_of(span), world_.keys.index_of(span.epoch, id_.validator), log);
  Member& member = *owned;
  const Signer& signer = world_.keys.signer(span.epoch, id_.validator);
  if (is_honest_) {
    world_.commits.begin_epoch(id_.validator, span.epoch, member.committee.size(),
                               {span.start.index, span.start.commit});
  }
  Effects effects;
  if (was_here) {
    const auto records = read_own_log(log, member.committee);
    if (!records) {
      is_dead_ = true;
      is_up_ = false;
      return;
    }
    const CommitIndex executed = span.last > 0 ? span.last : executor_->applied();
    auto core = Core::recover(member.committee, member.self, signer, core_options(), *records, executed, effects);
    if (!core) violate("a crash costs no validator its log", "v{}: {}", id_.validator, core.error().message);
    member.core.emplace(std::move(*core));
    for (const LogRecord& record : *records) {
      const auto* const vertex = std::get_if<VertexRecord>(&record);
      if (vertex != nullptr && vertex->vertex->author() == member.self) member.own_ends[vertex->vertex->digest()] = 0;
    }
    world_.timeline.note(name_, "comes back in epoch {} with {} records, round {}, commit {}, state {}", span.epoch,
                         records->size(), member.core->round(), member.core->last_commit().index, executed);
    if (is_honest_) world_.commits.recovered(id_.validator, span.epoch, member.core->last_commit());
  } else {
    begin_log(log, span.epoch);
    member.core.emplace(member.committee, member.self, signer, core_options());
    world_.timeline.note(name_, "joins epoch {} after commit {}", span.epoch, span.start.index);
  }
  members_[span.epoch] = std::move(owned);
  member.core->start(now(), effects);
  std::ranges::move(effects, std::back_inserter(member.effects));
  if (span.last > 0) member.inbox.emplace_back(EpochEnded{span.last});
  drive(member);
}

void Process::start() {
  if (is_up_ || is_dead_) return;
  const bool is_first = life_ == 0;
  is_up_ = true;
  ++life_;
  departed_.clear();
  fuse_.reset();
  const bool is_victim = is_honest_ && !is_first && id_.copy == 0;
  if (is_victim && world_.mutant == Mutant::forgets_log) logs_.clear();
  execution_options_.validators = world_.keys.keys(saved_.epochs.back().epoch);
  executor_.emplace(saved_, execution_options_);
  last_execution_ = now().steady;
  for (auto& [number, log] : logs_) {
    log.disk.repair();
    if (world_.plan.disk.syncs_lie && is_honest_) log.disk.lie_on_syncs();
  }
  const std::uint64_t life = life_;
  const auto spans = executor_->epochs();
  for (const SavedState::EpochSpan& span : spans) {
    if (is_up_ && life == life_) join(span);
  }
  if (!is_up_ || life != life_ || world_.is_calm || !is_honest_) return;
  const DiskPlan& disk = world_.plan.disk;
  if (random_.chance(disk.full)) {
    newest_disk().set_capacity(newest_disk().size() + random_.between(std::uint64_t{1}, 100'000));
  }
  if (random_.chance(disk.sync_fails)) {
    world_.schedule.after(random_.between(Duration{0}, world_.plan.storm / 8), [this, life] {
      if (life == life_ && is_up_ && !world_.is_calm) newest_disk().fail_syncs();
    });
  }
}

void Process::crash_after(unsigned effects) {
  if (effects == 0) return crash("crashes");
  fuse_ = effects;
}

void Process::crash(std::string_view why) {
  if (!is_up_) return;
  world_.timeline.note(name_, "{}", why);
  is_up_ = false;
  ++world_.tally.crashes;
  for (auto& [number, log] : logs_) {
    const auto fate = static_cast<TailFate>(random_.below(world_.plan.disk.torn_tails ? kTailFates : 2));
    log.disk.crash(fate, random_);
  }
  for (auto& [number, member] : members_) departed_.push_back(std::move(member));
  members_.clear();
  executor_.reset();
  to_execute_.clear();
  held_batches_.clear();
  is_executing_ = false;
  wants_checkpoint_ = false;
  executed_since_save_ = 0;
  world_.crashed(id_);
}

void Process::heal() {
  fuse_.reset();
  for (auto& [number, log] : logs_) log.disk.repair();
}

// Messages.

void Process::post(Epoch epoch, std::size_t to, Letter letter) {
  const Core* const newest = core(epoch);
  Round round = newest != nullptr ? newest->round() : 0;
  if (const auto* const message = std::get_if<PeerMessage>(&letter)) {
    if (const auto* const vertex = std::get_if<VertexPtr>(message)) round = (*vertex)->round();
  }
  world_.post(id_, to, round, std::make_shared<const Envelope>(Envelope{epoch, id_.validator, std::move(letter)}));
}

void Process::receive(const EnvelopePtr& envelope) {
  if (!is_up_) return;
  const auto found = members_.find(envelope->epoch);
  if (found == members_.end()) return;
  Member& member = *found->second;
  if (tampering_ != nullptr && tampering_->receive(*envelope)) return;
  const ValidatorIndex from = world_.keys.index_of(envelope->epoch, envelope->from);
  const auto refuse = [&](Refusal reason) {
    if (is_honest_) ++world_.tally.refusals;
    feed(member, Rejected{from, reason});
  };
  if (const auto* const bytes = std::get_if<VertexBytes>(&envelope->letter)) {
    auto vertex = read_vertex(*bytes, member.committee, world_.keys.checker());
    if (!vertex) return refuse(vertex.error());
    return feed(member, Received{from, std::move(*vertex)});
  }
  const PeerMessage& message = std::get<PeerMessage>(envelope->letter);
  if (const auto* const vertex = std::get_if<VertexPtr>(&message)) {
    auto read = world_.read(*vertex, member.committee);
    if (!read) return refuse(read.error());
    return feed(member, Received{from, std::move(*read)});
  }
  if (const auto* const reply = std::get_if<FetchReply>(&message)) {
    FetchReply good{.vertices = {}, .forgotten = reply->forgotten};
    for (const VertexPtr& vertex : reply->vertices) {
      auto read = world_.read(vertex, member.committee);
      if (read) {
        good.vertices.push_back(std::move(*read));
      } else {
        refuse(read.error());
      }
    }
    return feed(member, Received{from, std::move(good)});
  }
  if (const auto* const reply = std::get_if<StatementReply>(&message)) {
    if (reply->statement && !is_signed_by(*reply->statement, from, member.committee, world_.keys.checker())) {
      return refuse(Refusal::bad_signature);
    }
    const auto next = static_cast<ValidatorIndex>((from + 1U) % member.committee.size());
    if (world_.mutant == Mutant::believes_one && next != member.self) feed(member, Received{next, message});
  }
  const bool asks = std::holds_alternative<FetchRequest>(message) || std::holds_alternative<RangeRequest>(message);
  if (asks && world_.mutant == Mutant::answers_no_fetch) return;
  feed(member, Received{from, message});
}

void Process::submit(std::vector<std::byte> batch) {
  if (!is_up_) return;
  const auto found = members_.find(epoch());
  if (found == members_.end()) {
    held_batches_.push_back(std::move(batch));
    return;
  }
  feed(*found->second, Submitted{std::move(batch)});
}

// Stepping the core and carrying out what it says.

void Process::feed(Member& member, Event event) {
  member.inbox.push_back(std::move(event));
  drive(member);
}

void Process::drive(Member& member) {
  if (member.is_driving) return;
  member.is_driving = true;
  const std::uint64_t life = life_;
  while (is_up_ && life_ == life) {
    if (!member.is_syncing && !member.effects.empty()) {
      Effect effect = std::move(member.effects.front());
      member.effects.pop_front();
      perform(member, std::move(effect));
    } else if (!member.inbox.empty() && (world_.plan.pipelines ? member.effects.size() < kEffectsMax
                                                               : member.effects.empty() && !member.is_syncing)) {
      Event event = std::move(member.inbox.front());
      member.inbox.pop_front();
      step(member, std::move(event));
    } else {
      if (wants_checkpoint_ && !member.is_syncing && member.effects.empty()) checkpoint(member);
      break;
    }
  }
  member.is_driving = false;
}

void Process::step(Member& member, Event event) {
  Effects effects;
  member.core->step(std::move(event), now(), effects);
  std::ranges::move(effects, std::back_inserter(member.effects));
}

void Process::perform(Member& member, Effect effect) {
  if (fuse_ && (*fuse_)-- == 0) return crash("crashes");
  std::visit([&](auto&& what) { on(member, std::forward<decltype(what)>(what)); }, std::move(effect));
}

void Process::on(Member& member, Append&& effect) {
  // An own vertex exists once it was sent: before, a crash may yet undo it.
  if (const auto* const record = std::get_if<VertexRecord>(&effect.record);
      record != nullptr && is_honest_ && record->vertex->author() != member.self) {
    world_.commits.accepted(member.committee.epoch(), record->vertex->ref(), record->vertex->parents());
  }
  const std::vector<std::byte> bytes = member.log.writer->append(effect.record);
  if (const auto* const record = std::get_if<VertexRecord>(&effect.record);
      record != nullptr && record->vertex->author() == member.self) {
    member.own_ends.try_emplace(record->vertex->digest(), member.log.writer->offset());
  }
  if (member.log.disk.append(bytes) == Disk::Outcome::no_space) {
    ++world_.tally.full_disks;
    crash("stops: the disk is full");
  }
}

void Process::on(Member& member, Sync&& /*effect*/) {
  if (world_.mutant == Mutant::sends_before_sync && is_honest_) return;
  const DiskPlan& disk = world_.plan.disk;
  if (disk.sync_max == Duration::zero()) return finish_sync(member);
  member.is_syncing = true;
  world_.schedule.after(random_.between(disk.sync_min, disk.sync_max), [this, &member, life = life_] {
    if (!is_up_ || life != life_) return;
    member.is_syncing = false;
    finish_sync(member);
    if (is_up_ && life == life_) drive(member);
  });
}

void Process::finish_sync(Member& member) {
  // While it was under way, more may have been appended only if the log's order allowed it: nothing was.
  if (member.log.disk.sync() == Disk::Outcome::io_error) {
    ++world_.tally.failed_syncs;
    return crash("stops: the disk does not sync");
  }
  member.log.writer->synced(member.log.writer->offset());
}

void Process::check_sent(Member& member, const Vertex& vertex) {
  if (!is_honest_ || vertex.author() != member.self) return;
  const auto end = member.own_ends.find(vertex.digest());
  const bool is_durable = end != member.own_ends.end() && end->second <= member.log.disk.promised();
  world_.own.sent(id_.validator, member.committee.epoch(), vertex.ref(), is_durable);
  world_.commits.accepted(member.committee.epoch(), vertex.ref(), vertex.parents());
}

void Process::on(Member& member, Broadcast&& effect) {
  check_sent(member, *effect.vertex);
  const Epoch epoch = member.committee.epoch();
  world_.timeline.note(name_, "says {} with {} parents, {} bytes of payload", effect.vertex->ref(),
                       effect.vertex->parents().size(), effect.vertex->payload().size() * sizeof(capnp::word));
  if (tampering_ != nullptr && tampering_->broadcast(epoch, effect.vertex)) return;
  for (std::size_t to = 0; to < world_.plan.validators; ++to) {
    if (to != id_.validator) post(epoch, to, PeerMessage{effect.vertex});
  }
}

void Process::on(Member& member, Send&& effect) {
  const Epoch epoch = member.committee.epoch();
  const std::size_t to = world_.keys.validator_at(epoch, effect.to);
  if (const auto* const reply = std::get_if<FetchReply>(&effect.message)) {
    for (const VertexPtr& vertex : reply->vertices) check_sent(member, *vertex);
    world_.timeline.note(name_, "answers v{} with {} vertices", to, reply->vertices.size());
  } else if (const auto* const asked = std::get_if<FetchRequest>(&effect.message)) {
    world_.timeline.note(name_, "asks v{} for {} and {} more", to, asked->refs.front(), asked->refs.size() - 1);
  } else if (const auto* const range = std::get_if<RangeRequest>(&effect.message)) {
    world_.timeline.note(name_, "asks v{} for rounds above {}", to, range->after);
  } else if (const auto* const wish = std::get_if<SnapshotRequest>(&effect.message)) {
    world_.timeline.note(name_, "asks v{} for a state above {}", to, wish->above);
  } else if (const auto* const given = std::get_if<SnapshotReply>(&effect.message)) {
    world_.timeline.note(
        name_, "gives v{} {}", to,
        given->snapshot ? fmt::format("the state after {}", given->snapshot->tail.last_index()) : "no state");
  } else if (const auto* const question = std::get_if<StatementRequest>(&effect.message)) {
    world_.timeline.note(name_, "asks v{} for its word on the state after {}", to, question->index);
  } else if (const auto* const word = std::get_if<StatementReply>(&effect.message)) {
    world_.timeline.note(
        name_, "gives v{} {}", to,
        word->statement ? fmt::format("its word on the state after {}", word->statement->commit.index) : "no word");
  }
  if (tampering_ != nullptr && !tampering_->send(epoch, to, effect.message)) return;
  post(epoch, to, std::move(effect.message));
}

void Process::on(Member& member, Committed&& effect) {
  world_.timeline.note(name_, "commits {}: {} with {} vertices", effect.commit.index, effect.commit.leader,
                       effect.commit.vertices.size());
  if (is_honest_) world_.commits.committed(id_.validator, member.committee.epoch(), effect.commit);
  to_execute_.emplace_back(member.committee.epoch(), std::move(effect.commit));
  execute_later();
}

void Process::on(Member& member, Expected&& effect) {
  if (executor_->epoch() == member.committee.epoch()) executor_->machine().predict(effect.commits.front());
}

void Process::on(Member& /*member*/, Overloaded&& /*effect*/) { world_.timeline.note(name_, "takes no batch"); }

void Process::on(Member& member, Returned&& effect) {
  if (epoch() > member.committee.epoch()) {
    submit(std::move(effect.batch));
  } else {
    held_batches_.push_back(std::move(effect.batch));
  }
}

void Process::on(Member& member, SnapshotWanted&& effect) {
  const bool stands_still = now().steady - last_execution_ >= kStandsStill;
  if (stands_still && member.committee.epoch() == epoch()) executor_->keep_snapshot();
  const SavedState* const snapshot = executor_->snapshot_of(member.committee.epoch());
  SnapshotTaken taken{.to = effect.to, .state = {}, .bytes = {}};
  if (snapshot != nullptr) {
    taken.state = snapshot->state;
    taken.bytes = snapshot->bytes;
  }
  member.inbox.emplace_back(std::move(taken));
}

void Process::on(Member& member, InstallSnapshot&& effect) {
  const SnapshotPtr snapshot = effect.snapshot;
  const bool is_ours = epoch() == member.committee.epoch() && snapshot->tail.last_index() > executor_->applied();
  const bool good = is_ours && executor_->install(*snapshot);
  world_.timeline.note(name_, "{} the state after {}", good ? "takes over" : "refuses", snapshot->tail.last_index());
  member.inbox.emplace_back(SnapshotInstalled{snapshot, good});
  if (!good) return;
  if (is_honest_) {
    ++world_.tally.snapshots;
    world_.commits.executed(id_.validator, executor_->machine().state());
  }
  save();
  if (executor_->machine().has_ended()) {
    member.inbox.emplace_back(EpochEnded{snapshot->tail.last_index()});
    begin_epoch(snapshot->tail.last().digest);
  }
}

void Process::on(Member& member, Accuse&& effect) {
  if (!is_honest_) return;
  ++world_.tally.accusations;
  const std::size_t accused = world_.keys.validator_at(member.committee.epoch(), effect.evidence.author);
  world_.timeline.note(name_, "accuses v{} of two vertices in round {}", accused, effect.evidence.round);
  if (const auto holds = check_evidence(effect.evidence, member.committee, world_.keys.checker()); !holds) {
    violate("evidence holds", "v{} accuses v{}: {}", id_.validator, accused, holds.error().message);
  }
  if (!world_.plan.is_byzantine(accused)) {
    violate("no honest validator is accused", "v{} accuses v{} of two vertices in round {}", id_.validator, accused,
            effect.evidence.round);
  }
}

void Process::on(Member& member, WakeAt&& effect) {
  const std::uint64_t number = ++member.wake;
  world_.schedule.at(Schedule::since_start(effect.time), [this, &member, number, life = life_] {
    if (!is_up_ || life != life_ || number != member.wake) return;
    feed(member, Woken{});
  });
}

void Process::on(Member& /*member*/, Halt&& effect) {
  world_.timeline.note(name_, "halts: {}", effect.reason);
  if (is_honest_) violate("no honest validator halts", "v{}: {}", id_.validator, effect.reason);
}

// Execution.

void Process::execute_later() {
  if (is_executing_ || to_execute_.empty()) return;
  const Duration delay = random_.between(Duration{0}, world_.plan.execution_max);
  is_executing_ = true;
  if (delay == Duration::zero()) return execute_next();
  world_.schedule.after(delay, [this, life = life_] {
    if (is_up_ && life == life_) execute_next();
  });
}

void Process::execute_next() {
  while (is_up_ && !to_execute_.empty()) {
    auto [epoch, commit] = std::move(to_execute_.front());
    to_execute_.pop_front();
    if (epoch != executor_->epoch() || commit.index <= executor_->applied()) continue;
    if (commit.index != executor_->applied() + 1) {
      if (is_honest_) {
        violate("commits are executed without a gap", "v{} is to execute {} after {}", id_.validator, commit.index,
                executor_->applied());
      }
      continue;
    }
    const auto has_payload = [](const VertexPtr& vertex) { return !vertex->payload().empty(); };
    const bool can_err = is_honest_ && !world_.has_missed_commit && std::ranges::any_of(commit.vertices, has_payload) &&
                         (world_.mutant == Mutant::wrong_result ? commit.index > 20
                                                                : world_.mutant == Mutant::skips_commit && life_ > 1);
    if (can_err) {
      world_.has_missed_commit = true;
      commit.vertices.clear();
    }
    const CommitOutcome outcome = executor_->apply(commit);
    ++world_.tally.commits;
    if (is_honest_) {
      world_.execution.executed(id_.validator, outcome, commit.time);
      world_.commits.executed(id_.validator, executor_->machine().state());
    }
    for (const BatchOutcome& batch : outcome.batches) world_.answer(id_.validator, batch);
    after_execution(commit.index, commit.digest);
    if (!is_up_) return;
  }
  is_executing_ = false;
  if (is_up_) execute_later();
}

void Process::after_execution(CommitIndex index, const Digest& commit) {
  last_execution_ = now().steady;
  Member& member = *members_.at(executor_->epoch());
  IndexedDigest state = executor_->machine().state();
  if (tampering_ != nullptr) tampering_->executed(state);
  member.inbox.emplace_back(Executed{state});
  if (executor_->machine().has_ended()) {
    member.inbox.emplace_back(EpochEnded{index});
    begin_epoch(commit);
    if (is_up_) drive(member);
    return;
  }
  if (++executed_since_save_ >= world_.plan.save_every) save();
  drive(member);
}

void Process::begin_epoch(const Digest& last_commit) {
  executor_->begin_epoch(last_commit);
  save();
  world_.timeline.note(name_, "ends epoch {} after commit {}", executor_->epoch() - 1, executor_->applied());
  join(executor_->epochs().back());
  if (!is_up_) return;
  for (std::vector<std::byte>& batch : std::exchange(held_batches_, {})) submit(std::move(batch));
}

void Process::save() {
  executed_since_save_ = 0;
  saved_ = executor_->save();
  if (world_.plan.checkpoint_every > 0 && ++saves_ % world_.plan.checkpoint_every == 0) wants_checkpoint_ = true;
}

void Process::checkpoint(Member& member) {
  if (member.committee.epoch() != saved_.epochs.back().epoch) return;
  wants_checkpoint_ = false;
  const std::vector<LogRecord> records = member.core->checkpoint(saved_.state.index);
  if (records.empty()) return;
  Log& log = member.log;
  begin_log(log, member.committee.epoch());
  std::vector<std::byte> bytes = log.writer->head();
  for (const LogRecord& record : records) {
    const std::vector<std::byte> more = log.writer->append(record);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  log.disk.replace(std::move(bytes));
  log.writer->synced(log.writer->offset());
  for (auto& [digest, end] : member.own_ends) end = 0;
  ++world_.tally.checkpoints;
  world_.timeline.note(name_, "starts a shorter log after commit {}: {} records", saved_.state.index, records.size());
}

// What must always hold.

void Process::check_memory() const {
  if (!is_honest_ || !is_up_) return;
  for (const auto& [epoch, member] : members_) {
    const CoreMetrics metrics = member->core->metrics();
    const std::size_t n = member->committee.size();
    const auto within = [&](std::uint64_t value, std::uint64_t most, const char* what) {
      if (value <= most) return;
      violate("memory is bounded", "v{} holds {} {}; {} are allowed", id_.validator, value, what, most);
    };
    const Round committed = world_.commits.leader_round(epoch, member->core->last_commit().index);
    if (member->core->collected() + limits::kRoundsKept < committed) {
      violate("memory is bounded", "v{} has collected up to round {}, and committed a leader of round {}",
              id_.validator, member->core->collected(), committed);
    }
    const Round rounds = member->core->round() - std::min(member->core->round(), member->core->collected());
    within(metrics.vertices, (rounds + limits::kRoundsServed + limits::kRoundsAheadMax + 2) * n * 3, "vertices");
    within(metrics.suspended, n * limits::kSuspendedPerAuthorMax * 2, "suspended vertices");
    within(metrics.missing, n * limits::kMissingPerAuthorMax * 2, "names of missing vertices");
    within(metrics.pending_batches, limits::kPendingBatchesMax, "batches");
  }
}

void Process::check_replay() {
  if (!is_up_ || !is_honest_ || is_damaged_) return;
  for (const auto& [number, member] : members_) {
    if (member->is_syncing || !member->effects.empty()) continue;
    const auto content = read_log(member->log.disk.content(), member->committee);
    if (!content) violate("a log replays to what lives", "v{}: {}", id_.validator, content.error().message);
    Effects effects;
    const CommitIndex executed = number < executor_->epoch() ? saved_.epochs[number].last : executor_->applied();
    const auto replayed = Core::recover(member->committee, member->self, world_.keys.signer(number, id_.validator),
                                        core_options(), content->records, executed, effects);
    if (!replayed) violate("a log replays to what lives", "v{}: {}", id_.validator, replayed.error().message);
    ++world_.tally.replays;
    const Core& live = *member->core;
    if (replayed->last_commit() != live.last_commit() || replayed->round() != live.round() ||
        replayed->collected() != live.collected()) {
      violate("a log replays to what lives", "v{}: commit {} of round {} above {} becomes {} of round {} above {}",
              id_.validator, live.last_commit().index, live.round(), live.collected(), replayed->last_commit().index,
              replayed->round(), replayed->collected());
    }
  }
}

}  // namespace myelin::sim
