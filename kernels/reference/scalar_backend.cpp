#include "reference/scalar_backend.hpp"

#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

class ScalarBackend final : public Backend {
 public:
  std::string name() const override { return "scalar"; }
  BackendKind kind() const override { return BackendKind::scalar; }

 private:
  Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) override {
    reference::sgemm(a, b, c, options);
    return {};
  }
  Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) override {
    reference::sgemm(x, layer.weights, y, {}, {layer.bias, layer.activation});
    return {};
  }
  Result<void> do_softmax_rows(MatrixView logits) override {
    reference::softmax_rows(logits);
    return {};
  }
};

}  // namespace

std::unique_ptr<Backend> make_scalar_backend() { return std::make_unique<ScalarBackend>(); }

}  // namespace myelin::kernels
