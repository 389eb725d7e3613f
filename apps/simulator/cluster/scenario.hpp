/// What a run is made of: which faults, how many of everything, how long.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "faults/network.hpp"
#include "faults/weather.hpp"
#include "myelin/consensus/core_options.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::sim {

enum class Scenario : unsigned { standard, calm, byzantine, disk, crash, partition, epoch, catch_up, sync_lies };

struct ScenarioName {
  Scenario scenario;
  std::string_view name;
  std::string_view meaning;
};
inline constexpr auto kScenarios = std::to_array<ScenarioName>({
    {Scenario::standard, "standard", "a mix of all faults below, drawn anew for each seed"},
    {Scenario::calm, "calm", "no faults: what the others are compared with"},
    {Scenario::byzantine, "byzantine", "f validators lie in every way of the catalogue"},
    {Scenario::disk, "disk", "crashes, torn and reordered tails, flipped bits, full disks, failed syncs"},
    {Scenario::crash, "crash", "honest validators crash at any step and come back from their logs"},
    {Scenario::partition, "partition", "partitions of every shape, clogged and lossy links"},
    {Scenario::epoch, "epoch", "committees that replace each other while all else goes on"},
    {Scenario::catch_up, "catch-up", "validators that were away for long: range fetch and snapshots"},
    {Scenario::sync_lies, "sync-lies", "a negative test: disks that forget what they said was safe; must be caught"},
});

/// The whole catalogue of what a Byzantine validator does.
enum class Attack : unsigned {
  twins,           ///< Two unmodified copies with one key, each seen by some, in each round by others.
  equivocate,      ///< Two vertices of a round, each for one half.
  equivocate_one,  ///< Two vertices of a round, one of them for a single peer.
  third_version,   ///< Three, the third known only as a parent of the next.
  withhold,        ///< Builds on a vertex that it sent to nobody, and does not answer for.
  delay_leader,    ///< A vertex reaches some peers at once, the others rounds later.
  stale_parents,   ///< Parents as old as the rule lets them be, collected ones among them.
  garbage,         ///< Bytes that are no vertex: noise, oversized, bombs for whoever follows pointers.
  replay,          ///< Vertices of earlier rounds and epochs, once more.
  far_future,      ///< Floods of vertices of rounds that nobody has reached, with parents that do not exist.
  fake_replies,    ///< Answers to what was not asked, false ones to what was, snapshots of states that never were.
  wrong_votes,     ///< Votes for commits and states that are not.
};
inline constexpr unsigned kAttacks = 12;
[[nodiscard]] std::string_view to_string(Attack attack) noexcept;

/// Deliberate mistakes of the shell that the simulator puts around each core: the checkers must find every one, which
/// shows that they look.
enum class Mutant : unsigned {
  none,
  sends_before_sync,
  forgets_log,
  wrong_result,
  skips_commit,
  stale_reads,
  answers_no_fetch,
  believes_one,
};
struct MutantName {
  Mutant mutant;
  std::string_view name;
  std::string_view meaning;
};
inline constexpr auto kMutants = std::to_array<MutantName>({
    {Mutant::none, "none", "no mistake"},
    {Mutant::sends_before_sync, "sends-before-sync", "a validator does not wait for its disk before it sends"},
    {Mutant::forgets_log, "forgets-log", "a validator starts afresh after a crash"},
    {Mutant::wrong_result, "wrong-result", "one executor leaves a transaction out"},
    {Mutant::skips_commit, "skips-commit", "after a crash the executor misses a commit"},
    {Mutant::stale_reads, "stale-reads", "reads are answered with what was there before"},
    {Mutant::answers_no_fetch, "answers-no-fetch", "nobody answers who asks for missing vertices"},
    {Mutant::believes_one, "believes-one", "one validator's word on a state counts for two"},
});

struct ByzantinePlan {
  consensus::ValidatorIndex validator = 0;
  std::vector<Attack> attacks;

  [[nodiscard]] bool does(Attack attack) const noexcept;
};

struct DiskPlan {
  bool torn_tails = false;  ///< Else what was not synced is kept or lost as a whole.
  double bit_flip = 0;      ///< Chance that a crash also turns a bit over in the middle of the log.
  double full = 0;          ///< Chance that a restarted validator's disk has little space left.
  double sync_fails = 0;    ///< Chance that a restarted validator's disk will fail to sync.
  bool syncs_lie = false;
  Duration sync_min{0};  ///< How long a sync takes.
  Duration sync_max{0};
};

struct ClientPlan {
  std::size_t clients = 0;
  unsigned operations = 0;  ///< Of each client, one after another.
  Duration think_max{0};
  Duration patience{0};  ///< After which a client asks another validator.
  unsigned keys = 1;     ///< Registers; accounts and tasks are as many.
  double gives_up = 0;   ///< Chance that a client leaves an operation open and goes on under another name.
};

/// Everything that a seed decides before a run begins; the rest is drawn as it goes.
struct Plan {
  std::uint64_t seed = 0;
  Scenario scenario = Scenario::standard;
  std::size_t validators = 4;
  std::vector<consensus::CoreOptions> options;  ///< By validator.
  bool pipelines = false;                       ///< Steps the core while a sync is under way.

  LinkQuality stormy;
  LinkQuality calm;  ///< From the stabilisation time on.
  WeatherPlan weather;
  Duration storm{0};     ///< The safety phase: until then anything goes.
  Duration bound{0};     ///< After it, in every span of this length something is committed.
  Duration patience{0};  ///< After it, all is done by then.

  std::vector<ByzantinePlan> byzantine;
  Duration crash_interval{0};  ///< About how often some honest validator crashes; zero for never.
  Duration downtime_max{0};
  std::size_t dead_max = 0;  ///< Honest validators that may be lost for good, to a damaged disk.
  DiskPlan disk;
  bool absentee = false;  ///< One honest validator is away for most of the storm.

  ClientPlan clients;
  unsigned reconfigurations = 0;
  unsigned save_every = 1;        ///< Commits from one copy of the executor's state on disk to the next.
  unsigned checkpoint_every = 0;  ///< Copies from one log checkpoint to the next; 0 for never.
  Duration execution_max{0};
  Duration clock_skew_max{0};

  [[nodiscard]] std::size_t faults_max() const noexcept { return (validators - 1) / 3; }
  [[nodiscard]] bool is_byzantine(std::size_t validator) const noexcept;
};

/// `validators`: forces the committee's size.
[[nodiscard]] Plan make_plan(Scenario scenario, std::uint64_t seed, std::optional<std::size_t> validators);

/// One line: what is special about this run.
[[nodiscard]] std::string describe(const Plan& plan);

}  // namespace myelin::sim
