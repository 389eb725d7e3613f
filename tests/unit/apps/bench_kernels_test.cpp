// What `myelin bench kernels` makes of figures: nothing here measures.
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "bench/kernels/figures_table.hpp"
#include "bench/machine.hpp"
#include "bench/report.hpp"

using namespace myelin::tool;
using namespace myelin::tool::kernel_bench;

namespace {

Measured measured_of(double gflops, std::string family, const std::string& unit = "GFLOP/s") {
  const std::vector<double> values{gflops};
  return {{"case", unit, {{"Myelin", values, summarise(values)}}, {}, true}, std::move(family), 1e6, 1e5, 1, "Myelin"};
}

const std::vector<Limits> kLimits{{1, 200, 20, 80}, {2, 400, 30, 160}};

/// The `attribute` of the first circle.
double number_of(const std::string& svg, const std::string& attribute) {
  const std::string before = " " + attribute + "='";
  const std::size_t circle = svg.find("<circle");
  return std::stod(svg.substr(svg.find(before, circle) + before.size()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bench_kernels)

BOOST_AUTO_TEST_CASE(the_axis_reaches_the_highest_point_and_the_lowest) {
  const auto y = [](double gflops) {
    return number_of(draw_roofline({measured_of(gflops, "int8")}, kLimits, ""), "cy");
  };
  const std::string high = draw_roofline({measured_of(951, "int8")}, kLimits, "");
  BOOST_TEST(high.find("'end'>1024</text>") != std::string::npos);
  BOOST_TEST(high.find("'end'>2048</text>") == std::string::npos);
  BOOST_TEST(draw_roofline({measured_of(100, "int8")}, kLimits, "").find("'end'>1024</text>") == std::string::npos);
  constexpr double kTop = 50;
  constexpr double kBottom = 530;
  BOOST_TEST(y(951) > kTop);
  BOOST_TEST(y(0.3) < kBottom);
}

BOOST_AUTO_TEST_CASE(a_legend_says_which_roof_is_which_and_what_is_hollow) {
  Measured two = measured_of(300, "gemm");
  two.threads = 2;
  const std::string svg = draw_roofline({measured_of(100, "gemm"), two}, kLimits, "");
  for (const char* text : {"f32, memory, 1 thread", "f32, L2, 1 thread", "f32, memory, 2 threads", "f32, L2, 2 threads",
                           "filled: one thread", "hollow: two threads"}) {
    BOOST_TEST(svg.find(text) != std::string::npos, text);
  }
  for (const char* dashes : {"'none'", "'2 3'", "'9 4'", "'9 3 2 3'"}) {  // Twice: the roof, and the legend.
    const std::string attribute = std::string{"stroke-dasharray="} + dashes;
    const std::size_t first = svg.find(attribute);
    BOOST_TEST(first != std::string::npos, dashes);
    BOOST_TEST(svg.find(attribute, first + 1) != std::string::npos, dashes);
    BOOST_TEST(svg.find(attribute, svg.find(attribute, first + 1) + 1) == std::string::npos, dashes);
  }
  BOOST_TEST(draw_roofline({measured_of(100, "gemm")}, kLimits, "").find("hollow") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_counts_no_operations_has_no_point) {
  BOOST_TEST(has_place_under_roofs(measured_of(1, "gemm")));
  BOOST_TEST(!has_place_under_roofs(measured_of(1, "blake2b", "GB/s")));
  Measured none = measured_of(1, "gemm");
  none.comparison.series.front().values.clear();
  BOOST_TEST(!has_place_under_roofs(none));
}

BOOST_AUTO_TEST_CASE(only_f32_has_a_share_of_the_peak_of_f32) {
  Measured measured = measured_of(100, "gemm");
  BOOST_TEST(figures_table({measured}, kLimits).find("50 %") != std::string::npos);
  measured.is_f32 = false;
  BOOST_TEST(figures_table({measured}, kLimits).find('%') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_small_figure_keeps_three_digits) {
  const auto text = [](double figure) { return figures_table({measured_of(figure, "activations", "G/s")}, kLimits); };
  BOOST_TEST(text(0.08123).find(" 0.0812 ") != std::string::npos);
  BOOST_TEST(text(1.85432).find(" 1.85 ") != std::string::npos);
  BOOST_TEST(text(691.23).find(" 691.2 ") != std::string::npos);
  BOOST_TEST(text(0).find(" 0.0 ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_interrupted_case_says_so) {
  Measured measured = measured_of(100, "gemm");
  BOOST_TEST(figures_table({measured}, kLimits).find("interrupted") == std::string::npos);
  measured.comparison.complete = false;
  BOOST_TEST(figures_table({measured}, kLimits).find("gemm: case (interrupted)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(quick_is_one_round_unless_told_otherwise) {
  BenchOptions options;
  BOOST_TEST(options.rounds().repetitions == 7);
  BOOST_TEST(options.rounds().warm_ups == 1);
  options.quick = true;
  BOOST_TEST(options.rounds().repetitions == 1);
  options.repetitions = 3;
  BOOST_TEST(options.rounds().repetitions == 3);
  BOOST_TEST(options.rounds().warm_ups == 0);
}

BOOST_AUTO_TEST_CASE(a_cpu_has_its_family_and_model) {
  const auto cpu = [](const char* text) {
    std::istringstream stream{text};
    return cpu_in(stream);
  };
  BOOST_TEST(cpu("processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\n\n"
                 "processor\t: 1\nmodel\t\t: 3\n") == "AMD EPYC, family 26, model 2");
  BOOST_TEST(cpu("model name\t: Other\n") == "Other");
  BOOST_TEST(cpu("") == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
