#include <time.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "bench/kernels/family.hpp"

namespace myelin::tool::kernel_bench {

namespace {

/// A measurement repeats the work for about this long: a clock reading and a timer interrupt then weigh little.
constexpr double kMeasurementSeconds = 0.02;

/// Longer than the idle threads of OpenBLAS and oneDNN spin.
constexpr std::chrono::milliseconds kSpinning{60};

double seconds_on(clockid_t clock) {
  timespec now = {};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of(const std::function<void()>& work, std::size_t times, clockid_t clock) {
  const double start = seconds_on(clock);
  for (std::size_t i = 0; i < times; ++i) work();
  return seconds_on(clock) - start;
}

Variant timed_by(std::string name, double amount, std::function<void()> work, clockid_t clock, bool pause_after) {
  std::size_t times = 1;
  for (;; times *= 2) {
    const double seconds = seconds_of(work, times, clock);
    if (seconds < kMeasurementSeconds / 4) continue;
    times =
        std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(times) * kMeasurementSeconds / seconds));
    break;
  }
  return {std::move(name), [=, work = std::move(work)] {
            const double seconds = seconds_of(work, times, clock);
            if (pause_after) std::this_thread::sleep_for(kSpinning);
            return static_cast<double>(times) * amount / seconds / 1e9;
          }};
}

}  // namespace

Variant timed(std::string name, double amount, std::function<void()> work) {
  return timed_by(std::move(name), amount, std::move(work), CLOCK_THREAD_CPUTIME_ID, false);
}

Variant timed_on_threads(std::string name, double amount, std::function<void()> work, bool pause_after) {
  return timed_by(std::move(name), amount, std::move(work), CLOCK_MONOTONIC, pause_after);
}

const Series* strongest_of(const Comparison& comparison, std::string_view theirs) {
  if (!comparison.complete) return nullptr;
  const Series* strongest = nullptr;
  for (const Series& series : comparison.series) {
    if (series.values.empty() || !series.name.starts_with(theirs)) continue;
    if (strongest == nullptr || series.summary.median > strongest->summary.median) strongest = &series;
  }
  return strongest;
}

std::optional<Summary> worst_of(const std::vector<std::optional<Summary>>& ratios) {
  std::optional<Summary> worst;
  for (const std::optional<Summary>& ratio : ratios) {
    if (!ratio) return std::nullopt;
    if (!worst || ratio->median < worst->median) worst = ratio;
  }
  return worst;
}

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 generator{seed};
  std::uniform_real_distribution<float> distribution{-1.0F, 1.0F};
  std::vector<float> values(count);
  for (float& value : values) value = distribution(generator);
  return values;
}

}  // namespace myelin::tool::kernel_bench
