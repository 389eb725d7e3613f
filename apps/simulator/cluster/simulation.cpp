#include "cluster/simulation.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "byzantine/liar.hpp"
#include "checkers/client_history.hpp"
#include "cluster/client.hpp"
#include "cluster/process.hpp"
#include "cluster/world.hpp"
#include "faults/network.hpp"
#include "faults/weather.hpp"

namespace myelin::sim {

namespace {

/// A client of its own, who only changes committees.
constexpr consensus::ClientId kOperator = 900;

class Simulation {
 public:
  Simulation(const Plan& plan, const RunOptions& options)
      : plan_{plan},
        world_{plan, options.mutant, options.real_signatures, options.timeline_lines},
        twins_{count_twins()},
        network_{world_.schedule, world_.random.fork(2), plan.validators + twins_, plan.stormy},
        client_network_{world_.schedule, world_.random.fork(3), 1, client_links()},
        weather_{world_.schedule, network_, world_.timeline, world_.random.fork(4), plan.validators, plan.weather},
        random_{world_.random.fork(5)},
        down_until_(plan.validators) {
    world_.post = [this](const ProcessId& from, std::size_t to, consensus::Round round, const EnvelopePtr& envelope) {
      post(from, to, round, envelope);
    };
    world_.answer = [this](std::size_t validator, const consensus::BatchOutcome& outcome) {
      answer(validator, outcome);
    };
    world_.crashed = [this](const ProcessId& id) { restart_later(id); };
    make_processes();
    make_clients();
  }

  void run() {
    for (const auto& process : processes_) process->start();
    for (const auto& liar : liars_) liar->start();
    weather_.start();
    plan_crashes();
    plan_absence();
    plan_reconfigurations();
    watch_memory();
    start_clients();
    while (world_.schedule.step(plan_.storm)) {
    }
    settle();
    run_until_done();
    check_end();
  }

  [[nodiscard]] RunReport report() {
    RunReport report;
    report.seed = plan_.seed;
    report.plan = describe(plan_);
    report.ended = world_.schedule.now();
    report.tally = world_.tally;
    report.tally.steps = world_.schedule.steps();
    report.tally.messages = network_.delivered();
    report.tally.lost = network_.lost();
    report.tally.partitions = weather_.partitions();
    report.tally.rounds = world_.commits.highest_round();
    report.timeline = world_.timeline.text();
    report.fingerprint = fingerprint();
    return report;
  }

 private:
  // Making the cluster.

  [[nodiscard]] std::size_t count_twins() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(plan_.byzantine, [](const ByzantinePlan& liar) { return liar.does(Attack::twins); }));
  }

  [[nodiscard]] LinkQuality client_links() const {
    return {.delay_min = plan_.calm.delay_min, .delay_max = plan_.calm.delay_max, .doublings_max = 2};
  }

  void make_processes() {
    for (std::size_t i = 0; i < plan_.validators; ++i) {
      processes_.push_back(std::make_unique<Process>(world_, ProcessId{i, 0}, world_.random.fork(100 + i)));
    }
    for (const ByzantinePlan& liar : plan_.byzantine) {
      if (liar.does(Attack::twins)) {
        processes_.push_back(
            std::make_unique<Process>(world_, ProcessId{liar.validator, 1}, world_.random.fork(200 + liar.validator)));
        continue;
      }
      Process& process = *processes_[liar.validator];
      liars_.push_back(std::make_unique<Liar>(world_, process, liar, world_.random.fork(300 + liar.validator)));
      process.tamper(liars_.back().get());
    }
  }

  void make_clients() {
    const bool is_lossless = plan_.crash_interval == Duration::zero() && plan_.reconfigurations == 0 && !plan_.absentee;
    const bool patient = is_lossless && random_.chance(0.5);
    const auto submit = [this](std::size_t validator, std::vector<std::byte> batch) {
      client_network_.send(0, 0,
                           [this, validator, shared = std::make_shared<std::vector<std::byte>>(std::move(batch))] {
                             for (const auto& process : processes_) {
                               if (process->id().validator == validator) process->submit(*shared);
                             }
                           });
    };
    for (std::size_t i = 0; i < plan_.clients.clients; ++i) {
      clients_.push_back(
          std::make_unique<Client>(world_, history_, submit, i + 1, patient, world_.random.fork(400 + i)));
    }
    operator_ = std::make_unique<Client>(world_, history_, submit, kOperator, false, world_.random.fork(499));
  }

