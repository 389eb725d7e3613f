/// oneDNN, the library of layers to compare with: loaded at run time if the machine has it, so that the tool does not
/// depend on it. Its header is needed when the tool is built; without it, load() says so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "myelin/base/result.hpp"
#include "myelin/kernels/activation.hpp"

namespace myelin::tool {

/// A convolution of square windows over [batch, height, width, inputs], with bias and ReLU.
struct ConvolutionCase {
  std::size_t batch = 1;
  std::size_t side = 1;  ///< Height and width of the image.
  std::size_t inputs = 1;
  std::size_t outputs = 1;
  std::size_t window = 1;  ///< Height and width.
  std::size_t stride = 1;
  std::size_t padding = 0;  ///< On every side.
  std::size_t groups = 1;

  [[nodiscard]] std::size_t output_side() const { return (side + 2 * padding - window) / stride + 1; }
};

/// Attention of `heads` heads, batch included, each of [queries, dim], [keys, dim] and [keys, dim].
struct AttentionCase {
  std::size_t heads = 1;
  std::size_t queries = 1;
  std::size_t keys = 1;
  std::size_t dim = 1;
};

/// A layer: C [rows, outputs] = A [rows, inputs] * B [inputs, outputs], C in floats.
struct ProductCase {
  std::size_t rows = 1;
  std::size_t outputs = 1;
  std::size_t inputs = 1;
};

/// The library on one thread. Everything it makes is released with the calls that hold it.
/// **Thread-safety**: thread-compatible.
class OneDnn {
 public:
  /// Runs the layer once on the memory that it was made for, which must still be there.
  using Call = std::function<void()>;

  /// **Errors**: not_found, with the remedy, when the machine or the build has none.
  [[nodiscard]] static Result<OneDnn> load();

  /// "oneDNN 2.6.3".
  [[nodiscard]] const std::string& name() const { return name_; }

  // All of them: **Errors**: backend_failed, naming the step, where the library refuses. Data is row-major, as ours.

  [[nodiscard]] Result<Call> activate(kernels::Activation activation, std::size_t count, float* x, float* y) const;
  [[nodiscard]] Result<Call> softmax(std::size_t rows, std::size_t columns, float* x, float* y, bool logarithm) const;
  /// `scale_and_shift`: gain, then bias, [2, columns].
  [[nodiscard]] Result<Call> layer_norm(std::size_t rows, std::size_t columns, float* x, float* scale_and_shift,
                                        float epsilon, float* y) const;

  /// A and B in floats. `own_layout`: B is copied into the library's own order beforehand; else it is read where it
  /// lies.
  [[nodiscard]] Result<Call> f32_product(const ProductCase& c, float* a, float* b, float* y, bool own_layout) const;
  /// A and B in bf16, as bits. B is copied into the library's own order beforehand. Refused where the CPU has no
  /// AVX-512: the library has no such product there.
  [[nodiscard]] Result<Call> bf16_product(const ProductCase& c, std::uint16_t* a, std::uint16_t* b, float* y) const;
  /// A and B of signed integers, each column's sum times its element of `scales`. B is copied as above. Where the CPU
  /// has no VNNI, the library's sums of two products saturate at 16 bits.
  [[nodiscard]] Result<Call> int8_product(const ProductCase& c, std::int8_t* a, std::int8_t* b,
                                          std::span<const float> scales, float* y) const;

  /// A convolution, and what brings its result into [batch, height, width, outputs], which is not part of it.
  struct Convolution {
    Call run;
    Call fetch;
  };
  /// weights [window, window, inputs / groups, outputs]. `own_layout`: image and result are in the order that the
  /// library likes best; else in ours. The weights are in its own order in any case.
  [[nodiscard]] Result<Convolution> convolution(const ConvolutionCase& c, float* x, const float* weights, float* bias,
                                                float* y, bool own_layout) const;

  /// Two products and a softmax, for all heads together or head by head. `scores` [heads, queries, keys].
  [[nodiscard]] Result<Call> attention(const AttentionCase& c, float* q, float* k, float* v, float* scores, float* y,
                                       bool by_head) const;

 private:
  struct Library;

  [[nodiscard]] Result<Call> product(const ProductCase& c, int type, void* a, void* b, std::span<const float> scales,
                                     float* y, bool own_layout) const;

  std::shared_ptr<const Library> library_;
  std::string name_;
};

}  // namespace myelin::tool
