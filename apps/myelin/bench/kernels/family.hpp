/// Families of kernels to measure: what one is given, and what it gives back. A family is a file with a function
/// `measure_<name>`, and a line in families.cpp.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bench/bars.hpp"
#include "bench/harness.hpp"
#include "bench/onednn.hpp"
#include "bench/openblas.hpp"
#include "myelin/base/result.hpp"
#include "myelin/kernels/workers.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool::kernel_bench {

/// What a family measures with.
struct Stage {
  bool quick = false;  ///< A few small cases, to see that it works.
  Rounds rounds;
  std::vector<OpenBlas> openblas;   ///< One a core type; empty where the machine has none.
  std::optional<OneDnn> onednn;     ///< Nothing where the machine has none.
  kernels::Workers* two = nullptr;  ///< Two threads, for cases on two; null where there is one core.
  Progress& progress;
  const std::stop_token& stop;
};

/// One case: the sides' figures, and what the case costs, for the picture.
struct Measured {
  Comparison comparison;    ///< Unit "GFLOP/s", "GB/s" or another of which more is better.
  std::string family;       ///< Set by the command.
  double operations = 0;    ///< Floating-point operations of one run; 0 leaves the case out of the picture.
  double bytes = 0;         ///< Of all operands, each read or written once.
  std::size_t threads = 1;  ///< That our side ran on.
  std::string ours;         ///< Which side is ours: the series that the picture shows.
  bool is_f32 = true;       ///< The measured peak is that of f32: what has narrower operands is no share of it.
};

/// What came of a family.
struct FamilyReport {
  std::vector<Measured> cases;
  std::vector<Bar> bars;
};

struct Family {
  const char* name;     ///< As `--family` says it.
  const char* summary;  ///< What is measured against what, in a line.
  Result<FamilyReport> (*measure)(const Stage& stage);
};

/// All of them, in the order in which they run.
[[nodiscard]] std::span<const Family> families();

/// A side that repeats `work` for about 20 ms a measurement, on the calling thread's own processor time, so that other
/// programs on the machine weigh little. The figure is `amount` a second in billions: GFLOP/s for operations, GB/s for
/// bytes. Runs `work` a few times at once, to find how often.
[[nodiscard]] Variant timed(std::string name, double amount, std::function<void()> work);

/// The same by the clock on the wall, for work on several threads. `pause_after`: the work leaves threads that spin.
[[nodiscard]] Variant timed_on_threads(std::string name, double amount, std::function<void()> work,
                                       bool pause_after = false);

/// Of a comparison's sides whose names begin with `theirs`, the one with the greatest median; null where none was
/// measured in all rounds. One side for all rounds: the best of each round would be better than any side is.
[[nodiscard]] const Series* strongest_of(const Comparison& comparison, std::string_view theirs);

/// Of these, the summary with the least median; nothing where one is missing. For bars that many cases must reach.
[[nodiscard]] std::optional<Summary> worst_of(const std::vector<std::optional<Summary>>& ratios);

/// `count` values in [-1, 1), the same for the same seed.
[[nodiscard]] std::vector<float> random_values(std::size_t count, unsigned seed);

// The families, each in its file.
[[nodiscard]] Result<FamilyReport> measure_bf16(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_gemm(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_int8(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_activations(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_norms(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_convolutions(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_attention(const Stage& stage);
[[nodiscard]] Result<FamilyReport> measure_blake2b(const Stage& stage);

}  // namespace myelin::tool::kernel_bench