  void start_clients() {
    std::vector<Request> deposits;
    for (unsigned i = 0; i <= plan_.clients.keys; ++i) {
      deposits.push_back({.kind = Request::Kind::add, .key = fmt::format("a{}", i), .number = 100});
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i]->start(i == 0 ? deposits : std::vector<Request>{}, plan_.clients.operations);
    }
  }

  // Faults.

  [[nodiscard]] std::vector<Process*> honest_up() {
    std::vector<Process*> up;
    for (const auto& process : processes_) {
      if (process->is_honest() && process->is_up()) up.push_back(process.get());
    }
    return up;
  }

  void plan_crashes() {
    if (plan_.crash_interval == Duration::zero()) return;
    world_.schedule.after(random_.between(plan_.crash_interval / 4, plan_.crash_interval * 2), [this] {
      if (world_.is_calm) return;
      std::vector<Process*> up = honest_up();
      if (!up.empty()) random_.pick(up)->crash_after(static_cast<unsigned>(random_.below(40)));
      plan_crashes();
    });
  }

  void restart_later(const ProcessId& id) {
    Process& process = process_of(id);
    const Duration downtime = random_.between(Duration{0}, plan_.downtime_max);
    const Duration when = std::max(world_.schedule.now() + downtime, down_until_[id.validator]);
    world_.schedule.at(std::min(when, std::max(plan_.storm, world_.schedule.now())), [this, &process] {
      if (process.is_up()) return;
      if (dead_ < plan_.dead_max && !world_.is_calm && random_.chance(plan_.disk.bit_flip)) {
        process.damage_log();
        if (process.was_damaged()) ++dead_;
      }
      process.start();
    });
  }

  void plan_absence() {
    if (!plan_.absentee) return;
    std::vector<Process*> up = honest_up();
    Process& absentee = *random_.pick(up);
    const Duration from = random_.between(plan_.storm / 20, plan_.storm / 4);
    const Duration until = random_.between(plan_.storm / 2, plan_.storm * 9 / 10);
    const std::size_t validator = absentee.id().validator;
    const bool crashes = random_.chance(0.5);
    world_.schedule.at(from, [this, &absentee, validator, until, crashes] {
      world_.timeline.note(name_of(absentee.id()), "is away until {}", format_time(until));
      if (crashes) {
        down_until_[validator] = until;
        absentee.crash("crashes for long");
        return;
      }
      cut(validator, true);
      world_.schedule.at(until, [this, validator] { cut(validator, false); });
    });
  }

  void cut(std::size_t validator, bool off) {
    for (std::size_t peer = 0; peer < network_.ends(); ++peer) {
      if (off) {
        network_.block(validator, peer);
        network_.block(peer, validator);
      } else {
        network_.unblock(validator, peer);
        network_.unblock(peer, validator);
      }
    }
  }

  void plan_reconfigurations() {
    std::vector<Request> requests;
    for (unsigned epoch = 0; epoch < plan_.reconfigurations; ++epoch) {
      // Of a quorum, whoever they are: those who lie sign as well.
      std::vector<std::size_t> signers(plan_.validators);
      std::iota(signers.begin(), signers.end(), std::size_t{0});
      random_.shuffle(signers);
      signers.resize(plan_.validators - plan_.faults_max());
      const auto& next = world_.keys.keys(epoch + 1);
      requests.push_back({.kind = Request::Kind::reconfigure,
                          .epoch = epoch,
                          .validators = next,
                          .approvals = world_.keys.approve(epoch, next, signers),
                          .is_approved = true});
    }
    if (requests.empty()) return;
    world_.schedule.at(random_.between(plan_.storm / 8, plan_.storm),
                       [this, requests] { operator_->start(requests, 0); });
  }

  void watch_memory() {
    world_.schedule.after(plan_.storm / 12 + Duration{1}, [this] {
      for (const auto& process : processes_) process->check_memory();
      watch_memory();
    });
  }

  // From the stabilisation time on.

  void settle() {
    world_.timeline.note("network", "settles; who can comes back");
    weather_.stop();
    network_.settle(plan_.calm);
    world_.is_calm = true;
    for (const auto& process : processes_) {
      process->heal();
      process->start();
    }
  }

  [[nodiscard]] bool clients_done() const {
    return operator_->is_done() && std::ranges::all_of(clients_, [](const auto& client) { return client->is_done(); });
  }

  [[nodiscard]] std::vector<Process*> survivors() {
    std::vector<Process*> alive;
    for (const auto& process : processes_) {
      if (process->is_honest() && !process->is_dead()) alive.push_back(process.get());
    }
    return alive;
  }

  [[nodiscard]] std::string progress() {
    std::string text;
    for (const auto& process : processes_) {
      const consensus::Core* const core = process->core();
      text += fmt::format("; {}{}", name_of(process->id()), process->is_honest() ? "" : " (lies)");
      if (core == nullptr) {
        text += " down";
        continue;
      }
      const consensus::CoreMetrics metrics = core->metrics();
      text +=
          fmt::format(" in epoch {} at round {}, commit {}, executed {}, {} suspended, {} missing", process->epoch(),
                      core->round(), core->last_commit().index, process->applied(), metrics.suspended, metrics.missing);
    }
    return text;
  }

  void run_until_done() {
    const Duration deadline = plan_.storm + plan_.patience;
    std::vector<consensus::CommitIndex> before(processes_.size(), 0);
    Duration next = plan_.storm + plan_.bound * 2;
    for (;;) {
      while (!clients_done() && world_.schedule.step(next)) {
      }
      if (clients_done()) break;
      for (Process* process : survivors()) {
        if (process->applied() <= before[process->id().validator]) {
          violate("commits go on", "v{} has executed nothing in {} of calm{}", process->id().validator,
                  format_time(plan_.bound), progress());
        }
        before[process->id().validator] = process->applied();
      }
      if (next >= deadline) {
        violate("every request is answered", "{} are open {} after the network settled{}", history_.open(),
                format_time(plan_.patience), progress());
      }
      next += plan_.bound;
    }
    catch_up();
  }

  /// All who are up get as far as the first was when the clients were done.
  void catch_up() {
    consensus::CommitIndex goal = 0;
    for (Process* process : survivors()) goal = std::max(goal, process->applied());
    const auto is_there = [&] {
      return std::ranges::all_of(survivors(), [&](Process* process) { return process->applied() >= goal; });
    };
    const Duration deadline = std::max(world_.schedule.now(), plan_.storm + plan_.bound) + plan_.bound * 2;
    while (!is_there() && world_.schedule.step(deadline)) {
    }
    if (!is_there()) violate("commits go on", "not all get to commit {}{}", goal, progress());
  }

  void check_end() {
    for (const auto& process : processes_) {
      process->check_memory();
      if (process->is_honest() && process->is_up()) check_state(*process);
      if (process->is_honest() && process->is_up()) count(*process);
    }
    std::vector<Process*> up = honest_up();
    if (!up.empty()) random_.pick(up)->check_replay();  // One: it reads and hashes a whole log.
    world_.commits.check_decisions();
    world_.tally.unchecked_histories += history_.check();
  }

  void check_state(Process& process) {
    if (process.applied() != world_.execution.last()) return;
    const consensus::StateMachine& machine = process.executor().machine();
    const std::vector<std::string> keys = world_.execution.state().keys();
    if (machine.key_count() != keys.size()) {
      violate("what has ended is taken out", "v{} has {} keys, not {}", process.id().validator, machine.key_count(),
              keys.size());
    }
    for (const std::string& key : keys) {
      const consensus::Value expected = world_.execution.state().read(key);
      const consensus::Value found = machine.read(key);
      if (found != expected) {
        violate("validators reach the same state", "v{} has {} = {}, not {}", process.id().validator, key,
                to_string(found), to_string(expected));
      }
    }
  }

  void count(Process& process) {
    const consensus::CoreMetrics metrics = process.core()->metrics();
    world_.tally.skips += metrics.direct_skips + metrics.indirect_skips;
    world_.tally.indirect += metrics.indirect_commits + metrics.indirect_skips;
    world_.tally.epochs = std::max(world_.tally.epochs, process.epoch());
    for (const std::uint64_t refused : metrics.refused) world_.tally.refusals += refused;
  }

  // Messages.

  [[nodiscard]] Process& process_of(const ProcessId& id) {
    for (const auto& process : processes_) {
      if (process->id().validator == id.validator && process->id().copy == id.copy) return *process;
    }
    return *processes_.front();
  }

  [[nodiscard]] std::size_t end_of(const ProcessId& id) const {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      if (processes_[i]->id().validator == id.validator && processes_[i]->id().copy == id.copy) return i;
    }
    return 0;
  }

  /// Which of two twins a peer is connected to, in these rounds: the first, the second or both.
  [[nodiscard]] bool can_see(std::size_t twin, unsigned copy, std::size_t peer, consensus::Round round) const {
    const std::uint64_t die = scramble(plan_.seed ^ scramble(twin * 64 + peer) ^ scramble(round / 3)) % 5;
    return die == 4 || die % 2 == copy;
  }

  void post(const ProcessId& from, std::size_t to, consensus::Round round, const EnvelopePtr& envelope) {
    for (std::size_t end = 0; end < processes_.size(); ++end) {
      Process& receiver = *processes_[end];
      const ProcessId& id = receiver.id();
      if (id.validator != to) continue;
      if (is_twin(from.validator) && !can_see(from.validator, from.copy, to, round)) continue;
      if (is_twin(to) && !can_see(to, id.copy, from.validator, round)) continue;
      network_.send(end_of(from), end, [&receiver, envelope] { receiver.receive(envelope); });
    }
  }

  [[nodiscard]] bool is_twin(std::size_t validator) const {
    return std::ranges::any_of(plan_.byzantine, [&](const ByzantinePlan& liar) {
      return liar.validator == validator && liar.does(Attack::twins);
    });
  }

  void answer(std::size_t validator, consensus::BatchOutcome outcome) {
    if (outcome.replies.size() != 1) return;
    if (world_.mutant == Mutant::stale_reads) make_stale(outcome);
    const auto shared = std::make_shared<consensus::BatchOutcome>(std::move(outcome));
    if (plan_.is_byzantine(validator) && random_.chance(0.3)) {
      shared->replies.front().value.number += 1;
      shared->replies.front().status = consensus::Status::mismatch;
    }
    client_network_.send(0, 0, [this, validator, shared] {
      for (const auto& client : clients_) client->told(validator, *shared);
      operator_->told(validator, *shared);
    });
  }

  /// All answer a read of a register with what the one before was answered with.
  void make_stale(consensus::BatchOutcome& outcome) {
    const auto id = std::pair{outcome.client, outcome.sequence};
    const Request* const request = world_.execution.request(id);
    if (request == nullptr || request->kind != Request::Kind::get) return;
    const auto [entry, is_new] = stale_.try_emplace(id, outcome.replies.front());
    if (is_new) std::swap(entry->second, latest_.try_emplace(request->key, outcome.replies.front()).first->second);
    outcome.replies.front() = entry->second;
  }

  [[nodiscard]] std::uint64_t fingerprint() {
    std::uint64_t print = scramble(world_.schedule.steps()) ^ static_cast<std::uint64_t>(world_.schedule.now().count());
    const auto mix = [&](std::uint64_t number) { print = scramble(print ^ number); };
    mix(network_.delivered());
    mix(world_.execution.executed_count());
    for (const auto& process : processes_) {
      const consensus::Core* const core = process->core();
      if (core == nullptr) continue;
      mix(core->round());
      mix(std::hash<consensus::Digest>{}(core->last_commit().digest));
    }
    return print;
  }

  const Plan& plan_;
  World world_;
  std::size_t twins_;
  Network network_;
  Network client_network_;
  Weather weather_;
  Random random_;
  std::vector<Duration> down_until_;
  std::size_t dead_ = 0;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<Liar>> liars_;
  ClientHistory history_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unique_ptr<Client> operator_;
  std::map<ExecutionChecker::RequestId, consensus::Reply> stale_;
  std::map<std::string, consensus::Reply> latest_;
};

}  // namespace

RunReport run_seed(std::uint64_t seed, const RunOptions& options) {
  const Plan plan = make_plan(options.scenario, seed, options.validators);
  Simulation simulation{plan, options};
  std::optional<Violation> violation;
  try {
    simulation.run();
  } catch (Violation& broken) {
    violation = std::move(broken);
  }
  RunReport report = simulation.report();
  report.violation = std::move(violation);
  return report;
}

}  // namespace myelin::sim
