#include "myelin/kernels/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "cpu/activation_kernels.hpp"
#include "cpu/training_kernels.hpp"
#include "nn/labels.hpp"
#include "nn/random.hpp"

namespace myelin::kernels {

namespace {

constexpr std::size_t kBatchMax = 65'536;

Result<void> check_option(std::string_view name, bool sound, double value, std::string_view range) {
  if (sound) return {};
  return fail(Errc::invalid_argument,
              "option " + std::string{name} + " is " + std::to_string(value) + ", outside " + std::string{range});
}

Result<void> check_options(const TrainerOptions& options) {
  const AdamOptions& adam = options.adam;
  const auto is_decay = [](float x) { return x >= 0.0F && x < 1.0F; };
  const auto is_positive = [](float x) { return x > 0.0F && std::isfinite(x); };
  if (auto ok = check_option("learning_rate", is_positive(adam.learning_rate), adam.learning_rate, "0 < x"); !ok) {
    return ok;
  }
  if (auto ok = check_option("beta1", is_decay(adam.beta1), adam.beta1, "0 <= x < 1"); !ok) return ok;
  if (auto ok = check_option("beta2", is_decay(adam.beta2), adam.beta2, "0 <= x < 1"); !ok) return ok;
  if (auto ok = check_option("epsilon", is_positive(adam.epsilon), adam.epsilon, "0 < x"); !ok) return ok;
  const std::size_t batch = options.batch_size;
  return check_option("batch_size", batch >= 1 && batch <= kBatchMax, static_cast<double>(batch), "1 to 65536");
}

// Zeros in the shapes of `layers`.
std::vector<LayerParameters> zeros_like(std::span<const LayerParameters> layers) {
  std::vector<LayerParameters> zeros(layers.begin(), layers.end());
  for (LayerParameters& layer : zeros) {
    std::ranges::fill(layer.weights, 0.0F);
    std::ranges::fill(layer.bias, 0.0F);
  }
  return zeros;
}

MatrixView weights_of(LayerParameters& layer) { return {layer.weights.data(), layer.inputs, layer.outputs}; }

ConstMatrixView weights_of(const LayerParameters& layer) { return {layer.weights.data(), layer.inputs, layer.outputs}; }

}  // namespace

Trainer::Trainer(Network network, TrainerOptions options)
    : network_(std::move(network)),
      options_(std::move(options)),
      gradients_(zeros_like(network_.layers())),
      first_moment_(gradients_),
      second_moment_(gradients_),
      activations_(network_.layers().size()) {}

Result<Trainer> Trainer::make(Network network, TrainerOptions options) {
  if (auto checked = check_options(options); !checked) return tl::unexpected{checked.error()};
  if (network.layers().back().activation != Activation::none) {
    return fail(Errc::invalid_argument, "only a network whose last layer has no activation can be trained");
  }
  return Trainer{std::move(network), std::move(options)};
}

Result<EpochReport> Trainer::train_epoch(Backend& backend, ConstMatrixView inputs,
                                         std::span<const std::uint32_t> labels,
                                         const std::function<bool()>& keep_going) {
  if (auto checked = check_labelled(inputs, labels, network_.inputs(), network_.outputs()); !checked) {
    return tl::unexpected{checked.error()};
  }
  const auto now = [this] { return options_.now ? options_.now() : std::chrono::steady_clock::time_point{}; };
  const auto start = now();

  // Each epoch has its own stream, so that a cancelled one does not change the order of the next.
  Random random{options_.seed + 0x9e3779b97f4a7c15U * ++epochs_};
  std::vector<std::size_t> order(inputs.rows);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);

  EpochReport report;
  report.epoch = epochs_;
  Score total;
  Result<void> outcome;
  const std::size_t batch_max = std::min(options_.batch_size, inputs.rows);
  std::vector<float> batch(batch_max * inputs.cols);
  std::vector<std::uint32_t> batch_labels(batch_max);
  for (std::size_t first = 0; first < inputs.rows; first += batch_max) {
    if (keep_going && !keep_going()) {
      report.cancelled = true;
      break;
    }
    const std::size_t rows = std::min(batch_max, inputs.rows - first);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t row = order[first + i];
      std::ranges::copy(inputs.row(row), batch.begin() + static_cast<std::ptrdiff_t>(i * inputs.cols));
      batch_labels[i] = labels[row];
    }
    auto passed = backpropagate(backend, {batch.data(), rows, inputs.cols}, std::span{batch_labels}.first(rows));
    if (!passed) {
      outcome = tl::unexpected{passed.error()};
      break;
    }
    step();
    total.loss_sum += passed->loss_sum;
    total.correct += passed->correct;
    report.examples += rows;
  }
  // Also after a failure or a cancel: the steps made so far count, and the packed weights must agree with them.
  if (auto packed = network_.pack(); !packed) return tl::unexpected{packed.error()};
  if (!outcome) return tl::unexpected{outcome.error()};
  if (report.examples > 0) {
    report.loss = total.loss_sum / static_cast<double>(report.examples);
    report.accuracy = static_cast<double>(total.correct) / static_cast<double>(report.examples);
  }
  report.seconds = std::chrono::duration<double>(now() - start).count();
  return report;
}

