/// The network that knows the digits: trained here, or read from a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <vector>

#include "demos/digits/dataset.hpp"
#include "myelin/base/result.hpp"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/trainer.hpp"

namespace myelin::digits {

/// The samples, and each again moved by one pixel up, down, left and right: five times as many.
[[nodiscard]] Samples with_shifts(const Samples& samples);

struct TrainingPlan {
  /// Passes over the shifted training images, at most.
  std::size_t epochs = 30;
  /// Enough: this share of the training images was taken for what they are in one pass. The held-out images have no
  /// say.
  double enough = 0.9995;
  std::uint64_t seed = 1;
  std::stop_token stop = {};
  /// Called after each epoch. May be empty.
  std::function<void(const kernels::EpochReport&)> on_epoch = {};
};

struct Trained {
  kernels::Network network;
  std::size_t epochs = 0;
  double loss = 0;      ///< Of the last epoch, in nats.
  double accuracy = 0;  ///< Of the last epoch, on the shifted training images.
  double seconds = 0;
};

/// Trains a network of kPixels inputs and kClasses outputs. The same plan, samples and backend give the same network.
/// **Errors**: those of kernels::Trainer. After a stop request the network is whatever came of it so far.
[[nodiscard]] Result<Trained> train(const Samples& samples, kernels::Backend& backend, const TrainingPlan& plan);

/// A network from a file of save_network().
/// **Errors**: those of load_network(); shape_mismatch for a network that takes no digits.
[[nodiscard]] Result<kernels::Network> load_digits_network(const std::filesystem::path& path);

}  // namespace myelin::digits
