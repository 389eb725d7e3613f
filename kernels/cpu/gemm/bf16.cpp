#include "myelin/kernels/bf16.hpp"

#include <string>

#include "cpu/gemm/make_call.hpp"
#include "cpu/gemm/packed_memory.hpp"
#include "cpu/gemm/reduced_call.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

Result<PackedBf16> PackedBf16::make(const ConstTensorView& b, bool transposed) {
  const bool is_bf16 = b.type == ElementType::bf16;
  if (auto checked = check_tensor("b", b, is_bf16 ? ElementType::bf16 : ElementType::f32); !checked) {
    return tl::unexpected{checked.error()};
  }
  if (b.shape.rank() != 2) {
    return fail(Errc::invalid_argument,
                "tensor 'b' has rank " + std::to_string(b.shape.rank()) + " where 2 is needed: rows and columns");
  }
  if (auto checked = check_rows("b", b); !checked) return tl::unexpected{checked.error()};
  PackedBf16 packed;
  packed.rows_ = b.shape[transposed ? 1 : 0];
  packed.cols_ = b.shape[transposed ? 0 : 1];
  packed.panel_width_ = cpu::gemm_panel_width();
  if (b.empty()) return packed;
  if (auto checked = cpu::check_packable<Bf16>(packed.rows_, packed.cols_); !checked) {
    return tl::unexpected{checked.error()};
  }
  auto memory = cpu::allocate_packed<Bf16>(cpu::packed_bf16_size(packed.rows_, packed.cols_));
  if (!memory) return tl::unexpected{memory.error()};
  cpu::Bf16Source source{.stride = b.strides[0], .transposed = transposed};
  if (is_bf16) {
    source.bits = static_cast<const std::uint16_t*>(b.data);
  } else {
    source.floats = b.floats();
  }
  cpu::pack_bf16(source, packed.rows_, packed.cols_, memory->get());
  packed.packed_ = std::move(*memory);
  return packed;
}

bool PackedBf16::usable() const noexcept { return panel_width_ == cpu::gemm_panel_width(); }

Result<void> bf16_gemm(ConstMatrixView a, const PackedBf16& b, MatrixView c, const Epilogue& epilogue,
                       GemmOptions options) {
  if (auto checked = check_view("a", a); !checked) return checked;
  if (options.transpose_b) return cpu::transposed_after_packing();
  const std::size_t m = options.transpose_a ? a.cols : a.rows;
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
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
  const cpu::GemmCall call = cpu::make_call(a, c, k, options, epilogue);
  return cpu::run_bf16(call, b.data()) ? Result<void>{} : cpu::no_work_memory(m, c.cols, k);
}

bool bf16_is_native() noexcept { return cpu::pairs_at_once(); }

}  // namespace myelin::kernels
