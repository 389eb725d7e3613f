// The cases of `myelin bench agents` and the bars that their figures are held against.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "bench/messages.hpp"
#include "bench/savina/agents_bars.hpp"
#include "bench/savina/cases.hpp"
#include "bench/savina/outcome.hpp"

using namespace myelin::tool;
using namespace myelin::tool::savina;

namespace {

Series series(const char* side, std::vector<double> values) {
  const Summary summary = summarise(values);
  return {side, std::move(values), summary};
}

const Bar& bar_of(const std::vector<Bar>& bars, const std::string& name) {
  const auto bar = std::ranges::find(bars, name, &Bar::name);
  BOOST_REQUIRE_MESSAGE(bar != bars.end(), "no bar is called '" << name << "'");
  return *bar;
}

std::vector<Group> chosen(std::vector<std::string> only) {
  return groups({.workers = {1, 2}, .quick = true, .only = std::move(only)});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bench_agents)

BOOST_AUTO_TEST_CASE(every_question_is_put_to_raw_caf_first_and_to_myelin) {
  for (const Group& group : chosen({})) {
    for (const Case& question : group.cases) {
      BOOST_TEST_REQUIRE(question.variants.size() >= 2U);
      BOOST_TEST(question.variants[0].name == kRawCafSide);
      BOOST_TEST(question.variants[1].name.starts_with("Myelin"));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_name_chooses_something_and_all_names_choose_all) {
  std::size_t cases = 0;
  for (const std::string& key : group_keys()) {
    const std::vector<Group> some = chosen({key});
    BOOST_TEST(!some.empty());
    for (const Group& group : some) BOOST_TEST(group.key == key);
    cases += some.size();
  }
  BOOST_TEST(cases == chosen({}).size());
}

BOOST_AUTO_TEST_CASE(no_two_cases_share_a_name) {
  std::set<std::string> names;
  for (const Group& group : chosen({})) {
    for (const Case& question : group.cases) BOOST_TEST(names.insert(question.name).second, question.name);
  }
}

BOOST_AUTO_TEST_CASE(erlang_is_wanted_for_its_programs_only) {
  BOOST_TEST(wants_erlang({}));
  BOOST_TEST(wants_erlang({"banking", "skynet"}));
  BOOST_TEST(wants_erlang({"one-way"}));
  BOOST_TEST(!wants_erlang({"banking", "live"}));
}

BOOST_AUTO_TEST_CASE(slow_groups_get_few_rounds_and_no_warm_up) {
  const Group slow{"", {}, 3};
  BOOST_TEST(slow.rounds({.repetitions = 7, .warm_ups = 1}).repetitions == 3);
  BOOST_TEST(slow.rounds({.repetitions = 7, .warm_ups = 1}).warm_ups == 0);
  BOOST_TEST(slow.rounds({.repetitions = 2, .warm_ups = 1}).repetitions == 2);
  const Group usual{"", {}};
  BOOST_TEST(usual.rounds({.repetitions = 7, .warm_ups = 1}).warm_ups == 1);
}

BOOST_AUTO_TEST_CASE(bars_are_judged_by_the_median_of_the_ratios) {
  const std::string one_way = one_way_name(8, PayloadSource::built, 1);
  const std::string round_trip = program_name(programs().front(), 1);
  const std::vector<Bar> bars = agents_bars(
      {{one_way,
        "ns",
        {series(kRawCafSide, {100, 120, 80}), series(kFramesSide, {20, 30, 40}), series(kBatchesSide, {5, 6, 8}),
         series(kErlangSide, {40, 90, 40})},
        {}},
       {round_trip, "ns", {series(kRawCafSide, {600}), series(kMyelinSide, {60}), series(kErlangSide, {50})}, {}}},
      {1}, false);
  BOOST_TEST(bars.size() == 5U);
  // Of 5, 4 and 2.
  BOOST_TEST(bar_of(bars, "one-way rate, frames to raw CAF, 1 worker").measured.value().median == 4.0);
  BOOST_TEST(bar_of(bars, "one-way rate, frames to raw CAF, 1 worker").met());
  // Of 20, 20 and 10.
  BOOST_TEST(bar_of(bars, "one-way rate, batches to raw CAF, 1 worker").measured.value().median == 20.0);
  // Of 8, 15 and 5.
  BOOST_TEST(bar_of(bars, "one-way rate, batches to Erlang, 1 worker").measured.value().median == 8.0);
  BOOST_TEST(!bar_of(bars, "one-way rate, batches to Erlang, 1 worker").met());
  BOOST_TEST(bar_of(bars, "round trip, to raw CAF, 1 worker").measured.value().median == 0.1);
  BOOST_TEST(bar_of(bars, "round trip, to raw CAF, 1 worker").met());
  BOOST_TEST(!bar_of(bars, "round trip, to Erlang, 1 worker").met());
}

BOOST_AUTO_TEST_CASE(bars_on_a_figure_are_in_their_own_unit) {
  const std::vector<Bar> bars =
      agents_bars({{kLiveMemoryName, "B", {series(kRawCafSide, {1400}), series(kMyelinSide, {1001})}, {}},
                   {kRestName, "%", {series(kRawCafSide, {0.7}), series(kMyelinSide, {0.02, 0.04, 0.2})}, {}},
                   {kLoneName, "ns", {series(kRawCafSide, {9e4}), series(kMyelinSide, {7'500})}, {}}},
                  {1}, false);
  BOOST_TEST_REQUIRE(bars.size() == 3U);
  BOOST_TEST(bars[0].name == "memory of an idle agent, 1,000,000 live");
  BOOST_TEST(bars[0].measured.value().median == 1001.0);
  BOOST_TEST(!bars[0].met());
  BOOST_TEST(bars[1].measured.value().median == 0.04);
  BOOST_TEST(bars[1].met());
  BOOST_TEST(bars[2].measured.value().median == 7.5);
  BOOST_TEST(bars[2].unit == "us");
  BOOST_TEST(bars[2].met());
}

BOOST_AUTO_TEST_CASE(metrics_may_cost_a_twentieth) {
  const std::vector<Bar> bars = agents_bars({{observed_name(1),
                                              "ns",
                                              {series(kRawCafSide, {900}), series(kUnobservedSide, {100}),
                                               series(kMetricsSide, {106}), series(kTracedSide, {300})},
                                              {}}},
                                            {1}, false);
  BOOST_TEST_REQUIRE(bars.size() == 1U);
  BOOST_TEST(bars[0].measured.value().median == 1.06);
  BOOST_TEST(!bars[0].met());
}

BOOST_AUTO_TEST_CASE(overload_is_judged_by_what_more_messages_add) {
  constexpr double kMiB = 1 << 20;
  const std::vector<Bar> bars =
      agents_bars({{overload_name(false, false), "B", {series(kMyelinSide, {3 * kMiB, 5 * kMiB, 3 * kMiB})}, {}},
                   {overload_name(false, true), "B", {series(kMyelinSide, {3.5 * kMiB, 5 * kMiB, 9 * kMiB})}, {}}},
                  {1}, false);
  BOOST_TEST_REQUIRE(bars.size() == 1U);
  BOOST_TEST(bars[0].measured.value().median == 0.5);
  BOOST_TEST(bars[0].measured.value().max == 6.0);
  BOOST_TEST(bars[0].met());
}

BOOST_AUTO_TEST_CASE(every_savina_program_has_a_bar_and_skynet_two) {
  std::vector<Comparison> comparisons;
  for (const Program& program : programs()) comparisons.push_back({program_name(program, 2), "ns", {}, {}, false});
  const std::vector<Bar> bars = agents_bars(comparisons, {2}, false);
  BOOST_TEST(bars.size() == 14U);  // Eleven, one more for Skynet, two for PingPong.
  for (const Bar& bar : bars) {
    BOOST_TEST(!bar.measured.has_value());
    BOOST_TEST(!bar.met());
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_result_ends_a_measurement) {
  const Program program = programs().front();
  BOOST_CHECK_THROW(static_cast<void>(figure(program, program.quick, "raw CAF", {1.0, 0})), Failed);
}

BOOST_AUTO_TEST_CASE(questions_to_a_fresh_process_are_answered_by_figures) {
  for (const char* side : {kRawCafSide, kMyelinSide}) {
    for (const char* question : {"live 1000 ", "overload 5000 "}) {
      BOOST_TEST_CONTEXT(question << side) { BOOST_TEST(measure_here(std::string{question} + side, 2).has_value()); }
    }
  }
  for (const char* question : {"", "live", "live 0 Myelin", "live 10 Nobody", "sleep 10 Myelin"}) {
    BOOST_TEST_CONTEXT(question) {
      const auto answer = measure_here(question, 2);
      BOOST_TEST_REQUIRE(!answer.has_value());
      BOOST_TEST((answer.error().code == myelin::Errc::invalid_argument));
    }
  }
}

BOOST_AUTO_TEST_CASE(questions_are_answered_on_one_worker_and_on_two) {
  for (const std::size_t workers : {1, 2}) {
    for (const bool with_deadline : {false, true}) {
      BOOST_TEST(in_caf::ask({500, with_deadline, workers}) > 0.0);
      BOOST_TEST(in_myelin::ask({500, with_deadline, workers}) > 0.0);
    }
    for (const bool traced : {false, true}) {
      BOOST_TEST(in_myelin::observed({.round_trips = 500, .traced = traced, .workers = workers}) > 0.0);
    }
    BOOST_TEST(in_myelin::observed({.round_trips = 500, .metrics = false, .workers = workers}) > 0.0);
    BOOST_TEST(in_caf::lone({.messages = 3, .workers = workers}).size() == 3U);
    BOOST_TEST(in_myelin::lone({.messages = 3, .workers = workers}).size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(a_stop_ends_silence_and_rest_early) {
  std::stop_source stop;
  stop.request_stop();
  constexpr std::uint64_t kEndless = 1'000'000;
  BOOST_TEST(in_caf::lone({.messages = kEndless, .stop = stop.get_token()}).empty());
  BOOST_TEST(in_myelin::lone({.messages = kEndless, .stop = stop.get_token()}).empty());
  const Rest rest{.agents = 10, .time = std::chrono::hours{1}, .stop = stop.get_token()};
  BOOST_TEST(in_caf::at_rest(rest) >= 0.0);
  BOOST_TEST(in_myelin::at_rest(rest) >= 0.0);
}

BOOST_AUTO_TEST_SUITE_END()
