#include "agents/orderer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agents/peer_letter.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

using namespace consensus;  // NOLINT: this file is about its events and effects.

namespace {

constexpr Duration kStatusPeriod = std::chrono::milliseconds{100};

}  // namespace

Orderer::Orderer(std::shared_ptr<Parts> parts, Committee committee, OrdererOptions options)
    : parts_{std::move(parts)}, committee_{std::move(committee)}, options_{std::move(options)} {}

void Orderer::handlers(Handlers<Orderer>& on) {
  on.message<&Orderer::begin>();
  on.message<&Orderer::look>();
}

void Orderer::on_start() {
  every(kStatusPeriod, [this] { show_status(); });
}

Now Orderer::core_time() const { return {now(), options_.wall_clock()}; }

void Orderer::begin(schema::Begin::Reader) {
  if (core_) return;
  Effects effects;
  if (options_.log) {
    auto core = Core::recover(committee_, options_.self, *options_.signer, options_.core, options_.log->records,
                              options_.executed, effects);
    if (!core) return halt(core.error().message);
    core_.emplace(std::move(*core));
    options_.log->records = {};
  } else {
    core_.emplace(committee_, options_.self, *options_.signer, options_.core);
  }
  core_->start(core_time(), effects);
  std::ranges::move(effects, std::back_inserter(effects_));
  drive();
}

void Orderer::look(schema::HandedOver::Reader) {
  for (OrdererNews& news : parts_->events.take()) {
    if (const auto* const saved = std::get_if<StateSaved>(&news)) {
      shorten_log(saved->index);
    } else if (auto& event = std::get<EpochEvent>(news); event.epoch == committee_.epoch()) {
      inbox_.push_back(std::move(event));
    }
  }
  drive();
}

void Orderer::drive() {
  while (core_ && !has_halted_ && !parts_->has_halted()) {
    if (!is_syncing_ && !effects_.empty()) {
      Effect effect = std::move(effects_.front());
      effects_.pop_front();
      std::visit([this](auto& what) { perform(what); }, effect);
    } else if (!inbox_.empty() && effects_.size() < limits::kEffectsWaitingMax) {
      Effects effects;
      core_->step(std::move(inbox_.front().event), core_time(), effects);
      inbox_.pop_front();
      std::ranges::move(effects, std::back_inserter(effects_));
    } else {
      return;
    }
  }
}

void Orderer::perform(Append& effect) {
  if (options_.log) options_.log->log.append(effect.record);
}

void Orderer::perform(Sync& /*effect*/) {
  if (!options_.log || !options_.log->log.has_pending()) return;
  is_syncing_ = true;
  offload(
      [parts = parts_, flush = options_.log->log.begin_flush()]() mutable {
        Result<void> outcome = flush.run();
        return std::pair{std::move(flush), std::move(outcome)};
      },
      [this](std::pair<LogFile::Flush, Result<void>> done) { end_sync(std::move(done.first), done.second); });
}

void Orderer::end_sync(LogFile::Flush flush, const Result<void>& outcome) {
  is_syncing_ = false;
  ++syncs_;
  options_.log->log.end_flush(std::move(flush));
  if (!outcome) return halt(outcome.error().message);
  drive();
}

void Orderer::shorten_log(CommitIndex saved) {
  if (!options_.log || !core_ || has_halted_) return;
  LogFile& log = options_.log->log;
  if (log.is_restarting() || log.size() < options_.log_bytes_kept) return;
  const std::vector<LogRecord> records = core_->checkpoint(saved);
  if (records.empty()) return;
  offload(
      [parts = parts_, restart = log.begin_restart(records, random_log_salt())]() mutable {
        static_cast<void>(restart.run());  // if it fails, the log goes on as it was
        return std::move(restart);
      },
      [this](LogFile::Restart restart) { options_.log->log.end_restart(std::move(restart)); });
}

void Orderer::perform(Broadcast& effect) {
  auto letter = make_letter(committee_.epoch(), options_.self, PeerMessage{std::move(effect.vertex)});
  if (!letter) return halt(letter.error().message);
  const std::vector<AgentRef> addresses = parts_->directory->addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (i != options_.self && addresses[i]) post(i, addresses[i], *letter, false);
  }
}

void Orderer::perform(Send& effect) {
  const AgentRef address = parts_->directory->address(effect.to);
  if (!address) return;
  const bool is_answer = std::holds_alternative<FetchReply>(effect.message) ||
                         std::holds_alternative<SnapshotReply>(effect.message) ||
                         std::holds_alternative<StatementReply>(effect.message);
  // Whoever asks and does not read costs no more than this.
  if (is_answer && !parts_->outgoing.empty() &&
      !parts_->outgoing[effect.to]->has_room_for_answer(letter_bytes(effect.message))) {
    return;
  }
  auto letter = make_letter(committee_.epoch(), options_.self, effect.message);
  if (!letter) {
    // What no frame can carry is not there for the other.
    letter = make_letter(committee_.epoch(), options_.self, PeerMessage{SnapshotReply{}});
  }
  if (letter) post(effect.to, address, std::move(*letter), is_answer);
}

void Orderer::post(std::size_t to, const AgentRef& address, Frame letter, bool is_answer) {
  if (parts_->outgoing.empty()) return send(address, std::move(letter));
  LetterQueue& queue = *parts_->outgoing[to];
  if (is_answer ? queue.put_answer(std::move(letter)) : queue.put_own(std::move(letter))) {
    tell(address, [](schema::HandedOver::Builder) {});
  }
}

void Orderer::order(ExecutorOrder order) {
  if (parts_->orders.put(std::move(order))) tell(parts_->executor, [](schema::HandedOver::Builder) {});
}

void Orderer::perform(Committed& effect) { order(ExecuteCommit{committee_.epoch(), std::move(effect.commit)}); }

void Orderer::perform(Expected& effect) { order(ExecuteAhead{committee_.epoch(), std::move(effect.commits.front())}); }

void Orderer::perform(Overloaded& effect) {
  if (const auto batch = read_batch(effect.batch)) order(TurnAway{batch->client, batch->sequence});
}

void Orderer::perform(Returned& effect) {
  if (const auto batch = read_batch(effect.batch)) order(TurnAway{batch->client, batch->sequence});
}

void Orderer::perform(SnapshotWanted& effect) { order(TakeSnapshot{committee_.epoch(), effect.to}); }

void Orderer::perform(InstallSnapshot& effect) { order(InstallState{committee_.epoch(), std::move(effect.snapshot)}); }

void Orderer::perform(Accuse& /*effect*/) {
  parts_->set_status([](ValidatorStatus& status) { ++status.accusations; });
}

void Orderer::perform(WakeAt& effect) {
  if (wake_ != 0) cancel(wake_);
  wake_ = after(std::max(effect.time - now(), Duration::zero()), [this] {
    wake_ = 0;
    inbox_.push_back({committee_.epoch(), Woken{}});
    drive();
  });
}

void Orderer::perform(Halt& effect) { halt(std::move(effect.reason)); }

void Orderer::halt(std::string reason) {
  has_halted_ = true;
  parts_->halt(reason);
  fail({Errc::validator_halted, std::move(reason)});
}

void Orderer::show_status() {
  if (!core_) return;
  parts_->set_status([this](ValidatorStatus& status) {
    status.epoch = committee_.epoch();
    status.round = core_->round();
    status.committed = core_->last_commit().index;
    status.core = core_->metrics();
    status.log_bytes = options_.log ? options_.log->log.size() : 0;
    status.syncs = syncs_;
  });
}

}  // namespace myelin::validator
