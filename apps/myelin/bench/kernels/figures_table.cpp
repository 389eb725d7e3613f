#include "bench/kernels/figures_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/report.hpp"
#include "terminal/table.hpp"

namespace myelin::tool::kernel_bench {

namespace {

/// Three significant digits, and one behind the point at least: "691.2", "14.0", "1.85", "0.0123".
std::string rate(double value) {
  constexpr int kPlacesMax = 9;
  const int places = value > 0 ? std::clamp(2 - static_cast<int>(std::floor(std::log10(value))), 1, kPlacesMax) : 1;
  return fmt::format("{:.{}f}", value, places);
}

}  // namespace

std::string figures_table(const std::vector<Measured>& cases, const std::vector<Limits>& limits) {
  using enum Table::Align;
  if (cases.empty()) return {};
  Table table{{{"case", left}, {"side", left}, {"median (range)"}, {"", left}, {"of peak"}, {"to the first"}}};
  for (const Measured& measured : cases) {
    const Comparison& comparison = measured.comparison;
    const auto limit = std::ranges::find(limits, measured.threads, &Limits::threads);
    const std::string name = measured.family + ": " + comparison.name + (comparison.complete ? "" : " (interrupted)");
    for (std::size_t i = 0; i < comparison.series.size(); ++i) {
      const Series& series = comparison.series[i];
      const bool measures = !series.values.empty();
      const bool has_share = measures && measured.is_f32 && comparison.unit == "GFLOP/s" && limit != limits.end();
      table.add_row({i == 0 ? name : "", series.name, measures ? format_summary(series.summary, rate) : "-",
                     comparison.unit,
                     has_share ? fmt::format("{:.0f} %", 100 * series.summary.median / limit->gflops) : "",
                     i > 0 && measures ? format_summary(comparison.ratios[i - 1], two_digits) : ""});
    }
  }
  return table.to_string();
}

}  // namespace myelin::tool::kernel_bench
