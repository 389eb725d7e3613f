/// A small feed-forward network: dense layers with ReLU between them and softmax at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// What a network may be at most.
struct NetworkLimits {
  static constexpr std::size_t kLayersMax = 64;
  static constexpr std::size_t kWidthMax = 65'536;
  static constexpr std::size_t kParametersMax = 256UL * 1024 * 1024;  ///< 1 GiB of floats.
};

/// A layer's shape and parameters, owned: what a file holds.
struct LayerParameters {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::vector<float> weights;  ///< [inputs, outputs], row-major.
  std::vector<float> bias;     ///< [outputs]
  Activation activation = Activation::none;

  friend bool operator==(const LayerParameters&, const LayerParameters&) = default;
};

/// Feed-forward network. The last layer's sums become probabilities by softmax.
/// **Thread-safety**: a const Network is thread-safe.
class Network {
 public:
  /// A new network with the widths of input, hidden layers and output, e.g. {64, 128, 10}: ReLU on all layers but the
  /// last, biases zero, weights uniform in +-sqrt(6 / inputs). The same seed gives the same bits on every platform.
  /// **Errors**: invalid_argument for fewer than two widths, a width of 0, or a size above NetworkLimits.
  /// **Source**: He et al. 2015, "Delving Deep into Rectifiers", section 2.2.
  [[nodiscard]] static Result<Network> make(std::span<const std::size_t> widths, std::uint64_t seed);

  /// A network from parameters that come from outside, e.g. a file.
  /// **Errors**: shape_mismatch when a layer's arrays do not fit its shape or the layer before; invalid_argument for no
  /// layers, an unknown activation, a size above NetworkLimits, or a parameter that is not finite (named by position).
  [[nodiscard]] static Result<Network> from_parameters(std::vector<LayerParameters> layers);

  [[nodiscard]] std::size_t inputs() const noexcept { return layers_.front().inputs; }
  [[nodiscard]] std::size_t outputs() const noexcept { return layers_.back().outputs; }
  /// Shapes and parameters of every layer, input side first. Valid as long as the network is neither changed nor moved.
  [[nodiscard]] std::span<const LayerParameters> layers() const noexcept { return layers_; }
  /// Weights and biases of all layers together.
  [[nodiscard]] std::size_t parameter_count() const noexcept;

  /// Class probabilities of each input row.
  /// **Units/shape**: inputs [batch, inputs()], probabilities [batch, outputs()].
  /// **Errors**: shape_mismatch; invalid_argument (see check_view, or overlap); backend_failed.
  /// **Cost**: 2 * batch * parameter_count() operations. Work memory: at most 256 rows of activations at a time.
  [[nodiscard]] Result<void> infer(Backend& backend, ConstMatrixView inputs, MatrixView probabilities) const;

 private:
  friend class Trainer;

  explicit Network(std::vector<LayerParameters> layers) : layers_(std::move(layers)) {}
  /// Makes `packed_` agree with `layers_` again.
  Result<void> pack();

  std::vector<LayerParameters> layers_;  // never empty
  std::vector<PackedMatrix> packed_;     // one per layer
};

/// How well a network does on labelled rows.
struct Evaluation {
  double loss = 0;      ///< Mean cross-entropy, in nats.
  double accuracy = 0;  ///< Share of rows whose most probable class is the label, 0 to 1.
};

/// Runs `network` over `inputs` and compares with `labels`. An empty set gives zeros.
/// **Errors**: those of infer; shape_mismatch for as many labels as not rows; invalid_argument for a label that is no
/// class.
[[nodiscard]] Result<Evaluation> evaluate(Backend& backend, const Network& network, ConstMatrixView inputs,
                                          std::span<const std::uint32_t> labels);

}  // namespace myelin::kernels