Result<double> Trainer::gradients(Backend& backend, ConstMatrixView inputs, std::span<const std::uint32_t> labels,
                                  Gradients& out) {
  if (auto checked = check_labelled(inputs, labels, network_.inputs(), network_.outputs()); !checked) {
    return tl::unexpected{checked.error()};
  }
  if (inputs.rows == 0) {
    out = zeros_like(network_.layers());
    return 0.0;
  }
  auto passed = backpropagate(backend, inputs, labels);
  if (!passed) return tl::unexpected{passed.error()};
  out = gradients_;
  return passed->loss_sum / static_cast<double>(inputs.rows);
}

Result<Trainer::BatchResult> Trainer::backpropagate(Backend& backend, ConstMatrixView inputs,
                                                    std::span<const std::uint32_t> labels) {
  const std::span<const LayerParameters> layers = network_.layers();
  const std::size_t rows = inputs.rows;
  const auto failed = [](const Result<void>& result) { return tl::unexpected{result.error()}; };
  const auto output_of = [&](std::size_t i) { return MatrixView{activations_[i].data(), rows, layers[i].outputs}; };
  const auto input_of = [&](std::size_t i) { return i == 0 ? inputs : ConstMatrixView{output_of(i - 1)}; };

  for (std::size_t i = 0; i < layers.size(); ++i) {
    activations_[i].resize(std::max(activations_[i].size(), rows * layers[i].outputs));
    const DenseLayer dense{weights_of(layers[i]), layers[i].bias, layers[i].activation, nullptr};
    if (auto done = backend.dense(input_of(i), dense, output_of(i)); !done) return failed(done);
  }
  const MatrixView probabilities = output_of(layers.size() - 1);
  if (auto done = backend.softmax_rows(probabilities); !done) return failed(done);
  const Score result = score(probabilities, labels);
  if (!std::isfinite(result.loss_sum)) {
    return fail(Errc::invalid_argument,
                "the loss is not finite: an input is not, or the learning rate is too high for this data");
  }

  // The gradient of the mean cross-entropy with respect to the logits: (probability - [is label]) / rows.
  const float scale = 1.0F / static_cast<float>(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    probabilities(i, labels[i]) -= 1.0F;
    for (float& x : probabilities.row(i)) x *= scale;
  }
  // From here on, an activation that is no longer needed makes room for the delta of its layer.
  for (std::size_t i = layers.size(); i-- > 0;) {
    const MatrixView delta = output_of(i);
    LayerParameters& gradient = gradients_[i];
    if (auto done = backend.gemm(input_of(i), delta, weights_of(gradient), {.transpose_a = true}); !done) {
      return failed(done);
    }
    std::ranges::fill(gradient.bias, 0.0F);
    for (std::size_t r = 0; r < rows; ++r) cpu::add(gradient.bias.data(), delta.row(r).data(), delta.cols);
    if (i == 0) break;

    const MatrixView before = output_of(i - 1);
    delta_before_.resize(std::max(delta_before_.size(), rows * before.cols));
    const MatrixView delta_before{delta_before_.data(), rows, before.cols};
    if (auto done = backend.gemm(delta, weights_of(layers[i]), delta_before, {.transpose_b = true}); !done) {
      return failed(done);
    }
    if (layers[i - 1].activation == Activation::relu) {
      cpu::relu_backward(before.data, delta_before.data, rows * before.cols);
    }
    std::swap(activations_[i - 1], delta_before_);
  }
  return BatchResult{result.loss_sum, result.correct};
}

void Trainer::step() {
  ++steps_;
  const AdamOptions& adam = options_.adam;
  const auto t = static_cast<double>(steps_);
  const double correction1 = 1.0 - std::pow(static_cast<double>(adam.beta1), t);
  const double root_correction2 = std::sqrt(1.0 - std::pow(static_cast<double>(adam.beta2), t));
  const cpu::AdamStep constants{adam.beta1, adam.beta2,
                                static_cast<float>(adam.learning_rate * root_correction2 / correction1),
                                static_cast<float>(adam.epsilon * root_correction2)};
  const auto update = [&](const std::vector<float>& g, std::vector<float>& m, std::vector<float>& v,
                          std::vector<float>& w) {
    cpu::adam_update(constants, g.data(), m.data(), v.data(), w.data(), w.size());
  };
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    LayerParameters& layer = network_.layers_[i];
    update(gradients_[i].weights, first_moment_[i].weights, second_moment_[i].weights, layer.weights);
    update(gradients_[i].bias, first_moment_[i].bias, second_moment_[i].bias, layer.bias);
  }
}

}  // namespace myelin::kernels
