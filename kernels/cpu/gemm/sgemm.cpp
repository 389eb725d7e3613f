#include <string>

#include "backend/matrix_checks.hpp"
#include "cpu/gemm/gemm_call.hpp"
#include "cpu/gemm/make_call.hpp"
#include "cpu/gemm/packed_memory.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

std::string size_text(const char* name, std::size_t size, std::size_t wanted) {
  return std::string{name} + " has " + std::to_string(size) + " elements where " + std::to_string(wanted) +
         " are needed";
}

// Whether check_gemm and check_epilogue would pass, for a product with nothing behind it. As a chain of checks that
// each may return an error they took 60 cycles, a seventh of 16 x 16 x 16.
bool passes_all_checks(const ConstMatrixView& a, const ConstMatrixView& b, const ConstMatrixView& c,
                       const GemmOptions& options, const Epilogue& epilogue) {
  const std::size_t m = options.transpose_a ? a.cols : a.rows;
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  const bool fits = options.transpose_b ? b.rows == c.cols && b.cols == k : b.rows == k && b.cols == c.cols;
  return fits && c.rows == m && is_sound(a) && is_sound(b) && is_sound(c) && are_apart(c, a) && are_apart(c, b) &&
         epilogue.bias.empty() && epilogue.activation == Activation::none && epilogue.residual.data == nullptr &&
         epilogue.residual.empty();
}

Result<void> run(const cpu::GemmCall& call) {
  return cpu::run_gemm(call) ? Result<void>{} : cpu::no_work_memory(call.m, call.n, call.k);
}

}  // namespace

Result<void> check_gemm(const ConstMatrixView& a, const ConstMatrixView& b, MatrixView c, GemmOptions options) {
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

Result<void> check_epilogue(MatrixView c, const Epilogue& epilogue) {
  if (to_string(epilogue.activation) == "unknown") {
    return fail(Errc::invalid_argument,
                "activation " + std::to_string(static_cast<int>(epilogue.activation)) + " is unknown");
  }
  if (!epilogue.bias.empty()) {
    if (epilogue.bias.size() != c.cols) {
      return fail(Errc::shape_mismatch, size_text("bias", epilogue.bias.size(), c.cols));
    }
    const ConstMatrixView bias{epilogue.bias.data(), 1, epilogue.bias.size()};
    if (auto checked = check_view("bias", bias); !checked) return checked;
    if (auto checked = check_apart("c", c, "bias", bias); !checked) return checked;
  }
  const ConstMatrixView residual = epilogue.residual;
  if (residual.data == nullptr && residual.empty()) return {};
  if (auto checked = check_shape("residual", residual, c.rows, c.cols); !checked) return checked;
  return check_apart("c", c, "residual", residual);
}

Result<void> sgemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options, const Epilogue& epilogue) {
  if (!passes_all_checks(a, b, c, options, epilogue)) {
    if (auto checked = check_gemm(a, b, c, options); !checked) return checked;
    if (auto checked = check_epilogue(c, epilogue); !checked) return checked;
  }
  if (c.empty()) return {};
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  if (k == 0 || options.alpha == 0.0F) {
    reference::sgemm(a, b, c, options, epilogue);
    return {};
  }
  cpu::GemmCall call = cpu::make_call(a, c, k, options, epilogue);
  call.b = b.data;
  call.b_stride = cpu::stride_of(b);
  call.transpose_b = options.transpose_b;
  return run(call);
}

Result<void> sgemm(ConstMatrixView a, const PackedMatrix& b, MatrixView c, const Epilogue& epilogue,
                   GemmOptions options) {
  if (auto checked = check_view("a", a); !checked) return checked;
  const std::size_t m = options.transpose_a ? a.cols : a.rows;
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  if (options.transpose_b) return cpu::transposed_after_packing();
  if (k != b.rows()) {
    return fail(Errc::shape_mismatch, "matrix 'a' has a depth of " + std::to_string(k) + " where packed 'b' has " +
                                          std::to_string(b.rows()) + " rows");
  }
  if (auto checked = check_shape("c", c, m, b.cols()); !checked) return checked;
  if (auto checked = check_apart("c", c, "a", a); !checked) return checked;
  if (auto checked = check_epilogue(c, epilogue); !checked) return checked;
  if (c.empty()) return {};
  if (k == 0 || options.alpha == 0.0F) {
    reference::sgemm(a, {nullptr, k, c.cols}, c, options, epilogue);
    return {};
  }
  if (!b.usable()) return cpu::packed_for_another_target(b.panel_width());
  cpu::GemmCall call = cpu::make_call(a, c, k, options, epilogue);
  call.packed_b = b.data();
  return run(call);
}

Result<void> sgemv(ConstMatrixView a, std::span<const float> x, std::span<float> y, GemvOptions options) {
  if (auto checked = check_view("a", a); !checked) return checked;
  const std::size_t m = options.transpose_a ? a.cols : a.rows;
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  if (x.size() != k) return fail(Errc::shape_mismatch, size_text("x", x.size(), k));
  if (y.size() != m) return fail(Errc::shape_mismatch, size_text("y", y.size(), m));
  // y as a row: x op(A)^T.
  const ConstMatrixView row{x.data(), 1, x.size()};
  const MatrixView result{y.data(), 1, y.size()};
  if (auto checked = check_view("x", row); !checked) return checked;
  if (auto checked = check_view("y", result); !checked) return checked;
  if (auto checked = check_apart("y", result, "x", row); !checked) return checked;
  if (auto checked = check_apart("y", result, "a", a); !checked) return checked;
  return sgemm(row, a, result, {.transpose_b = !options.transpose_a, .alpha = options.alpha, .beta = options.beta});
}

bool PackedMatrix::usable() const noexcept { return panel_width_ == cpu::gemm_panel_width(); }

Result<PackedMatrix> PackedMatrix::make(ConstMatrixView b, bool transposed) {
  if (auto checked = check_view("b", b); !checked) return tl::unexpected{checked.error()};
  PackedMatrix packed;
  packed.rows_ = transposed ? b.cols : b.rows;
  packed.cols_ = transposed ? b.rows : b.cols;
  packed.panel_width_ = cpu::gemm_panel_width();
  if (b.empty()) return packed;
  if (auto checked = cpu::check_packable<float>(packed.rows_, packed.cols_); !checked) {
    return tl::unexpected{checked.error()};
  }
  auto memory = cpu::allocate_packed<float>(cpu::packed_size(packed.rows_, packed.cols_));
  if (!memory) return tl::unexpected{memory.error()};
  cpu::pack_b(b.data, cpu::stride_of(b), transposed, packed.rows_, packed.cols_, memory->get());
  packed.packed_ = std::move(*memory);
  return packed;
}

}  // namespace myelin::kernels
