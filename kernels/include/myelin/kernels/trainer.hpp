/// Training of a Network: mini-batch Adam on softmax cross-entropy, through a Backend.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/network.hpp"

namespace myelin::kernels {

/// **Source**: Kingma and Ba 2015, "Adam", algorithm 1; the defaults are theirs.
struct AdamOptions {
  float learning_rate = 1e-3F;  ///< > 0
  float beta1 = 0.9F;           ///< in [0, 1)
  float beta2 = 0.999F;         ///< in [0, 1)
  float epsilon = 1e-8F;        ///< > 0
};

struct TrainerOptions {
  AdamOptions adam = {};
  std::size_t batch_size = 32;  ///< Rows per step, 1 to 65,536. The last batch of an epoch may be smaller.
  std::uint64_t seed = 1;       ///< Decides the order of the rows in every epoch.
  /// The clock for EpochReport::seconds. Tests put in their own.
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

/// What one pass over the rows did. Loss and accuracy are means over the rows as they were met, before each step.
struct EpochReport {
  std::size_t epoch = 0;     ///< 1 for the first.
  std::size_t examples = 0;  ///< Rows used; fewer than given when cancelled.
  double loss = 0;           ///< Mean cross-entropy, in nats.
  double accuracy = 0;       ///< 0 to 1
  double seconds = 0;        ///< Wall time.
  bool cancelled = false;    ///< keep_going() returned false before the last batch.
};

/// Gradients of the mean loss, in the shapes of the network's layers.
using Gradients = std::vector<LayerParameters>;

/// Owns a network and improves it. Same network, options, data, backend and SIMD target: same bits.
/// **Thread-safety**: thread-compatible (one thread at a time).
class Trainer {
 public:
  /// **Errors**: invalid_argument for an option out of its range, or a last layer with an activation.
  [[nodiscard]] static Result<Trainer> make(Network network, TrainerOptions options = {});

  /// One pass over all rows in a new random order. `keep_going` is asked before each batch; after a false the network
  /// is sound and holds the steps made so far. Empty: never cancelled.
  /// **Units/shape**: inputs [rows, network().inputs()], one label per row, labels < network().outputs().
  /// **Errors**: shape_mismatch, invalid_argument (nothing has been changed); backend_failed (the step in work is lost,
  /// those before it count); invalid_argument also when the loss stops being finite.
  [[nodiscard]] Result<EpochReport> train_epoch(Backend& backend, ConstMatrixView inputs,
                                                std::span<const std::uint32_t> labels,
                                                const std::function<bool()>& keep_going = {});

  /// The network as it is now. Copy it to keep it: it changes with the next epoch.
  [[nodiscard]] const Network& network() const noexcept { return network_; }

  /// Mean loss over `inputs` and its gradients, without a step: what a check against finite differences needs.
  /// **Errors**: as train_epoch.
  [[nodiscard]] Result<double> gradients(Backend& backend, ConstMatrixView inputs,
                                         std::span<const std::uint32_t> labels, Gradients& out);

 private:
  /// Loss sum and number of right answers of one batch.
  struct BatchResult {
    double loss_sum = 0;
    std::size_t correct = 0;
  };

  Trainer(Network network, TrainerOptions options);
  /// Forward and backward over one batch; leaves the gradients in `gradients_`.
  Result<BatchResult> backpropagate(Backend& backend, ConstMatrixView inputs, std::span<const std::uint32_t> labels);
  void step();

  Network network_;
  TrainerOptions options_;
  Gradients gradients_;
  Gradients first_moment_;
  Gradients second_moment_;
  std::vector<std::vector<float>> activations_;  // one [batch, outputs] per layer
  std::vector<float> delta_before_;              // [batch, outputs of the layer before]
  std::uint64_t steps_ = 0;
  std::size_t epochs_ = 0;
};

}  // namespace myelin::kernels
