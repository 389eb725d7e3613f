#include "bench/savina/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <sstream>

#include "bench/messages.hpp"
#include "bench/myelin_side.hpp"
#include "bench/raw_caf.hpp"
#include "bench/savina/outcome.hpp"
#include "process/child.hpp"
#include "terminal/units.hpp"

namespace myelin::tool::savina {

namespace {

constexpr const char* kOneWayKey = "one-way";
constexpr const char* kAskKey = "ask";
constexpr const char* kSpawnKey = "spawn";
constexpr const char* kLiveKey = "live";
constexpr const char* kRestKey = "rest";
constexpr const char* kLoneKey = "lone";
constexpr const char* kOverloadKey = "overload";
constexpr const char* kMetricsKey = "metrics";

std::string on_workers(std::size_t workers) { return fmt::format("{} worker{}", workers, workers == 1 ? "" : "s"); }

Finish in_erlang(Erlang& erlang, const std::string& program, const Work& work) {
  Result<Finish> finish = erlang.run(program, work);
  if (!finish) throw Failed{fmt::format("{} in Erlang: {}", program, to_string(finish.error()))};
  return *finish;
}

/// Two figures that come of one measurement, for two cases of one group: each round measures once.
class Pair {
 public:
  using Measure = std::function<std::pair<double, double>()>;

  explicit Pair(Measure measure) : measure_{std::move(measure)} {}

  double first() { return take(first_taken_).first; }
  double second() { return take(second_taken_).second; }

 private:
  std::pair<double, double> take(bool& taken) {
    if (taken || (!first_taken_ && !second_taken_)) {
      figures_ = measure_();
      first_taken_ = second_taken_ = false;
    }
    taken = true;
    const std::pair<double, double> figures = figures_;
    if (first_taken_ && second_taken_) first_taken_ = second_taken_ = false;
    return figures;
  }

