#include "myelin/kernels/network.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "nn/labels.hpp"
#include "nn/random.hpp"

namespace myelin::kernels {

namespace {

// Rows per pass: bounds the work memory, and keeps a pass of a few hundred columns in a 512 KiB L2.
constexpr std::size_t kRowsPerPass = 256;

Result<void> check_widths(std::size_t layer, std::size_t inputs, std::size_t outputs, std::size_t& parameters) {
  for (const std::size_t width : {inputs, outputs}) {
    if (width == 0 || width > NetworkLimits::kWidthMax) {
      return fail(Errc::invalid_argument, "layer " + std::to_string(layer) + " has a width of " +
                                              std::to_string(width) + ", outside 1 to " +
                                              std::to_string(NetworkLimits::kWidthMax));
    }
  }
  parameters += inputs * outputs + outputs;
  if (parameters > NetworkLimits::kParametersMax) {
    return fail(Errc::invalid_argument,
                "the network has more than " + std::to_string(NetworkLimits::kParametersMax) + " parameters");
  }
  return {};
}

Result<void> check_layer_count(std::size_t count) {
  if (count >= 1 && count <= NetworkLimits::kLayersMax) return {};
  return fail(Errc::invalid_argument, "a network of " + std::to_string(count) + " layers, outside 1 to " +
                                          std::to_string(NetworkLimits::kLayersMax));
}

Result<void> check_values(std::size_t layer, std::string_view what, std::span<const float> values,
                          std::size_t expected) {
  const auto subject = [layer] { return "layer " + std::to_string(layer) + " has "; };
  if (values.size() != expected) {
    return fail(Errc::shape_mismatch, subject() + std::to_string(values.size()) + " " + std::string{what} + " where " +
                                          std::to_string(expected) + " are needed");
  }
  const auto bad = std::ranges::find_if(values, [](float x) { return !std::isfinite(x); });
  if (bad != values.end()) {
    return fail(Errc::invalid_argument, subject() + "a value that is not finite among its " + std::string{what} +
                                            ", at position " + std::to_string(bad - values.begin()));
  }
  return {};
}

std::size_t widest_hidden(std::span<const LayerParameters> layers) {
  std::size_t widest = 0;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) widest = std::max(widest, layers[i].outputs);
  return widest;
}

}  // namespace

Result<Network> Network::make(std::span<const std::size_t> widths, std::uint64_t seed) {
  if (widths.size() < 2) {
    return fail(Errc::invalid_argument, "a network needs at least an input and an output width, not " +
                                            std::to_string(widths.size()) + " widths");
  }
  if (auto checked = check_layer_count(widths.size() - 1); !checked) return tl::unexpected{checked.error()};
  std::size_t parameters = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (auto checked = check_widths(i, widths[i], widths[i + 1], parameters); !checked) {
      return tl::unexpected{checked.error()};
    }
  }
  Random random{seed};
  std::vector<LayerParameters> layers(widths.size() - 1);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerParameters& layer = layers[i];
    layer.inputs = widths[i];
    layer.outputs = widths[i + 1];
    layer.activation = i + 1 < layers.size() ? Activation::relu : Activation::none;
    layer.bias.assign(layer.outputs, 0.0F);
    layer.weights.resize(layer.inputs * layer.outputs);
    const float limit = std::sqrt(6.0F / static_cast<float>(layer.inputs));
    for (float& weight : layer.weights) weight = limit * (2.0F * random.unit() - 1.0F);
  }
  return from_parameters(std::move(layers));
}

