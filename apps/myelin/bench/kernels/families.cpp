#include <array>

#include "bench/kernels/family.hpp"

namespace myelin::tool::kernel_bench {

std::span<const Family> families() {
  static constexpr auto kFamilies = std::to_array<Family>({
      {"gemm", "matrix products in single precision, against OpenBLAS and oneDNN", &measure_gemm},
      {"bf16", "matrix products with weights of 16 bits, against our own in single precision and oneDNN",
       &measure_bf16},
      {"int8", "matrix products of 8-bit integers, against our own in single precision and oneDNN", &measure_int8},
      {"activations", "functions of single numbers, against oneDNN and libm", &measure_activations},
      {"norms", "softmax, layer norm and RMS norm, against oneDNN and plain loops", &measure_norms},
      {"convolution", "convolutions with bias and ReLU, against oneDNN", &measure_convolutions},
      {"attention", "scaled dot-product attention, against oneDNN", &measure_attention},
      {"blake2b", "BLAKE2b-256 of many messages, against libsodium", &measure_blake2b},
  });
  return kFamilies;
}

}  // namespace myelin::tool::kernel_bench