  Measure measure_;
  std::pair<double, double> figures_;
  bool first_taken_ = false;
  bool second_taken_ = false;
};

/// A case a figure, with a variant a side.
std::vector<Case> pair_cases(Case first, Case second, std::vector<std::pair<std::string, Pair::Measure>> sides) {
  for (auto& [side, measure] : sides) {
    const auto pair = std::make_shared<Pair>(std::move(measure));
    first.variants.push_back({side, [pair] { return pair->first(); }});
    second.variants.push_back({side, [pair] { return pair->second(); }});
  }
  return {std::move(first), std::move(second)};
}

Case program_case(const Program& program, std::size_t workers, const Plan& plan) {
  Work work = plan.quick ? program.quick : program.full;
  work.workers = workers;
  const auto side = [&](const std::string& name, Finish (*run)(const Work&)) {
    return Variant{name, [program, work, name, run] { return figure(program, work, name, run(work)); }};
  };
  Case made{
      program_name(program, workers), "ns", {side(kRawCafSide, program.in_caf), side(kMyelinSide, program.in_myelin)}};
  if (program.in_erlang && plan.erlang != nullptr) {
    made.variants.push_back({kErlangSide, [program, work, erlang = plan.erlang] {
                               return figure(program, work, kErlangSide, in_erlang(*erlang, program.key, work));
                             }});
  }
  return made;
}

Case one_way_case(std::size_t workers, const Plan& plan) {
  const OneWay question{.payload_bytes = 8,
                        .messages = plan.quick ? std::uint64_t{50'000} : std::uint64_t{1'000'000},
                        .workers = workers,
                        .stop = plan.stop};
  Case made{one_way_name(question.payload_bytes, question.source, workers), "ns", {}};
  for (const MessagingSide& side : messaging_sides()) {
    made.variants.push_back({side.name, [side, question] { return side.one_way_ns(question); }});
  }
  if (plan.erlang != nullptr) {
    const Work work{.messages = question.messages, .workers = workers};
    made.variants.push_back({kErlangSide, [work, erlang = plan.erlang] {
                               const Finish finish = in_erlang(*erlang, "flood", work);
                               if (finish.result != work.messages) throw Failed{"Erlang lost messages"};
                               return finish.nanoseconds / static_cast<double>(work.messages);
                             }});
  }
  return made;
}

Case ask_case(bool with_deadline, std::size_t workers, const Plan& plan) {
  const Asks asks{plan.quick ? 5'000U : 100'000U, with_deadline, workers};
  return {
      ask_name(with_deadline, workers),
      "ns",
      {{kRawCafSide, [asks] { return in_caf::ask(asks); }}, {kMyelinSide, [asks] { return in_myelin::ask(asks); }}}};
}

Case spawn_case(const Plan& plan) {
  const Spawn question{plan.quick ? 5'000U : 100'000U, true, 1};
  return {kSpawnName,
          "ns",
          {{kRawCafSide, [question] { return tool::raw_caf::spawn(question); }},
           {kMyelinSide, [question] { return frames::spawn(question); }}}};
}

/// Asks a fresh process, whose heap nothing else has used. Zeros when stopped. **Errors**: throws Failed.
std::vector<double> measure_elsewhere(const std::string& question, std::size_t workers, std::size_t figures,
                                      const Plan& plan) {
  const Result<std::string> text =
      run_self({"bench", "agents", "--measure", question, "--workers", std::to_string(workers), "--quiet"});
  std::vector<double> values(figures);
  if (!text) {
    // Ctrl-C reaches both processes, and the other one's end may be noticed first.
    rest_for(std::chrono::milliseconds{100}, plan.stop);
    if (plan.stop.stop_requested()) return values;
    throw Failed{text.error().message};
  }
  std::istringstream lines{*text};
  for (double& value : values) {
    if (!(lines >> value)) throw Failed{fmt::format("'{}' gave no figures but '{}'", question, *text)};
  }
  return values;
}

std::vector<Case> live_cases(const Plan& plan) {
  const auto of = [&](const char* side) -> std::pair<std::string, Pair::Measure> {
    return {side, [question = fmt::format("live {} {}", agents_live(plan.quick), side), plan] {
              // One worker: two contend for CAF's queues, and that is a question of its own.
              const std::vector<double> figures = measure_elsewhere(question, 1, 2, plan);
              return std::pair{figures[0], figures[1]};
            }};
  };
  return pair_cases({kLiveMemoryName, "B", {}}, {kLiveSpawnName, "ns", {}}, {of(kRawCafSide), of(kMyelinSide)});
}

Case rest_case(const Plan& plan) {
  const Rest rest{
      .time = std::chrono::milliseconds{plan.quick ? 500 : 3000}, .workers = plan.workers_max(), .stop = plan.stop};
  return {kRestName, "%", {{kRawCafSide, [rest] { return in_caf::at_rest(rest); }}, {kMyelinSide, [rest] {
                                                                                       return in_myelin::at_rest(rest);
                                                                                     }}}};
}

std::vector<Case> lone_cases(const Plan& plan) {
  const Lone lone{.messages = plan.quick ? 50U : 500U, .workers = plan.workers_max(), .stop = plan.stop};
  const auto of = [&](const char* side, Latencies (*measure)(const Lone&)) -> std::pair<std::string, Pair::Measure> {
    return {side, [lone, side = std::string{side}, measure, rows = plan.lone_latencies] {
              Latencies latencies = measure(lone);
              if (latencies.empty()) return std::pair{0.0, 0.0};  // stopped
              if (rows != nullptr) {
                auto row = std::ranges::find(*rows, side, &LatencyRow::side);
                if (row == rows->end()) row = rows->insert(row, {side, lone.workers, {}});
                row->latencies.add_all(latencies);
              }
              return std::pair{latencies.percentile(0.5), latencies.percentile(0.99)};
            }};
  };
  return pair_cases({kLoneName, "ns", {}}, {kLoneTailName, "ns", {}},
                    {of(kRawCafSide, in_caf::lone), of(kMyelinSide, in_myelin::lone)});
}

std::uint64_t overload_messages(bool quick, bool long_one) {
  constexpr std::uint64_t kTimes = 4;
  return (quick ? 20'000 : 200'000) * (long_one ? kTimes : 1);
}

Case overload_case(bool long_one, const Plan& plan) {
  Case made{overload_name(plan.quick, long_one), "B", {}};
  for (const char* side : {kRawCafSide, kMyelinSide}) {
    made.variants.push_back(
        {side, [question = fmt::format("overload {} {}", overload_messages(plan.quick, long_one), side), plan] {
           return measure_elsewhere(question, plan.workers_max(), 1, plan).front();
         }});
  }
  return made;
}

Case observed_case(std::size_t workers, const Plan& plan) {
  const std::uint64_t round_trips = plan.quick ? 10'000 : 200'000;
  const auto with = [&](bool metrics, bool traced) {
    return [observed = Observed{round_trips, metrics, traced, workers}] { return in_myelin::observed(observed); };
  };
  const RoundTrip plain{.round_trips = round_trips, .workers = workers, .stop = plan.stop};
  return {observed_name(workers),
          "ns",
          {{kRawCafSide, [plain] { return tool::raw_caf::round_trip(plain); }},
           {kUnobservedSide, with(false, false)},
           {kMetricsSide, with(true, false)},
           {kTracedSide, with(true, true)}}};
}

}  // namespace

Rounds Group::rounds(Rounds wanted) const {
  if (!rounds_max) return wanted;
  return {std::min(wanted.repetitions, *rounds_max), 0};
}

std::size_t Plan::workers_max() const { return *std::ranges::max_element(workers); }

std::uint64_t agents_live(bool quick) { return quick ? 20'000 : 1'000'000; }

std::string program_name(const Program& program, std::size_t workers) {
  return fmt::format("{}, {}: {}", program.name, on_workers(workers), program.per);
}

std::string ask_name(bool with_deadline, std::size_t workers) {
  return fmt::format("ask{}, {}", with_deadline ? " with a deadline of 1 s" : "", on_workers(workers));
}

std::string observed_name(std::size_t workers) { return fmt::format("metrics, {}: a round trip", on_workers(workers)); }

std::string overload_name(bool quick, bool long_one) {
  return fmt::format("overload, {} messages: memory",
                     format_count(static_cast<long long>(overload_messages(quick, long_one))));
}

std::vector<std::string> group_keys() {
  std::vector<std::string> keys{kOneWayKey, kAskKey};
  for (const Program& program : programs()) keys.push_back(program.key);
  for (const char* key : {kSpawnKey, kLiveKey, kRestKey, kLoneKey, kOverloadKey, kMetricsKey}) keys.emplace_back(key);
  return keys;
}

bool wants_erlang(const std::vector<std::string>& only) {
  const auto wanted = [&](const std::string& key) { return only.empty() || std::ranges::count(only, key) > 0; };
  return wanted(kOneWayKey) || std::ranges::any_of(programs(), [&](const Program& program) {
           return program.in_erlang && wanted(program.key);
         });
}

std::vector<Group> groups(const Plan& plan) {
  constexpr int kFewRounds = 3;
  std::vector<Group> made;
  for (const std::size_t workers : plan.workers) made.push_back({kOneWayKey, {one_way_case(workers, plan)}});
  for (const std::size_t workers : plan.workers) {
    made.push_back({kAskKey, {ask_case(false, workers, plan)}});
    made.push_back({kAskKey, {ask_case(true, workers, plan)}});
  }
  for (const Program& program : programs()) {
    for (const std::size_t workers : plan.workers) {
      if (!program.on_each_number_of_workers && workers != plan.workers_max()) continue;
      made.push_back({program.key, {program_case(program, workers, plan)}});
    }
  }
  made.push_back({kSpawnKey, {spawn_case(plan)}});
  made.push_back({kLiveKey, live_cases(plan), kFewRounds});
  made.push_back({kRestKey, {rest_case(plan)}, kFewRounds});
  made.push_back({kLoneKey, lone_cases(plan)});
  made.push_back({kOverloadKey, {overload_case(false, plan), overload_case(true, plan)}, kFewRounds});
  for (const std::size_t workers : plan.workers) made.push_back({kMetricsKey, {observed_case(workers, plan)}});
  if (!plan.only.empty()) {
    std::erase_if(made, [&](const Group& group) { return std::ranges::count(plan.only, group.key) == 0; });
  }
  return made;
}

Result<std::string> measure_here(const std::string& question, std::size_t workers) {
  std::istringstream words{question};
  std::string what;
  std::string side;
  std::uint64_t count = 0;
  words >> what >> count >> std::ws;
  std::getline(words, side);
  const bool caf = side == kRawCafSide;
  if (count > 0 && (caf || side == kMyelinSide)) {
    if (what == "live") {
      const Live live = caf ? in_caf::live(count, workers) : in_myelin::live(count, workers);
      return fmt::format("{}\n{}\n", live.bytes_per_agent, live.ns_per_agent);
    }
    if (what == "overload") {
      const Overload overload{count, workers};
      return fmt::format("{}\n", caf ? in_caf::overload(overload) : in_myelin::overload(overload));
    }
  }
  return fail(Errc::invalid_argument, fmt::format("--measure: '{}' is no question", question));
}

}  // namespace myelin::tool::savina
