/// Scaled dot-product attention, on the best SIMD target of the CPU.
#pragma once

#include <cstddef>
#include <optional>

#include "myelin/base/result.hpp"
#include "myelin/kernels/tensor.hpp"

namespace myelin::kernels {

struct AttentionOptions {
  std::optional<float> scale = {};  ///< Of the scores; 1 / sqrt(dim) unless given.
  /// Query i looks at no key after i + keys - queries: with as many keys as queries at none after itself, with more
  /// keys the last query looks at all of them.
  bool causal = false;
  /// Added to the scaled scores: -inf excludes a key. [batch, heads, queries, keys] without gaps in the last dimension;
  /// strides of 0 in the others use the same mask for all.
  std::optional<ConstTensorView> mask = {};
};

/// y = softmax(q * transposed k * scale + mask) * v, head by head. A query that may look at no key gets zeros; a query
/// that meets a score of NaN or +inf gets NaN. Values of excluded keys count 0 times, so they must be finite.
/// **Units/shape**: q [batch, heads, queries, dim], k [batch, kv heads, keys, dim], v [batch, kv heads, keys, value
/// dim], y [batch, heads, queries, value dim], all without gaps in the last dimension; the other dimensions may be in
/// any order in memory. The kv heads divide the heads: each serves heads / kv heads of them that follow each other.
/// **Errors**: shape_mismatch; invalid_argument for a bad tensor, a scale that is not finite, more keys than
/// KernelLimits::kKeysMax, a y that overlaps an input, and work memory above KernelLimits::kWorkBytesMax;
/// backend_failed where there is no memory.
/// **Thread-safety**: thread-safe on distinct memory. **Cost**: 2 * queries * keys * (dim + value dim) operations a
/// head. Work memory: the keys and values of a head once more, and some rows of scores.
/// **Source**: Vaswani et al. 2017, section 3.2.1.
[[nodiscard]] Result<void> attention(ConstTensorView q, ConstTensorView k, ConstTensorView v, TensorView y,
                                     const AttentionOptions& options = {});

}  // namespace myelin::kernels
