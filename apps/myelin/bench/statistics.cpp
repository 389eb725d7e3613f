#include "bench/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace myelin::tool {

double percentile_of_sorted(std::span<const double> values, double part) {
  const double rank = std::ceil(part * static_cast<double>(values.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return values[std::min(index, values.size() - 1)];
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

Summary summarise(std::span<const double> values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {median({values.begin(), values.end()}), *min, *max};
}

void Latencies::add_all(const Latencies& other) {
  samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end());
  sorted_ = false;
}

void Latencies::sort() {
  if (sorted_) return;
  std::sort(samples_.begin(), samples_.end());
  sorted_ = true;
}

double Latencies::percentile(double part) {
  sort();
  return percentile_of_sorted(samples_, part);
}

std::vector<double> Latencies::buckets(std::size_t count) {
  if (samples_.empty() || count == 0) return {};
  sort();
  const double first = std::max(samples_.front(), 1.0);  // Below a nanosecond no clock tells times apart.
  const double octaves = std::log(std::max(samples_.back(), first) / first);
  std::vector<double> counts(count, 0.0);
  for (const double sample : samples_) {
    const double position = octaves > 0 ? std::log(std::max(sample, first) / first) / octaves : 0.0;
    const auto bucket = static_cast<std::size_t>(position * static_cast<double>(count));
    counts[std::min(bucket, count - 1)] += 1.0;
  }
  return counts;
}

void to_json(nlohmann::json& json, const Summary& summary) {
  json = {{"median", summary.median}, {"min", summary.min}, {"max", summary.max}};
}

nlohmann::json to_json(Latencies& latencies) {
  nlohmann::json json{{"samples", latencies.size()}};
  if (latencies.empty()) return json;
  json["p50_ns"] = latencies.percentile(0.50);
  json["p95_ns"] = latencies.percentile(0.95);
  json["p99_ns"] = latencies.percentile(0.99);
  json["max_ns"] = latencies.percentile(1.0);
  return json;
}

}  // namespace myelin::tool
