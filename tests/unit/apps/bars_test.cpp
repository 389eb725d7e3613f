#include "bench/bars.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "bench/kernels/layer_bars.hpp"

using namespace myelin::tool;

namespace {

Comparison comparison_of(bool complete) {
  Comparison comparison{"case", "GFLOP/s", {}, {}, complete};
  for (const auto& [side, value] : {std::pair{"theirs", 1.0}, {"Myelin", 2.0}}) {
    const std::vector<double> values{value, value};
    comparison.series.push_back({side, values, summarise(values)});
  }
  return comparison;
}

Bar bar_of(double limit, double median, bool at_least = true) {
  return {"bar", limit, at_least, Summary{median, median, median}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bars)

BOOST_AUTO_TEST_CASE(a_case_that_was_cut_short_is_not_judged) {
  for (const bool complete : {true, false}) {
    const std::vector<Comparison> comparisons{comparison_of(complete)};
    BOOST_TEST((find_series(comparisons, "case", "Myelin") != nullptr) == complete);
    BOOST_TEST((kernel_bench::strongest_of(comparisons.front(), "theirs") != nullptr) == complete);
    const kernel_bench::Measured measured{comparisons.front(), {}, 0, 0, 1, {}};
    BOOST_TEST(kernel_bench::least_bar("least", 1, {measured}, "theirs", {}).measured.has_value() == complete);
  }
}

BOOST_AUTO_TEST_CASE(the_least_of_fewer_cases_than_were_planned_is_not_judged) {
  const std::vector<kernel_bench::Measured> cases{{comparison_of(true), {}, 0, 0, 1, {}}};
  std::stop_source stop;
  BOOST_TEST(kernel_bench::least_bar("least", 1, cases, "theirs", stop.get_token()).met());
  stop.request_stop();
  const Bar bar = kernel_bench::least_bar("least", 1, cases, "theirs", stop.get_token());
  BOOST_TEST(!bar.measured.has_value());
  BOOST_TEST(bar_table({bar}).find("not measured") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_not_measured_is_neither_met_nor_missed) {
  BOOST_TEST(nlohmann::json(Bar{"bar", 1})["met"].is_null());
  BOOST_TEST(nlohmann::json(bar_of(1, 2))["met"].get<bool>());
  BOOST_TEST(!nlohmann::json(bar_of(1, 0.5))["met"].get<bool>());
}

BOOST_AUTO_TEST_CASE(a_rounded_figure_does_not_contradict_its_verdict) {
  const auto line = [](const Bar& bar) {
    const std::string table = bar_table({bar});
    const std::size_t begin = table.rfind("bar ");
    return table.substr(begin, table.size() - begin - 1);
  };
  BOOST_TEST(line(bar_of(1, 0.9961)) == "bar   at least 1     0.996  missed");
  BOOST_TEST(line(bar_of(1, 0.99961)) == "bar   at least 1    0.9996  missed");
  BOOST_TEST(line(bar_of(1.2, 1.2003, false)) == "bar   at most 1.2    1.2003  missed");
  BOOST_TEST(line(bar_of(1, 1.004)) == "bar   at least 1      1.00  met");
  BOOST_TEST(line(bar_of(0.97, 0.97)) == "bar   at least 0.97      0.97  met");
  BOOST_TEST(line(bar_of(0.125, 0.125, false)) == "bar   at most 0.125      0.12  met");
}

BOOST_AUTO_TEST_SUITE_END()
