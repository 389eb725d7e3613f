/// The digits demo from data to figures.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "demos/digits/probes.hpp"
#include "demos/digits/recording.hpp"
#include "demos/digits/settings.hpp"
#include "demos/digits/training.hpp"
#include "myelin/actors/batch_statistics.hpp"
#include "process/environment.hpp"
#include "terminal/progress.hpp"

namespace myelin::digits {

/// The same work, done in one way.
struct Column {
  std::string name;
  std::size_t max_batch = 1;
  Tally tally;
  BatchStatistics::Snapshot batches;
};

/// Everything that a run found out.
struct Findings {
  Settings settings;
  bool quick = false;

  std::size_t train_images = 0;
  std::shared_ptr<const Samples> held_out;
  std::vector<std::size_t> widths;  ///< Of the network, from input to output.
  std::size_t parameters = 0;
  struct Training {
    std::size_t epochs = 0;
    double loss = 0;
    double accuracy = 0;
    double seconds = 0;
  };
  std::optional<Training> training;  ///< Nothing when the network came from a file.

  std::size_t workers = 0;
  std::string backend;                       ///< Its name, after the work.
  std::vector<kernels::Fallback> fallbacks;  ///< What it gave up on, if anything.
  Readiness readiness;
  Duration mesh_start_up{0};         ///< From before the mesh's making to all agents ready.
  Duration total_start_up{0};        ///< From the command's start to all agents ready: reading and training are in it.
  std::array<Column, 2> columns;     ///< Batching on, batching off.
  std::uint64_t resident_bytes = 0;  ///< Of the whole process, after the work.

  tool::Latencies round_trips;
  Stream stream;
  double product_ns = 0;
  std::string product_backend;
  CrowdFigures crowd;
  Recorded recorded;

  /// Of both columns.
  [[nodiscard]] double success_rate() const;
};

/// Runs it. After a stop request it returns soon, with an error that nobody needs to read.
/// **Errors**: those of reading, training, saving and record(); invalid_argument for settings that do not fit the data.
[[nodiscard]] Result<Findings> run_demo(const Settings& settings, bool quick, const tool::Environment& environment,
                                        tool::Progress& progress, const std::stop_token& stop);

}  // namespace myelin::digits
