#include "demos/ledger/demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "demos/ledger/payer.hpp"
#include "demos/ledger/rates.hpp"
#include "process/cpu_time.hpp"
#include "process/temporary_folder.hpp"
#include "terminal/units.hpp"

namespace myelin::ledger {

namespace {

/// For validators to show what they have executed.
constexpr Duration kSettleLimit = std::chrono::seconds{20};
constexpr Duration kSettleTick = std::chrono::milliseconds{50};

void sleep_unless(const std::stop_token& stop, Duration duration) {
  std::mutex mutex;
  std::condition_variable_any nobody;
  std::unique_lock lock{mutex};
  static_cast<void>(nobody.wait_for(lock, stop, duration, [] { return false; }));
}

consensus::WallTime wall_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// One run: its parts in the order in which they happen.
class Demo {
 public:
  Demo(const Settings& settings, tool::Progress& progress, std::stop_token stop)
      : settings_{settings},
        progress_{progress},
        stop_{std::move(stop)},
        mesh_{
            {.workers = settings.workers, .job_threads = validator::limits::kJobsPerValidator * settings.validators}} {
    found_.settings = settings;
    found_.workers = mesh_.workers();
  }

  Result<Findings> run() {
    Result<void> done = check(settings_);
    for (const auto part : {&Demo::start_group, &Demo::open, &Demo::transfer, &Demo::read_back}) {
      if (done) done = (this->*part)();
    }
    if (!done) return tl::unexpected{done.error()};
    look_at_validators();
    group_.reset();
    return std::move(found_);
  }

 private:
  Result<void> start_group() {
    validator::GroupOptions options{.validators = settings_.validators, .folder = settings_.folder};
    options.executor = settings_.executor;
    if (settings_.is_kept && settings_.folder.empty()) {
      auto made = tool::TemporaryFolder::make("myelin-ledger-");
      if (!made) return tl::unexpected{made.error()};
      folder_.emplace(*std::move(made));
      options.folder = folder_->path();
    }
    progress_.update(fmt::format("starting {} validators", settings_.validators));
    auto started = validator::ValidatorGroup::start(mesh_, options);
    if (!started) return tl::unexpected{started.error()};
    group_.emplace(*std::move(started));
    surroundings_->accounts =
        Memory::start_session(mesh_, group_->directory()).space("ledger").space(to_string(settings_.conflict));
    return {};
  }

  Result<void> open() {
    surroundings_->names = account_names(accounts_of(settings_.conflict));
    progress_.update(fmt::format("opening {} accounts", surroundings_->names.size()));
    const auto there = read_balances(mesh_, surroundings_->accounts, stop_);
    if (!there) return tl::unexpected{there.error()};
    const auto opened = open_accounts(mesh_, surroundings_->accounts, surroundings_->names, *there, stop_);
    if (!opened) return tl::unexpected{opened.error()};
    found_.opened = *opened;
    return {};
  }

  Result<void> transfer() {
    const TimePoint began = Clock::now();
    const Duration cpu_began = tool::process_cpu_time();
    begin_phase(settings_.kill ? fmt::format("before validator {} crashed", *settings_.kill) : "all", Duration::zero());
    for (std::size_t i = 0; i < settings_.agents; ++i) mesh_.spawn<Payer>(surroundings_, settings_.seed + i);
    Duration elapsed{0};
    for (Duration tick = kTick; elapsed < settings_.duration && !stop_.stop_requested(); tick += kTick) {
      sleep_unless(stop_, began + tick - Clock::now());
      elapsed = Clock::now() - began;
      watch();
      if (const auto done = disturb(elapsed); !done) return done;
    }
    found_.is_complete = !stop_.stop_requested();
    Record& record = surroundings_->record;
    record.close();
    if (!record.wait_for_agents(settings_.agents, surroundings_->limit + kSettleLimit)) {
      return myelin::fail(Errc::timeout, fmt::format("{} of {} agents still wait for an answer whose time is up",
                                                     settings_.agents - record.agents_ended(), settings_.agents));
    }
    found_.elapsed = Clock::now() - began;
    found_.cpu_time = tool::process_cpu_time() - cpu_began;
    found_.phases.back().latencies.add_all(record.take_latencies());
    end_phase(found_.elapsed);
    for (const Phase& phase : found_.phases) found_.latencies.add_all(phase.latencies);
    found_.outcomes = record.outcomes();
    return {};
  }

  /// Has a validator crash, and come back, when it is time.
  Result<void> disturb(Duration elapsed) {
    if (!settings_.kill) return {};
    const std::size_t victim = *settings_.kill;
    if (!found_.crash) {
      if (elapsed < settings_.duration / 3) return {};
      group_->crash(victim);
      found_.crash = Crash{.validator = victim, .crashed = elapsed, .back = {}, .caught_up = {}};
      progress_.note(fmt::format("validator {} crashed", victim));
      begin_phase("while it was away", elapsed);
    } else if (!found_.crash->back) {
      if (elapsed < settings_.duration * 2 / 3) return {};
      for (std::size_t i = 0; i < group_->size(); ++i) {
        if (i != victim) executed_by_others_ = std::max(executed_by_others_, group_->status(i).executed);
      }
      if (const auto back = group_->restart(victim); !back) return back;
      found_.crash->back = elapsed;
      progress_.note(fmt::format("validator {} is back", victim));
      begin_phase("after it was back", elapsed);
    } else if (!found_.crash->caught_up && group_->status(victim).executed >= executed_by_others_) {
      found_.crash->caught_up = elapsed;
      progress_.note(fmt::format("validator {} has caught up", victim));
    }
    return {};
  }

