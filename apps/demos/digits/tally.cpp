#include "demos/digits/tally.hpp"

#include <algorithm>

namespace myelin::digits {

std::uint64_t Tally::failures() const {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : failed) sum += count;
  return sum;
}

double Tally::success_rate() const {
  return requests == 0 ? 1.0 : static_cast<double>(answered()) / static_cast<double>(requests);
}

double Tally::requests_a_second() const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(answered()) / seconds : 0.0;
}

void Tally::add_round(const Tally& round) {
  requests += round.requests;
  for (const auto& [code, count] : round.failed) failed[code] += count;
  latencies.add_all(round.latencies);
  elapsed += round.elapsed;
}

std::size_t count_correct(std::span<const Verdict> verdicts, std::span<const std::uint8_t> labels) {
  return static_cast<std::size_t>(std::ranges::count_if(
      verdicts, [labels](const Verdict& verdict) { return verdict.digit == labels[verdict.image]; }));
}

}  // namespace myelin::digits
