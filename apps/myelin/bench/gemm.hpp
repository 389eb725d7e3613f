/// Our matrix product against OpenBLAS, shape by shape, on one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/harness.hpp"
#include "bench/openblas.hpp"
#include "myelin/base/result.hpp"

namespace myelin::tool {

/// [m, k] times [k, n].
struct GemmShape {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  bool is_layer = false;  ///< A layer's product: B is weights that stay, so that packing them once is measured too.

  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
};

/// "256 x 10 x 256" (m x n x k).
[[nodiscard]] std::string to_string(const GemmShape& shape);

/// Squares of 64 to 2,048, and layers (inputs x outputs of 64x256, 256x10, 784x512) at batches of 1 to 256. A few small
/// ones when quick.
[[nodiscard]] std::vector<GemmShape> gemm_shapes(bool quick);

/// The variants by name.
inline constexpr const char* kOpenBlasVariant = "OpenBLAS";
inline constexpr const char* kMyelinVariant = "Myelin";
inline constexpr const char* kMyelinPackedVariant = "Myelin, packed";

/// GFLOP/s of OpenBLAS (when there is one: null leaves it out), of sgemm, and for a layer of sgemm with packed weights.
/// Operands are warm in the cache, as far as they fit. Before anything is timed, every variant's product is checked
/// against sums in double precision.
/// **Errors**: backend_failed when a product is wrong, with the element; what sgemm returns.
[[nodiscard]] Result<Comparison> compare_gemm(const GemmShape& shape, const OpenBlas* openblas, Rounds rounds,
                                              Progress& progress, const std::stop_token& stop);

}  // namespace myelin::tool
