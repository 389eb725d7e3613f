/// OpenBLAS, the matrix product to compare with: loaded at run time if the machine has it, so that the tool does not
/// depend on it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// The library with the kernels of one kind of core. **Thread-safety**: thread-compatible.
class OpenBlas {
 public:
  /// Loads the library, held to one thread, once for the kernels that it chooses on this CPU, and once more for its
  /// Haswell kernels, and where the CPU has AVX-512 for its SkylakeX kernels, if it chose others: those are not always
  /// its best. With `only_core`, e.g. "Haswell", only once. They stay loaded until the process ends.
  /// **Errors**: not_found, with the remedy, when the machine has none.
  [[nodiscard]] static Result<std::vector<OpenBlas>> load(const std::string& only_core = {});

  /// C = A * B. **Shape**: a [m, k], b [k, n], c [m, n], row-major without gaps.
  void sgemm(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) const;

  /// How many threads further products take. Threads that it made go on spinning for a while after a product.
  void set_threads(int threads) const { set_threads_(threads); }

  /// Whose kernels run, e.g. "Zen".
  [[nodiscard]] const std::string& core() const { return core_; }
  /// "OpenBLAS 0.3.21 (Zen)".
  [[nodiscard]] std::string name() const { return version_ + " (" + core_ + ")"; }

 private:
  using Sgemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float* a,
                         int lda, const float* b, int ldb, float beta, float* c, int ldc);
  using SetThreads = void (*)(int);

  static Result<OpenBlas> open(const char* path);
  static Result<OpenBlas> open_again(const OpenBlas& first, const char* core);

  Sgemm sgemm_ = nullptr;
  SetThreads set_threads_ = nullptr;
  std::string version_;
  std::string core_;
};

}  // namespace myelin::tool
