#include "myelin/kernels/bf16.hpp"

#include <string>

#include "cpu/gemm/make_call.hpp"
#include "cpu/gemm/packed_memory.hpp"
#include "cpu/gemm/reduced_call.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

// A matrix of either type that is taken. **Errors**: those of check_matrix, naming both types.
Result<void> check_either(const char* name, const ConstTensorView& view) {
  if (view.type == ElementType::bf16 || view.type == ElementType::f32) {
    return cpu::check_matrix(name, view, view.type);
  }
  return fail(Errc::invalid_argument, "tensor '" + std::string{name} + "' holds " + std::string{to_string(view.type)} +
                                          " where f32 or bf16 is needed");
}

}  // namespace

Result<PackedBf16> PackedBf16::make(const ConstTensorView& b, bool transposed) {
  const bool is_bf16 = b.type == ElementType::bf16;
  if (auto checked = check_either("b", b); !checked) return tl::unexpected{checked.error()};
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

Result<void> bf16_gemm(const ConstTensorView& a, const PackedBf16& b, MatrixView c, const Epilogue& epilogue,
                       GemmOptions options) {
  const bool is_bf16 = a.type == ElementType::bf16;
  if (auto checked = check_either("a", a); !checked) return checked;
  if (options.transpose_b) return cpu::transposed_after_packing();
  if (auto checked = cpu::check_depth(a, b.rows(), options); !checked) return checked;
  const std::size_t m = cpu::left_shape(a, options).rows;
  if (auto checked = check_shape("c", c, m, b.cols()); !checked) return checked;
  if (auto checked = check_disjoint("c", c, "a", a); !checked) return checked;
  if (auto checked = check_epilogue(c, epilogue); !checked) return checked;
  if (c.empty()) return {};
  if (b.rows() == 0 || options.alpha == 0.0F) {
    options.transpose_a = false;  // nothing is read of it
    reference::sgemm({nullptr, m, 0}, {nullptr, 0, c.cols}, c, options, epilogue);
    return {};
  }
  if (!b.usable()) return cpu::packed_for_another_target(b.panel_width());
  cpu::GemmCall call = cpu::make_call({}, c, b.rows(), options, epilogue);
  call.a_stride = cpu::stride_of_rows(a);
  const std::uint16_t* bits = nullptr;
  if (is_bf16) {
    bits = static_cast<const std::uint16_t*>(a.data);
  } else {
    call.a = a.floats();
  }
  return cpu::run_bf16(call, bits, b.data()) ? Result<void>{} : cpu::no_work_memory(m, c.cols, call.k);
}

bool bf16_is_native() noexcept { return cpu::pairs_at_once(); }

}  // namespace myelin::kernels
