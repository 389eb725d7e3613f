#include "demos/digits/training.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "myelin/actors/network_file.hpp"
#include "myelin/base/time.hpp"

namespace myelin::digits {

namespace {

/// One hidden layer of 128: 9,610 parameters. Wider or deeper ones gain nothing on 8x8 pixels.
constexpr std::array<std::size_t, 3> kWidths{kPixels, 128, kClasses};

/// The image with its content moved by (dx, dy); what comes in at the edge is background.
void append_shifted(std::span<const float> image, int dx, int dy, std::vector<float>& to) {
  constexpr int kEdge = static_cast<int>(kSide);
  for (int y = 0; y < kEdge; ++y) {
    for (int x = 0; x < kEdge; ++x) {
      const int from_x = x - dx;
      const int from_y = y - dy;
      const bool inside = from_x >= 0 && from_x < kEdge && from_y >= 0 && from_y < kEdge;
      to.push_back(inside ? image[static_cast<std::size_t>(from_y * kEdge + from_x)] : 0.0F);
    }
  }
}

}  // namespace

Samples with_shifts(const Samples& samples) {
  constexpr std::array<std::pair<int, int>, 5> kMoves{{{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}}};
  Samples shifted;
  shifted.pixels.reserve(samples.pixels.size() * kMoves.size());
  for (const auto& [dx, dy] : kMoves) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      append_shifted(samples.image(i), dx, dy, shifted.pixels);
      shifted.labels.push_back(samples.labels[i]);
    }
  }
  return shifted;
}

Result<Trained> train(const Samples& samples, kernels::Backend& backend, const TrainingPlan& plan) {
  Result<kernels::Network> network = kernels::Network::make(kWidths, plan.seed);
  if (!network) return tl::unexpected{network.error()};
  Result<kernels::Trainer> trainer = kernels::Trainer::make(*std::move(network), {.batch_size = 32, .seed = plan.seed});
  if (!trainer) return tl::unexpected{trainer.error()};

  const Samples shifted = with_shifts(samples);
  const kernels::ConstMatrixView inputs{shifted.pixels.data(), shifted.size(), kPixels};
  const std::vector<std::uint32_t> labels{shifted.labels.begin(), shifted.labels.end()};
  const Clock::time_point began = Clock::now();
  kernels::EpochReport last;
  while (last.epoch < plan.epochs && last.accuracy < plan.enough && !plan.stop.stop_requested()) {
    const auto report = trainer->train_epoch(backend, inputs, labels, [&plan] { return !plan.stop.stop_requested(); });
    if (!report) return tl::unexpected{report.error()};
    last = *report;
    if (plan.on_epoch) plan.on_epoch(last);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return Trained{trainer->network(), last.epoch, last.loss, last.accuracy, seconds};
}

Result<kernels::Network> load_digits_network(const std::filesystem::path& path) {
  Result<kernels::Network> network = load_network(path);
  if (!network && network.error().code == Errc::not_found) {
    return fail(Errc::not_found, network.error().message + "; leave --model away to train one");
  }
  if (network && (network->inputs() != kPixels || network->outputs() != kClasses)) {
    return fail(Errc::shape_mismatch,
                fmt::format("'{}' holds a network from {} inputs to {} classes, but the digits need {} and {}; leave "
                            "--model away to train one",
                            path.string(), network->inputs(), network->outputs(), kPixels, kClasses));
  }
  return network;
}

}  // namespace myelin::digits
