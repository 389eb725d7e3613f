#include "cpu/simd_backend.hpp"

#include "myelin/kernels/target.hpp"

namespace myelin::kernels {

namespace {

class SimdBackend final : public Backend {
 public:
  std::string name() const override { return "simd (" + simd_target() + ")"; }
  BackendKind kind() const override { return BackendKind::simd; }

 private:
  Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) override {
    return sgemm(a, b, c, options);
  }
  Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) override {
    const Epilogue epilogue{layer.bias, layer.activation};
    if (layer.packed != nullptr && layer.packed->usable()) return sgemm(x, *layer.packed, y, epilogue);
    return sgemm(x, layer.weights, y, {}, epilogue);
  }
  Result<void> do_softmax_rows(MatrixView logits) override { return kernels::softmax_rows(logits); }
};

}  // namespace

std::unique_ptr<Backend> make_simd_backend() { return std::make_unique<SimdBackend>(); }

}  // namespace myelin::kernels
