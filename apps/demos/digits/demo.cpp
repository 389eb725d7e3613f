#include "demos/digits/demo.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "myelin/actors/inference_kernel.hpp"
#include "myelin/actors/network_file.hpp"
#include "process/atomic_file.hpp"
#include "process/memory.hpp"
#include "terminal/units.hpp"

namespace myelin::digits {

namespace {

/// How much of each thing is done.
struct Effort {
  int rounds;  ///< In which both columns take turns, so that a machine's drift meets both.
  std::uint64_t round_trips;
  std::uint64_t chunks;
  int products;
  std::size_t crowd;  ///< Agents.
};
constexpr Effort kFull{3, 50'000, 200'000, 7, 100'000};
constexpr Effort kQuick{1, 2'000, 5'000, 1, 5'000};

constexpr Duration kProgressTick = std::chrono::milliseconds{100};

tl::unexpected<Error> stopped() { return fail(Errc::timeout, "interrupted"); }

/// One run: its parts in the order in which they happen.
class Demo {
 public:
  Demo(const Settings& settings, bool quick, tool::Progress& progress, std::stop_token stop)
      : settings_{settings}, effort_{quick ? kQuick : kFull}, progress_{progress}, stop_{std::move(stop)} {
    found_.settings = settings;
    found_.quick = quick;
  }

  Result<Findings> run(const tool::Environment& environment) {
    Result<void> done = open_backend();
    if (done) done = read_data(environment);
    for (const auto part : {&Demo::get_network, &Demo::work, &Demo::measure_alone, &Demo::record_results}) {
      if (done && stop_.stop_requested()) done = stopped();
      if (done) done = (this->*part)();
    }
    if (!done) return tl::unexpected{done.error()};
    return std::move(found_);
  }

 private:
  Result<void> open_backend() {
    if (!settings_.save_model.empty()) {
      if (const auto can = tool::check_can_write("--save-model", settings_.save_model); !can) return can;
    }
    std::error_code ignored;
    if (std::filesystem::exists(settings_.memory, ignored) &&
        !std::filesystem::is_directory(settings_.memory, ignored)) {
      return fail(Errc::invalid_argument, fmt::format("--memory '{}' is not a directory", settings_.memory));
    }
    const Result<kernels::BackendKind> kind = kernels::parse_backend(settings_.backend);
    if (!kind) return tl::unexpected{kind.error()};
    Result<std::unique_ptr<kernels::Backend>> backend = kernels::make_backend(*kind);
    if (!backend) return tl::unexpected{backend.error()};
    backend_ = *std::move(backend);
    return {};
  }

  Result<void> read_data(const tool::Environment& environment) {
    std::optional<std::filesystem::path> given;
    if (!settings_.data.empty()) given = settings_.data;
    const std::filesystem::path path = data_file(given, environment);
    const Result<Samples> samples = read_samples(path);
    if (!samples) return tl::unexpected{samples.error()};
    Split parts = split(*samples);
    if (parts.held_out.size() == 0) {
      return fail(Errc::invalid_argument, fmt::format("'{}': {} rows are too few; every {}th is held out",
                                                      path.string(), samples->size(), kHoldOutEvery));
    }
    train_ = std::move(parts.train);
    found_.train_images = train_.size();
    found_.held_out = std::make_shared<const Samples>(std::move(parts.held_out));
    if (settings_.requests < found_.held_out->size()) {
      return fail(
          Errc::invalid_argument,
          fmt::format("--requests {} is less than the {} held-out images, each of which must be asked about once",
                      settings_.requests, found_.held_out->size()));
    }
    return {};
  }

  Result<void> get_network() {
    if (!settings_.model.empty()) {
      Result<kernels::Network> loaded = load_digits_network(settings_.model);
      if (!loaded) return tl::unexpected{loaded.error()};
      network_ = std::make_shared<const kernels::Network>(*std::move(loaded));
    } else if (const auto trained = train_network(); !trained) {
      return trained;
    }
    found_.parameters = network_->parameter_count();
    found_.widths.push_back(network_->inputs());
    for (const auto& layer : network_->layers()) found_.widths.push_back(layer.outputs);
    if (stop_.stop_requested() || settings_.save_model.empty()) return {};
    return save_network(*network_, settings_.save_model);
  }

  Result<void> train_network() {
    progress_.update(fmt::format("training on {} images", train_.size()));
    TrainingPlan plan{.epochs = settings_.epochs, .seed = settings_.seed, .stop = stop_};
    plan.on_epoch = [this](const kernels::EpochReport& epoch) {
      progress_.update(fmt::format("training: epoch {} of at most {}, loss {:.4f}, {} of the training images right",
                                   epoch.epoch, settings_.epochs, epoch.loss, tool::format_percent(epoch.accuracy)));
    };
    Result<Trained> trained = train(train_, *backend_, plan);
    if (!trained) return tl::unexpected{trained.error()};
    found_.training = {trained->epochs, trained->loss, trained->accuracy, trained->seconds};
    network_ = std::make_shared<const kernels::Network>(std::move(trained->network));
    return {};
  }

  /// The main work: a mesh, two kernel actors, and the agents that ask them.
  Result<void> work() {
    const Clock::time_point mesh_began = Clock::now();
    Mesh mesh{{.workers = settings_.workers}};
    found_.workers = mesh.workers();
    const auto surroundings = std::make_shared<Surroundings>();
    surroundings->images = found_.held_out;
    surroundings->in_flight = settings_.in_flight;
    std::array<std::shared_ptr<BatchStatistics>, 2> statistics;
    for (std::size_t i = 0; i < found_.columns.size(); ++i) {
      Column& column = found_.columns[i];
      column.name = i == 0 ? "batching on" : "batching off";
      column.max_batch = i == 0 ? settings_.max_batch : 1;
      statistics[i] = std::make_shared<BatchStatistics>();
      const BatchPolicy policy{.max_batch = column.max_batch,
                               .max_waiting = static_cast<std::size_t>(settings_.agents * settings_.in_flight)};
      surroundings->kernels[i] =
          mesh.spawn<InferenceActor>(std::make_shared<InferenceKernel>(network_, backend_), policy, statistics[i]);
    }
    const auto desk = std::make_shared<Desk>();
    const AgentRef collector = mesh.spawn<Collector>(surroundings, settings_.agents, desk);
    mesh.tell(collector, [](schema::Hello::Builder) {});
    auto ready = wait_for(desk->ready, [this] { return fmt::format("starting {} agents", settings_.agents); });
    if (!ready) return tl::unexpected{ready.error()};
    found_.readiness = *std::move(ready);
    found_.mesh_start_up = Clock::now() - mesh_began;
    found_.total_start_up = Clock::now() - began_;

    // A round must ask about each image.
    const auto rounds = std::min<std::uint64_t>(static_cast<std::uint64_t>(effort_.rounds),
                                                settings_.requests / found_.held_out->size());
    for (std::uint64_t round = 0; round < rounds; ++round) {
      for (std::size_t turn = 0; turn < 2; ++turn) {
        const std::size_t i = (round + turn) % 2;
        const auto done =
            run_round(mesh, collector, *desk, *statistics[i], i, dealt(settings_.requests, round, rounds));
        if (!done) return done;
      }
    }
    for (std::size_t i = 0; i < 2; ++i) found_.columns[i].batches = statistics[i]->snapshot();
    found_.resident_bytes = tool::resident_bytes();

    progress_.update("messages between two agents");
    auto round_trips = measure_round_trips(mesh, effort_.round_trips, stop_);
    if (!round_trips) return tl::unexpected{round_trips.error()};
    found_.round_trips = *std::move(round_trips);
    const auto stream = measure_stream(mesh, effort_.chunks, stop_);
    if (!stream) return tl::unexpected{stream.error()};
    found_.stream = *stream;
    mesh.stop();
    return {};
  }

  Result<void> run_round(Mesh& mesh, const AgentRef& collector, Desk& desk, const BatchStatistics& statistics,
                         std::size_t column, std::uint64_t requests) {
    const std::uint64_t before = statistics.snapshot().requests;
    mesh.tell(collector, [&](schema::Round::Builder round) {
      round.setKernel(static_cast<std::uint32_t>(column));
      round.setRequests(requests);
    });
    const auto began = Clock::now();
    auto tally = wait_for(desk.finished, [&] {
      const std::uint64_t done = statistics.snapshot().requests - before;
      const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
      return fmt::format("{}: {} of {} questions, {} a second", found_.columns[column].name,
                         tool::format_count(static_cast<long long>(done)),
                         tool::format_count(static_cast<long long>(requests)),
                         tool::format_number(seconds > 0 ? static_cast<double>(done) / seconds : 0));
    });
    if (!tally) return tl::unexpected{tally.error()};
    Tally& sum = found_.columns[column].tally;
    if (sum.requests == 0) {
      sum = *std::move(tally);
    } else {
      sum.add_round(*tally);
    }
    return {};
  }

  /// What needs no mesh with agents at work.
  Result<void> measure_alone() {
    progress_.update("a product of 1000 x 1000 matrices");
    // Plain loops take a second: too long for a measurement in passing, and no one would choose them.
    std::shared_ptr<kernels::Backend> backend = backend_;
    if (backend->kind() == kernels::BackendKind::scalar) {
      auto simd = kernels::make_backend(kernels::BackendKind::simd);
      if (!simd) return tl::unexpected{simd.error()};
      backend = *std::move(simd);
    }
    const auto product = measure_product_ns(*backend, effort_.products, stop_);
    if (!product) return tl::unexpected{product.error()};
    found_.product_ns = *product;
    found_.product_backend = backend->name();

    progress_.update(fmt::format("a crowd of {} agents", tool::format_count(static_cast<long long>(effort_.crowd))));
    const auto crowd = measure_crowd(found_.held_out, effort_.crowd, stop_);
    if (!crowd) return tl::unexpected{crowd.error()};
    found_.crowd = *crowd;
    found_.backend = backend_->name();
    found_.fallbacks = backend_->fallbacks();
    return {};
  }

  /// What the run found, where all agents on all nodes could read it.
  Result<void> record_results() {
    progress_.update("recording the results in the shared memory");
    const std::vector<std::uint8_t>& labels = found_.held_out->labels;
    Results results{{"network", fmt::format("{}", fmt::join(found_.widths, "-"))},
                    {"backend", found_.backend},
                    {"agents", fmt::format("{}", settings_.agents)},
                    {"held_out", fmt::format("{}", found_.held_out->size())},
                    {"success_rate", fmt::format("{}", found_.success_rate())}};
    for (Column& column : found_.columns) {
      const std::string name = column.max_batch == 1 ? "unbatched" : "batched";
      results[name + "/requests"] = fmt::format("{}", column.tally.requests);
      results[name + "/answered"] = fmt::format("{}", column.tally.answered());
      results[name + "/correct"] = fmt::format("{}", count_correct(column.tally.verdicts, labels));
      results[name + "/requests_a_second"] = fmt::format("{:.0f}", column.tally.requests_a_second());
      if (column.tally.latencies.empty()) continue;
      results[name + "/latency_p50_ns"] = fmt::format("{:.0f}", column.tally.latencies.percentile(0.50));
      results[name + "/latency_p99_ns"] = fmt::format("{:.0f}", column.tally.latencies.percentile(0.99));
    }
    std::array<std::array<std::size_t, 2>, kClasses> by_digit{};  // right, and all
    for (const Verdict& verdict : found_.columns[0].tally.verdicts) {
      auto& [right, all] = by_digit[labels[verdict.image]];
      right += verdict.digit == labels[verdict.image] ? 1 : 0;
      ++all;
    }
    for (std::size_t digit = 0; digit < by_digit.size(); ++digit) {
      results[fmt::format("digit/{}", digit)] = fmt::format("{} of {} right", by_digit[digit][0], by_digit[digit][1]);
    }
    Result<Recorded> recorded = record(results, settings_.memory, stop_);
    if (!recorded) return tl::unexpected{recorded.error()};
    found_.recorded = *std::move(recorded);
    return {};
  }

  /// Waits for a result and shows the progress meanwhile.
  template <class T, class Describe>
  Result<T> wait_for(Handover<Result<T>>& desk, Describe describe) {
    while (!stop_.stop_requested()) {
      if (std::optional<Result<T>> result = desk.take(stop_, kProgressTick)) return *std::move(result);
      progress_.update(describe());
    }
    return stopped();
  }

  const Settings settings_;
  const Effort effort_;
  tool::Progress& progress_;
  const std::stop_token stop_;
  const Clock::time_point began_ = Clock::now();
  Findings found_;
  Samples train_;
  std::shared_ptr<kernels::Backend> backend_;
  std::shared_ptr<const kernels::Network> network_;
};

}  // namespace

double Findings::success_rate() const {
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  for (const Column& column : columns) {
    requests += column.tally.requests;
    answered += column.tally.answered();
  }
  return requests == 0 ? 1.0 : static_cast<double>(answered) / static_cast<double>(requests);
}

Result<Findings> run_demo(const Settings& settings, bool quick, const tool::Environment& environment,
                          tool::Progress& progress, const std::stop_token& stop) {
  return Demo{settings, quick, progress, stop}.run(environment);
}

}  // namespace myelin::digits
