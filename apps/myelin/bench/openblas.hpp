/// OpenBLAS, the matrix product to compare with: loaded at run time if the machine has it, so that the tool does not
/// depend on it.
#pragma once

#include <cstddef>
#include <string>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
class OpenBlas {
 public:
  /// Loads the library and holds it to one thread. It stays loaded until the process ends.
  /// **Errors**: not_found, with the remedy, when the machine has none.
  [[nodiscard]] static Result<OpenBlas> load();

  /// C = A * B. **Shape**: a [m, k], b [k, n], c [m, n], row-major without gaps.
  void sgemm(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) const;

  /// Which kernels OpenBLAS chose for this CPU, e.g. "Zen", and its version.
  [[nodiscard]] std::string name() const { return name_; }

 private:
  using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a,
                         int lda, const float* b, int ldb, float beta, float* c, int ldc);

  OpenBlas(Sgemm function, std::string name) : sgemm_{function}, name_{std::move(name)} {}

  Sgemm sgemm_;
  std::string name_;
};

}  // namespace myelin::tool
