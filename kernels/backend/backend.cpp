#include "myelin/kernels/backend.hpp"

#include <array>

#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

constexpr std::array kKinds{BackendKind::automatic, BackendKind::scalar, BackendKind::simd, BackendKind::opencl};

}  // namespace

std::string_view to_string(BackendKind kind) noexcept {
  switch (kind) {
    case BackendKind::automatic: return "auto";
    case BackendKind::scalar: return "scalar";
    case BackendKind::simd: return "simd";
    case BackendKind::opencl: return "opencl";
  }
  return "unknown";
}

Result<BackendKind> parse_backend(std::string_view text) {
  for (const BackendKind kind : kKinds) {
    if (text == to_string(kind)) return kind;
  }
  return fail(Errc::invalid_argument,
              "unknown backend '" + std::string{text} + "': choose auto, scalar, simd or opencl");
}

Result<void> Backend::gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) {
  if (auto checked = check_gemm(a, b, c, options); !checked) return checked;
  if (c.empty()) return {};
  if (a.empty() || options.alpha == 0.0F) {  // an empty sum, which no device needs to be bothered with
    reference::sgemm(a, b, c, options);
    return {};
  }
  return do_gemm(a, b, c, options);
}

Result<void> Backend::dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) {
  if (auto checked = check_view("x", x); !checked) return checked;
  if (auto checked = check_shape("weights", layer.weights, x.cols, layer.weights.cols); !checked) return checked;
  const ConstMatrixView bias{layer.bias.data(), 1, layer.bias.size()};
  if (auto checked = check_shape("bias", bias, 1, layer.weights.cols); !checked) return checked;
  if (auto checked = check_shape("y", y, x.rows, layer.weights.cols); !checked) return checked;
  if (layer.packed != nullptr &&
      (layer.packed->rows() != layer.weights.rows || layer.packed->cols() != layer.weights.cols)) {
    return fail(Errc::shape_mismatch, "packed weights are [" + std::to_string(layer.packed->rows()) + ", " +
                                          std::to_string(layer.packed->cols()) + "] where weights are [" +
                                          std::to_string(layer.weights.rows) + ", " +
                                          std::to_string(layer.weights.cols) + "]");
  }
  if (auto checked = check_apart("y", y, "x", x); !checked) return checked;
  if (auto checked = check_apart("y", y, "weights", layer.weights); !checked) return checked;
  if (auto checked = check_apart("y", y, "bias", bias); !checked) return checked;
  if (y.empty()) return {};
  if (x.cols == 0) {
    reference::sgemm(x, layer.weights, y, {}, {layer.bias, layer.activation});
    return {};
  }
  return do_dense(x, layer, y);
}

Result<void> Backend::softmax_rows(MatrixView logits) {
  if (auto checked = check_view("logits", logits); !checked) return checked;
  if (logits.empty()) return {};
  return do_softmax_rows(logits);
}

}  // namespace myelin::kernels
