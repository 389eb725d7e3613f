/// Order statistics of measurements.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace myelin::tool {

/// The value below which the given part of the sorted values lies, by the nearest-rank rule: an actual measurement,
/// never an interpolation. **Requires**: values not empty and sorted, 0 < part <= 1.
[[nodiscard]] double percentile_of_sorted(std::span<const double> values, double part);

/// The middle value, the mean of the two middle ones when their count is even. **Requires**: not empty.
[[nodiscard]] double median(std::vector<double> values);

/// Median and range of repeated measurements.
struct Summary {
  double median = 0;
  double min = 0;
  double max = 0;

  /// (max - min) / median: how far the repetitions lie apart. 0 for a median of 0.
  [[nodiscard]] double spread() const { return median == 0 ? 0 : (max - min) / median; }
};

/// **Requires**: values not empty.
[[nodiscard]] Summary summarise(std::span<const double> values);

/// Exact percentiles of latencies: every sample is kept. **Units**: nanoseconds. **Cost**: 8 bytes a sample.
/// **Thread-safety**: thread-compatible.
class Latencies {
 public:
  void reserve(std::size_t count) { samples_.reserve(count); }
  void add(double nanoseconds) {
    samples_.push_back(nanoseconds);
    sorted_ = false;
  }
  void add_all(const Latencies& other);

  [[nodiscard]] std::size_t size() const { return samples_.size(); }
  [[nodiscard]] bool empty() const { return samples_.empty(); }

  /// E.g. 0.99 for p99. **Requires**: not empty, 0 < part <= 1. **Cost**: sorts after the last add.
  [[nodiscard]] double percentile(double part);

  /// How many samples fall into each of `count` buckets whose bounds grow by equal factors from the least to the
  /// greatest sample; empty for no samples.
  [[nodiscard]] std::vector<double> buckets(std::size_t count);

 private:
  void sort();

  std::vector<double> samples_;
  bool sorted_ = true;
};

/// {"median", "min", "max"}.
void to_json(nlohmann::json& json, const Summary& summary);

/// {"samples", "p50_ns", "p95_ns", "p99_ns", "max_ns"}; samples alone when empty.
[[nodiscard]] nlohmann::json to_json(Latencies& latencies);

}  // namespace myelin::tool