Result<Network> Network::from_parameters(std::vector<LayerParameters> layers) {
  if (auto checked = check_layer_count(layers.size()); !checked) return tl::unexpected{checked.error()};
  std::size_t parameters = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerParameters& layer = layers[i];
    if (auto checked = check_widths(i, layer.inputs, layer.outputs, parameters); !checked) {
      return tl::unexpected{checked.error()};
    }
    if (i > 0 && layer.inputs != layers[i - 1].outputs) {
      return fail(Errc::shape_mismatch, "layer " + std::to_string(i) + " takes " + std::to_string(layer.inputs) +
                                            " inputs where layer " + std::to_string(i - 1) + " gives " +
                                            std::to_string(layers[i - 1].outputs));
    }
    if (layer.activation != Activation::none && layer.activation != Activation::relu) {
      return fail(Errc::invalid_argument, "layer " + std::to_string(i) + " has the activation " +
                                              std::to_string(static_cast<int>(layer.activation)) + " (" +
                                              std::string{to_string(layer.activation)} +
                                              "): a network's layers have none or relu");
    }
    if (auto checked = check_values(i, "weights", layer.weights, layer.inputs * layer.outputs); !checked) {
      return tl::unexpected{checked.error()};
    }
    if (auto checked = check_values(i, "biases", layer.bias, layer.outputs); !checked) {
      return tl::unexpected{checked.error()};
    }
  }
  Network network{std::move(layers)};
  if (auto packed = network.pack(); !packed) return tl::unexpected{packed.error()};
  return network;
}

std::size_t Network::parameter_count() const noexcept {
  std::size_t count = 0;
  for (const LayerParameters& layer : layers_) count += layer.weights.size() + layer.bias.size();
  return count;
}

Result<void> Network::pack() {
  packed_.resize(layers_.size());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerParameters& layer = layers_[i];
    auto packed = PackedMatrix::make({layer.weights.data(), layer.inputs, layer.outputs});
    if (!packed) return tl::unexpected{packed.error()};
    packed_[i] = std::move(*packed);
  }
  return {};
}

Result<void> Network::infer(Backend& backend, ConstMatrixView inputs, MatrixView probabilities) const {
  if (auto checked = check_shape("inputs", inputs, inputs.rows, this->inputs()); !checked) return checked;
  if (auto checked = check_shape("probabilities", probabilities, inputs.rows, outputs()); !checked) return checked;
  if (auto checked = check_apart("probabilities", probabilities, "inputs", inputs); !checked) return checked;

  const std::size_t pass_rows = std::min(kRowsPerPass, inputs.rows);
  const std::size_t width = widest_hidden(layers_);
  std::vector<float> hidden(2 * pass_rows * width);
  for (std::size_t first = 0; first < inputs.rows; first += pass_rows) {
    const std::size_t rows = std::min(pass_rows, inputs.rows - first);
    ConstMatrixView x = inputs.row_range(first, rows);
    const MatrixView result = probabilities.row_range(first, rows);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const LayerParameters& layer = layers_[i];
      // Two hidden matrices in turn, and the last layer straight into the caller's.
      const MatrixView y = i + 1 == layers_.size()
                               ? result
                               : MatrixView{hidden.data() + (i % 2) * pass_rows * width, rows, layer.outputs};
      const DenseLayer dense{
          {layer.weights.data(), layer.inputs, layer.outputs}, layer.bias, layer.activation, &packed_[i]};
      if (auto done = backend.dense(x, dense, y); !done) return done;
      x = y;
    }
    if (auto done = backend.softmax_rows(result); !done) return done;
  }
  return {};
}

Result<Evaluation> evaluate(Backend& backend, const Network& network, ConstMatrixView inputs,
                            std::span<const std::uint32_t> labels) {
  if (auto checked = check_labelled(inputs, labels, network.inputs(), network.outputs()); !checked) {
    return tl::unexpected{checked.error()};
  }
  if (inputs.rows == 0) return Evaluation{};
  std::vector<float> memory(std::min(kRowsPerPass, inputs.rows) * network.outputs());
  Score total;
  for (std::size_t first = 0; first < inputs.rows; first += kRowsPerPass) {
    const std::size_t rows = std::min(kRowsPerPass, inputs.rows - first);
    const MatrixView probabilities{memory.data(), rows, network.outputs()};
    if (auto done = network.infer(backend, inputs.row_range(first, rows), probabilities); !done) {
      return tl::unexpected{done.error()};
    }
    const Score part = score(probabilities, labels.subspan(first, rows));
    total.loss_sum += part.loss_sum;
    total.correct += part.correct;
  }
  const auto count = static_cast<double>(inputs.rows);
  return Evaluation{total.loss_sum / count, static_cast<double>(total.correct) / count};
}

}  // namespace myelin::kernels
