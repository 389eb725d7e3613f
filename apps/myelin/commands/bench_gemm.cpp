#include "commands/bench_gemm.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/gemm.hpp"
#include "terminal/table.hpp"

namespace myelin::tool {

namespace {

std::string gflops(double value) { return fmt::format("{:.1f}", value); }
std::string ratio(double value) { return fmt::format("{:.2f}", value); }

/// The cells of one variant: its figure and, when there is a baseline, how many times the baseline's it is.
void append_cells(const Comparison& comparison, const std::string& name, std::vector<std::string>& cells) {
  const auto& series = comparison.series;
  const auto found = std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.name == name; });
  if (found == series.end() || found->values.empty()) {
    cells.insert(cells.end(), {"-", "-"});
    return;
  }
  cells.push_back(format_summary(found->summary, gflops));
  const auto index = static_cast<std::size_t>(found - series.begin());
  const bool has_baseline = series.front().name == kOpenBlasVariant;
  cells.push_back(has_baseline && index > 0 ? format_summary(comparison.ratios[index - 1], ratio) : "-");
}

std::string to_text(const std::vector<Comparison>& comparisons, const std::string& openblas_name) {
  using enum Table::Align;
  Table table{{{"m x n x k", left}, {openblas_name}, {"Myelin"}, {"ratio"}, {"packed weights"}, {"ratio"}}};
  for (const Comparison& comparison : comparisons) {
    const bool has_baseline = comparison.series.front().name == kOpenBlasVariant;
    const Series& baseline = comparison.series.front();
    std::vector<std::string> cells{comparison.name};
    cells.push_back(has_baseline && !baseline.values.empty() ? format_summary(baseline.summary, gflops) : "absent");
    append_cells(comparison, kMyelinVariant, cells);
    append_cells(comparison, kMyelinPackedVariant, cells);
    table.add_row(std::move(cells));
  }
  return table.to_string() +
         "GFLOP/s on one thread: median (range). ratio: Myelin / OpenBLAS, by round; above 1 is faster.\n";
}

}  // namespace

void BenchGemm::declare(CLI::App& app) {
  options_.declare(app);
  app.footer(
      "Examples:\n"
      "  myelin bench gemm                            # all shapes, about a minute\n"
      "  myelin bench gemm --quick                    # does it work here?\n"
      "  myelin bench gemm --json > gemm.json\n\n"
      "Without libopenblas0 on the machine only Myelin's own figures are shown.");
}

Result<void> BenchGemm::run(Session& session) {
  if (auto can = options_.check(); !can) return can;
  const Machine machine = introduce(session, path());
  Result<OpenBlas> openblas = OpenBlas::load();
  if (!openblas) session.warn(openblas.error().message);
  const OpenBlas* const baseline = openblas ? &*openblas : nullptr;
  const std::string baseline_name = openblas ? openblas->name() : "OpenBLAS";

  Progress progress{session.terminal, session.quiet};
  std::vector<Comparison> comparisons;
  for (const GemmShape& shape : gemm_shapes(options_.quick)) {
    if (session.stop.stop_requested()) break;
    Result<Comparison> comparison = compare_gemm(shape, baseline, options_.rounds(), progress, session.stop);
    if (!comparison) return tl::unexpected<Error>{comparison.error()};
    comparisons.push_back(std::move(*comparison));
  }
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["openblas"] = openblas ? nlohmann::json(baseline_name) : nlohmann::json(nullptr);
  document["results"] = comparisons;
  return publish(session, options_, document, to_text(comparisons, baseline_name));
}

}  // namespace myelin::tool
