#include "myelin/kernels/gemm.hpp"

#include <new>
#include <string>

#include "cpu/gemm_kernels.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

constexpr std::align_val_t kPanelAlignment{64};  // a cache line, and the widest vector

Result<void> check_bias(std::span<const float> bias, std::size_t n) {
  if (bias.empty() || bias.size() == n) return {};
  return fail(Errc::shape_mismatch,
              "bias has " + std::to_string(bias.size()) + " elements where " + std::to_string(n) + " are needed");
}

Result<void> run(const cpu::GemmCall& call) {
  if (cpu::run_gemm(call)) return {};
  return fail(Errc::backend_failed, "no memory for the work space of a matrix product of " + std::to_string(call.m) +
                                        " x " + std::to_string(call.k) + " x " + std::to_string(call.n));
}

cpu::GemmCall make_call(ConstMatrixView a, MatrixView c, std::size_t k, Epilogue epilogue) {
  cpu::GemmCall call;
  call.m = c.rows;
  call.n = c.cols;
  call.k = k;
  call.a = a.data;
  call.a_stride = a.stride;
  call.c = c.data;
  call.c_stride = c.stride;
  call.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
  call.relu = epilogue.activation == Activation::relu;
  return call;
}

}  // namespace

Result<void> check_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) {
  if (auto checked = check_view("a", a); !checked) return checked;
  const std::size_t m = options.transpose_a ? a.cols : a.rows;
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  const std::size_t n = options.transpose_b ? b.rows : b.cols;
  if (auto checked = options.transpose_b ? check_shape("b", b, n, k) : check_shape("b", b, k, n); !checked) {
    return checked;
  }
  if (auto checked = check_shape("c", c, m, n); !checked) return checked;
  if (auto checked = check_apart("c", c, "a", a); !checked) return checked;
  return check_apart("c", c, "b", b);
}

Result<void> sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options, Epilogue epilogue) {
  if (auto checked = check_gemm(a, b, c, options); !checked) return checked;
  if (auto checked = check_bias(epilogue.bias, c.cols); !checked) return checked;
  if (c.empty()) return {};
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  if (k == 0) {
    reference::sgemm(a, b, c, options, epilogue);
    return {};
  }
  cpu::GemmCall call = make_call(a, c, k, epilogue);
  call.transpose_a = options.transpose_a;
  call.b = b.data;
  call.b_stride = b.stride;
  call.transpose_b = options.transpose_b;
  return run(call);
}

Result<void> sgemm(ConstMatrixView a, const PackedMatrix& b, MatrixView c, Epilogue epilogue) {
  if (auto checked = check_view("a", a); !checked) return checked;
  if (a.cols != b.rows()) {
    return fail(Errc::shape_mismatch, "matrix 'a' has " + std::to_string(a.cols) + " columns where packed 'b' has " +
                                          std::to_string(b.rows()) + " rows");
  }
  if (auto checked = check_shape("c", c, a.rows, b.cols()); !checked) return checked;
  if (auto checked = check_apart("c", c, "a", a); !checked) return checked;
  if (auto checked = check_bias(epilogue.bias, c.cols); !checked) return checked;
  if (c.empty()) return {};
  if (a.cols == 0) {
    reference::sgemm(a, {nullptr, 0, c.cols}, c, {}, epilogue);
    return {};
  }
  if (!b.usable()) {
    return fail(Errc::invalid_argument, "'b' was packed in panels of " + std::to_string(b.panel_width()) +
                                            " columns where the SIMD target in use needs " +
                                            std::to_string(cpu::gemm_panel_width()) + ": pack it again");
  }
  cpu::GemmCall call = make_call(a, c, a.cols, epilogue);
  call.packed_b = b.data();
  return run(call);
}

bool PackedMatrix::usable() const noexcept { return panel_width_ == cpu::gemm_panel_width(); }

Result<PackedMatrix> PackedMatrix::make(ConstMatrixView b) {
  if (auto checked = check_view("b", b); !checked) return tl::unexpected{checked.error()};
  PackedMatrix packed;
  packed.rows_ = b.rows;
  packed.cols_ = b.cols;
  packed.panel_width_ = cpu::gemm_panel_width();
  if (b.empty()) return packed;
  const std::size_t panels = (b.cols + packed.panel_width_ - 1) / packed.panel_width_;
  const std::size_t width = panels * packed.panel_width_;
  if (width > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(float) / b.rows) {
    return fail(Errc::invalid_argument, "matrix 'b' is too large to be packed");
  }
  auto* memory = static_cast<float*>(::operator new(b.rows* width * sizeof(float), kPanelAlignment));
  packed.panels_ = std::shared_ptr<const float[]>{
      memory, [](const float* p) { ::operator delete(const_cast<float*>(p), kPanelAlignment); }};
  cpu::pack_b(b.data, b.stride, false, b.rows, b.cols, memory);
  return packed;
}

}  // namespace myelin::kernels