  void begin_phase(std::string name, Duration elapsed) {
    if (!found_.phases.empty()) end_phase(elapsed);
    found_.phases.push_back({std::move(name), {}, {}});
    phase_began_ = elapsed;
  }
  void end_phase(Duration elapsed) { found_.phases.back().length = elapsed - phase_began_; }

  /// A line of what goes on.
  void watch() {
    tool::Latencies latencies = surroundings_->record.take_latencies();
    found_.phases.back().latencies.add_all(latencies);
    found_.answered_a_tick.push_back(static_cast<double>(latencies.size()));
    const Outcomes outcomes = surroundings_->record.outcomes();
    const Rates rates = rates_of(group_->status(0).execution);
    const auto at = [&](double part) {
      return latencies.empty() ? std::string{"-"} : tool::format_duration_ns(latencies.percentile(part));
    };
    std::string line = fmt::format(
        "{}/s, p50 {}, p99 {}",
        tool::format_number(static_cast<double>(latencies.size()) / std::chrono::duration<double>(kTick).count()),
        at(0.50), at(0.99));
    line += fmt::format(", short of funds {}", tool::format_percent(share(outcomes.short_of_funds, outcomes.asked())));
    line += fmt::format(", run again {}", tool::format_percent(rates.run_again));
    line += fmt::format(", ahead and right {}", tool::format_percent(rates.predictions_hit));
    if (const std::uint64_t others = outcomes.all_refused() + outcomes.unknown; others > 0) {
      line += fmt::format(", {} refused or unknown", others);
    }
    progress_.update(line);
  }

  /// Interrupted or not: what was done is looked at.
  Result<void> read_back() {
    progress_.update("reading all balances back");
    auto balances = read_balances_at_once(mesh_, surroundings_->accounts, surroundings_->names);
    if (!balances) return tl::unexpected{balances.error()};
    found_.balances = *std::move(balances);
    found_.balance = check_balances(found_.balances, surroundings_->names.size());
    return {};
  }

  /// Waits until each has executed what was executed until now, for a while.
  void look_at_validators() {
    const consensus::WallTime now = wall_time();
    const TimePoint end = Clock::now() + kSettleLimit;
    for (;;) {
      found_.validators.clear();
      for (std::size_t i = 0; i < group_->size(); ++i) found_.validators.push_back(group_->status(i));
      const bool are_level = std::ranges::all_of(
          found_.validators, [&](const auto& status) { return status.executed_time >= now || !status.halted.empty(); });
      if (are_level || Clock::now() >= end) break;
      progress_.update("waiting for all validators to have executed it all");
      sleep_unless({}, kSettleTick);
    }
    found_.agreement = check_agreement(found_.validators, now);
  }

  const Settings settings_;
  tool::Progress& progress_;
  const std::stop_token stop_;
  Findings found_;
  Duration phase_began_{0};
  consensus::CommitIndex executed_by_others_ = 0;
  std::optional<tool::TemporaryFolder> folder_;
  Mesh mesh_;
  std::optional<validator::ValidatorGroup> group_;
  std::shared_ptr<Surroundings> surroundings_ = std::make_shared<Surroundings>();
};

}  // namespace

double Findings::transfers_a_second() const noexcept {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(outcomes.answered()) / seconds : 0;
}

Result<Findings> run_demo(const Settings& settings, tool::Progress& progress, const std::stop_token& stop) {
  return Demo{settings, progress, stop}.run();
}

Result<void> check_agreement(const std::vector<validator::ValidatorStatus>& validators, consensus::WallTime since) {
  for (std::size_t i = 0; i < validators.size(); ++i) {
    const validator::ValidatorStatus& status = validators[i];
    if (!status.halted.empty()) {
      return fail(Errc::validator_halted, fmt::format("validator {} has halted: {}", i, status.halted));
    }
    if (status.executed_time < since) {
      return fail(Errc::timeout, fmt::format("validator {} is not level with the others after {} s: it has executed {} "
                                             "commits",
                                             i, std::chrono::duration_cast<std::chrono::seconds>(kSettleLimit).count(),
                                             status.executed));
    }
    // Transfers make no keys: once the accounts are there, their number does not depend on the commit.
    if (status.keys == validators[0].keys) continue;
    return fail(Errc::corrupt_file,
                fmt::format("validators differ: 0 holds {} keys after commit {}, {} holds {} after commit {}",
                            validators[0].keys, validators[0].executed, i, status.keys, status.executed));
  }
  return {};
}

}  // namespace myelin::ledger
