#include "cluster/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "engine/random.hpp"
#include "engine/timeline.hpp"

namespace myelin::sim {

using namespace std::chrono_literals;

std::string_view to_string(Attack attack) noexcept {
  static constexpr std::array<std::string_view, kAttacks> kNames = {
      "twins",         "equivocate", "equivocate one", "third version", "withhold",     "delay leader",
      "stale parents", "garbage",    "replay",         "far future",    "fake replies", "wrong votes"};
  return kNames[static_cast<std::size_t>(attack)];
}

bool ByzantinePlan::does(Attack attack) const noexcept { return std::ranges::find(attacks, attack) != attacks.end(); }

bool Plan::is_byzantine(std::size_t validator) const noexcept {
  return std::ranges::any_of(byzantine, [&](const ByzantinePlan& each) { return each.validator == validator; });
}

namespace {

/// Which classes of faults a run has.
struct Mix {
  bool loss = false;
  bool weather = false;
  bool byzantine = false;
  bool crashes = false;
  bool disk = false;
  bool absentee = false;
  bool epochs = false;
};

Mix mix_of(Scenario scenario, Random& random) {
  switch (scenario) {
    case Scenario::calm: return {};
    case Scenario::byzantine:
      return {
          .loss = random.chance(0.3), .weather = random.chance(0.3), .byzantine = true, .crashes = random.chance(0.2)};
    case Scenario::disk:
    case Scenario::sync_lies: return {.loss = random.chance(0.3), .crashes = true, .disk = true};
    case Scenario::crash: return {.loss = random.chance(0.5), .weather = random.chance(0.3), .crashes = true};
    case Scenario::partition: return {.loss = true, .weather = true};
    case Scenario::epoch:
      return {
          .loss = random.chance(0.3), .byzantine = random.chance(0.5), .crashes = random.chance(0.5), .epochs = true};
    case Scenario::catch_up:
      return {
          .loss = random.chance(0.3), .byzantine = random.chance(0.6), .crashes = random.chance(0.3), .absentee = true};
    case Scenario::standard: break;
  }
  return {.loss = random.chance(0.5),
          .weather = random.chance(0.5),
          .byzantine = random.chance(0.6),
          .crashes = random.chance(0.6),
          .disk = random.chance(0.4),
          .absentee = random.chance(0.15),
          .epochs = random.chance(0.25)};
}

std::size_t committee_size(Scenario scenario, Random& random) {
  const std::uint64_t die = random.below(100);
  if (scenario == Scenario::catch_up) return die < 75 ? 4 : 7;
  if (die < 66) return 4;
  if (die < 82) return 7;
  if (die < 88) return 10;
  static constexpr std::array<std::size_t, 5> kOdd = {1, 2, 3, 5, 6};
  return kOdd[random.below(kOdd.size())];
}

void plan_network(Plan& plan, const Mix& mix, Random& random) {
  const Duration unit = random.chance(0.5) ? random.between(500us, 3ms) : random.between(10ms, 60ms);
  plan.calm = {.delay_min = unit / 8, .delay_max = unit, .doublings_max = 1, .in_order = random.chance(0.5)};
  plan.stormy = plan.calm;
  plan.stormy.doublings_max = static_cast<unsigned>(random.between(std::uint64_t{0}, 6));
  if (mix.loss) {
    if (random.chance(0.7)) plan.stormy.drop = static_cast<double>(random.between(std::uint64_t{1}, 100)) / 1000.0;
    if (random.chance(0.7)) plan.stormy.duplicate = static_cast<double>(random.between(std::uint64_t{1}, 200)) / 1000.0;
  }
  const auto rounds = static_cast<Duration::rep>(random.between(std::uint64_t{60}, 180));
  plan.storm = unit * 3 * (plan.scenario == Scenario::catch_up ? rounds * 3 : mix.absentee ? rounds * 2 : rounds);
  if (mix.weather) {
    plan.weather = {.interval = plan.storm / 8,
                    .longest = plan.storm / 4,
                    .partitions = random.chance(0.8),
                    .clogs = random.chance(0.5)};
  }
}

void plan_cores(Plan& plan, Random& random) {
  const Duration unit = plan.calm.delay_max;
  // Who is away is to miss more rounds than the others keep for it.
  const bool is_brisk = plan.scenario == Scenario::catch_up;
  for (std::size_t i = 0; i < plan.validators; ++i) {
    consensus::CoreOptions options;
    options.round_wait = random.between(unit / 4, unit * 4);
    options.round_wait_max = options.round_wait * static_cast<Duration::rep>(random.between(std::uint64_t{4}, 64));
    options.rounds_without_commit = random.between(std::uint64_t{4}, 12);
    if (random.chance(0.2)) options.round_interval_min = random.between(Duration{0}, unit * 2);
    options.idle_interval = is_brisk ? random.between(unit / 2, unit * 4) : random.between(unit * 2, unit * 24);
    options.suspect_misses = static_cast<unsigned>(random.between(std::uint64_t{1}, 6));
    options.suspect_probe_rounds = static_cast<unsigned>(random.between(std::uint64_t{2}, 32));
    options.fetch_wait = random.between(unit * 2, unit * 8);
    options.fetch_wait_max = options.fetch_wait * 16;
    if (random.chance(0.2)) options.payload_bytes_max = random.between(std::uint64_t{2'000}, 20'000);
    plan.options.push_back(options);
  }
}

void plan_byzantine(Plan& plan, Random& random) {
  std::vector<consensus::ValidatorIndex> order(plan.validators);
  std::iota(order.begin(), order.end(), consensus::ValidatorIndex{0});
  random.shuffle(order);
  const std::size_t liars = plan.faults_max() == 0 ? 0 : random.between(std::uint64_t{1}, plan.faults_max());
  for (std::size_t i = 0; i < liars; ++i) {
    ByzantinePlan liar{.validator = order[i], .attacks = {}};
    if (random.chance(0.25)) {
      liar.attacks = {Attack::twins};
    } else {
      for (std::uint64_t count = random.between(std::uint64_t{1}, 4); count > 0; --count) {
        const auto attack = static_cast<Attack>(random.between(std::uint64_t{1}, kAttacks - 1));
        if (!liar.does(attack)) liar.attacks.push_back(attack);
      }
      // Whoever was away is to meet those who lie about what it missed.
      const bool lies_to_absentee = plan.scenario == Scenario::catch_up && random.chance(0.6);
      if (lies_to_absentee && !liar.does(Attack::fake_replies)) liar.attacks.push_back(Attack::fake_replies);
    }
    plan.byzantine.push_back(std::move(liar));
  }
}

void plan_crashes(Plan& plan, const Mix& mix, Random& random) {
  plan.crash_interval = plan.storm / static_cast<Duration::rep>(random.between(std::uint64_t{3}, 16));
  plan.downtime_max = random.between(plan.storm / 64, plan.storm / 4);
  plan.dead_max = plan.faults_max() - plan.byzantine.size();
  if (!mix.disk) return;
  plan.disk.torn_tails = true;
  if (random.chance(0.5)) plan.disk.full = 0.2;
  if (random.chance(0.5)) plan.disk.sync_fails = 0.2;
  if (random.chance(0.5)) plan.disk.bit_flip = 0.2;
}

void plan_clients(Plan& plan, Random& random) {
  const Duration unit = plan.calm.delay_max;
  ClientPlan& clients = plan.clients;
  clients.clients = random.between(std::uint64_t{2}, 6);
  clients.operations = static_cast<unsigned>(random.between(std::uint64_t{5}, 20));
  clients.think_max = random.chance(0.5) ? unit * 2 : plan.storm / 12;
  clients.patience = unit * static_cast<Duration::rep>(random.between(std::uint64_t{10}, 60));
  clients.keys = static_cast<unsigned>(random.between(std::uint64_t{1}, 6));
  if (random.chance(0.3)) clients.gives_up = 0.05;
}

}  // namespace

Plan make_plan(Scenario scenario, std::uint64_t seed, std::optional<std::size_t> validators) {
  Random random{scramble(seed) ^ (static_cast<std::uint64_t>(scenario) + 1)};
  Plan plan;
  plan.seed = seed;
  plan.scenario = scenario;
  const std::size_t drawn = committee_size(scenario, random);
  plan.validators = validators.value_or(drawn);
  const Mix mix = mix_of(scenario, random);
  plan_network(plan, mix, random);
  plan_cores(plan, random);
  plan.pipelines = random.chance(0.5);
  if (mix.byzantine) plan_byzantine(plan, random);
  if (mix.crashes) plan_crashes(plan, mix, random);
  plan.disk.syncs_lie = scenario == Scenario::sync_lies;
  plan.disk.sync_max = random.chance(0.5) ? Duration{0} : random.between(Duration{100us}, plan.calm.delay_max * 2);
  plan.disk.sync_min = plan.disk.sync_max / 4;
  plan.absentee = mix.absentee && plan.validators > 1;
  plan_clients(plan, random);
  if (mix.epochs) plan.reconfigurations = static_cast<unsigned>(random.between(std::uint64_t{1}, 2));
  plan.save_every = static_cast<unsigned>(random.between(std::uint64_t{4}, 64));
  if (random.chance(0.5)) plan.checkpoint_every = static_cast<unsigned>(random.between(std::uint64_t{2}, 8));
  plan.execution_max = random.chance(0.5) ? Duration{0} : plan.calm.delay_max * 2;
  plan.clock_skew_max = random.chance(0.5) ? Duration{0} : Duration{10s};
  Duration slowest_wait{0};
  for (const consensus::CoreOptions& options : plan.options) {
    slowest_wait = std::max({slowest_wait, options.round_wait_max, options.fetch_wait_max, options.idle_interval});
  }
  plan.bound = slowest_wait * 24 + plan.calm.slowest() * 40;
  plan.patience = plan.bound * 8 + (plan.clients.think_max + plan.clients.patience * 4) * plan.clients.operations;
  return plan;
}

std::string describe(const Plan& plan) {
  std::string text =
      fmt::format("{} validators, delays of {} to {}, storm of {}", plan.validators, format_time(plan.stormy.delay_min),
                  format_time(plan.stormy.slowest()), format_time(plan.storm));
  if (plan.stormy.in_order) text += ", links in order";
  if (plan.stormy.drop > 0) text += fmt::format(", {:.1f} % lost", plan.stormy.drop * 100);
  if (plan.stormy.duplicate > 0) text += fmt::format(", {:.1f} % doubled", plan.stormy.duplicate * 100);
  if (plan.weather.partitions) text += ", partitions";
  if (plan.weather.clogs) text += ", clogs";
  for (const ByzantinePlan& liar : plan.byzantine) {
    text += fmt::format(", v{} lies (", liar.validator);
    for (std::size_t i = 0; i < liar.attacks.size(); ++i) {
      text += fmt::format("{}{}", i > 0 ? ", " : "", to_string(liar.attacks[i]));
    }
    text += ")";
  }
  if (plan.crash_interval > Duration::zero()) text += ", crashes";
  if (plan.disk.torn_tails) text += ", torn tails";
  if (plan.disk.full > 0) text += ", full disks";
  if (plan.disk.sync_fails > 0) text += ", failing syncs";
  if (plan.disk.bit_flip > 0) text += ", flipped bits";
  if (plan.disk.syncs_lie) text += ", lying syncs";
  if (plan.absentee) text += ", an absentee";
  if (plan.reconfigurations > 0) text += fmt::format(", {} new committees", plan.reconfigurations);
  return text;
}

}  // namespace myelin::sim
