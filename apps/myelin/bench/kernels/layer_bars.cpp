#include "bench/kernels/layer_bars.hpp"

#include <algorithm>

namespace myelin::tool::kernel_bench {

std::optional<Summary> ratio_to(const Measured& measured, std::string_view theirs) {
  const std::vector<Comparison> one{measured.comparison};
  return ratio(find_series(one, measured.comparison.name, kMyelin), strongest_of(measured.comparison, theirs));
}

Bar least_bar(std::string name, double limit, const std::vector<Measured>& cases, std::string_view theirs,
              const std::stop_token& stop) {
  if (stop.stop_requested()) return {std::move(name), limit};
  std::vector<std::optional<Summary>> ratios;
  for (const Measured& measured : cases) {
    const bool takes_part = std::ranges::any_of(
        measured.comparison.series, [theirs](const Series& series) { return series.name.starts_with(theirs); });
    if (takes_part) ratios.push_back(ratio_to(measured, theirs));
  }
  return {std::move(name), limit, true, worst_of(ratios)};
}

}  // namespace myelin::tool::kernel_bench
