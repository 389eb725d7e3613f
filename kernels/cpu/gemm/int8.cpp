#include "myelin/kernels/int8.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "cpu/gemm/make_call.hpp"
#include "cpu/gemm/packed_memory.hpp"
#include "cpu/gemm/reduced_call.hpp"
#include "memory/no_memory.hpp"
#include "myelin/kernels/limits.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels {

namespace {

constexpr float kLargest = 127.0F;  // of an integer; -128 has no opposite

Result<void> sizes_differ(const char* name, std::size_t size, std::size_t wanted) {
  return fail(Errc::shape_mismatch, std::string{name} + " has " + std::to_string(size) + " elements where " +
                                        std::to_string(wanted) + " are needed");
}

// Whether the memory of `scales` and `integers` is apart from that of the values, and from one another's.
Result<void> check_quantized(ConstMatrixView values, const TensorView& integers, std::span<float> scales) {
  if (auto checked = check_view("values", values); !checked) return checked;
  if (auto checked = check_output("integers", integers, {values.rows, values.cols}, ElementType::i8); !checked) {
    return checked;
  }
  if (auto checked = check_rows("integers", integers); !checked) return checked;
  if (scales.size() != values.rows) return sizes_differ("scales", scales.size(), values.rows);
  if (auto checked = check_tensor("scales", scales); !checked) return checked;
  if (auto checked = check_disjoint("integers", integers, "values", values); !checked) return checked;
  if (auto checked = check_disjoint("scales", scales, "values", values); !checked) return checked;
  return check_disjoint("scales", scales, "integers", integers);
}

Result<void> not_finite(const char* line, std::size_t index, const char* matrix) {
  return fail(Errc::invalid_argument, std::string{line} + " " + std::to_string(index) + " of matrix '" + matrix +
                                          "' holds NaN or an infinity: no scale fits it");
}

// A scale, with which `largest` becomes 127; and what to multiply by. 0 where all are 0; a scale that would be denormal
// is 0 too, for its inverse may be infinite.
struct Scale {
  float scale = 0.0F;
  float inverse = 0.0F;

  explicit Scale(float largest) {
    constexpr float kLeast = 0x1p-120F;
    if (largest < kLeast) return;
    scale = largest / kLargest;
    inverse = kLargest / largest;
  }

  [[nodiscard]] std::int8_t operator()(float value) const {
    return static_cast<std::int8_t>(std::clamp(std::nearbyint(value * inverse), -kLargest, kLargest));
  }
};

// What every product demands.
Result<void> check_product(const ConstTensorView& a, const PackedInt8& b, const GemmOptions& options) {
  if (auto checked = cpu::check_matrix("a", a, ElementType::i8); !checked) return checked;
  if (options.transpose_b) return cpu::transposed_after_packing();
  return cpu::check_depth(a, b.rows(), options);
}

cpu::Int8Call make_int8_call(const ConstTensorView& a, const PackedInt8& b, const GemmOptions& options) {
  cpu::Int8Call call;
  call.m = cpu::left_shape(a, options).rows;
  call.n = b.cols();
  call.k = b.rows();
  call.a = static_cast<const std::int8_t*>(a.data);
  call.a_stride = cpu::stride_of_rows(a);
  call.transpose_a = options.transpose_a;
  call.weights = b.data();
  call.workers = options.workers;
  return call;
}

Result<void> run(const cpu::Int8Call& call) {
  return cpu::run_int8(call) ? Result<void>{} : cpu::no_work_memory(call.m, call.n, call.k);
}

}  // namespace

Result<void> quantize_rows(ConstMatrixView values, const TensorView& integers, std::span<float> scales) {
  if (auto checked = check_quantized(values, integers, scales); !checked) return checked;
  for (std::size_t i = 0; i < values.rows; ++i) {
    float largest = 0;
    bool is_finite = true;
    for (std::size_t j = 0; j < values.cols; ++j) {
      largest = std::max(largest, std::abs(values(i, j)));
      is_finite = is_finite && std::isfinite(values(i, j));
    }
    if (!is_finite) return not_finite("row", i, "values");
    const Scale scale{largest};
    scales[i] = scale.scale;
    if (values.cols == 0) continue;
    auto* to = static_cast<std::int8_t*>(integers.data) + i * integers.strides[0];
    for (std::size_t j = 0; j < values.cols; ++j) to[j] = scale(values(i, j));
  }
  return {};
}

Result<PackedInt8> PackedInt8::make(const ConstTensorView& b, std::span<const float> scales) try {
  if (auto checked = cpu::check_matrix("b", b, ElementType::i8); !checked) return tl::unexpected{checked.error()};
  PackedInt8 packed;
  packed.rows_ = b.shape[0];
  packed.cols_ = b.shape[1];
  packed.panel_width_ = cpu::gemm_panel_width();
  if (scales.size() != packed.cols_) {
    return tl::unexpected{sizes_differ("scales", scales.size(), packed.cols_).error()};
  }
  if (auto checked = check_tensor("scales", scales); !checked) return tl::unexpected{checked.error()};
  if (packed.rows_ > kInt8DepthMax) {
    return fail(Errc::invalid_argument, "tensor 'b' has " + std::to_string(packed.rows_) +
                                            " rows: sums of 32 bits hold " + std::to_string(kInt8DepthMax) +
                                            " products; split it");
  }
  if (auto checked = cpu::check_packable<std::int8_t>(packed.rows_, packed.cols_); !checked) {
    return tl::unexpected{checked.error()};
  }
  for (std::size_t j = 0; j < scales.size(); ++j) {
    if (!std::isfinite(scales[j])) {
      return fail(Errc::invalid_argument,
                  "scale " + std::to_string(j) + " is " + std::to_string(scales[j]) + ": scales must be finite");
    }
  }
  packed.scales_ = std::make_shared<const std::vector<float>>(scales.begin(), scales.end());
  if (b.empty()) return packed;
  auto memory = cpu::allocate_packed<std::int8_t>(cpu::packed_int8_size(packed.rows_, packed.cols_));
  if (!memory) return tl::unexpected{memory.error()};
  cpu::pack_int8(static_cast<const std::int8_t*>(b.data), b.strides[0], packed.rows_, packed.cols_, memory->get());
  packed.packed_ = std::move(*memory);
  return packed;
} catch (const std::bad_alloc&) {
  return no_memory("the packed weights of matrix 'b'");
}

Result<PackedInt8> PackedInt8::quantize(ConstMatrixView b) try {
  if (auto checked = check_view("b", b); !checked) return tl::unexpected{checked.error()};
  if (auto checked = cpu::check_packable<std::int8_t>(b.rows, b.cols); !checked) {
    return tl::unexpected{checked.error()};
  }
  if (b.cols > KernelLimits::kWorkBytesMax / sizeof(Scale)) {
    return fail(Errc::invalid_argument, "matrix 'b' has " + std::to_string(b.cols) +
                                            " columns, and each needs a scale: at most " +
                                            std::to_string(KernelLimits::kWorkBytesMax / sizeof(Scale)) + " are taken");
  }
  std::vector<float> largest(b.cols);
  for (std::size_t p = 0; p < b.rows; ++p) {
    for (std::size_t j = 0; j < b.cols; ++j) {
      if (!std::isfinite(b(p, j))) return tl::unexpected{not_finite("column", j, "b").error()};
      largest[j] = std::max(largest[j], std::abs(b(p, j)));
    }
  }
  const std::vector<Scale> columns(largest.begin(), largest.end());
  std::vector<float> scales(b.cols);
  std::ranges::transform(columns, scales.begin(), &Scale::scale);
  std::vector<std::int8_t> integers(b.rows * b.cols);
  for (std::size_t p = 0; p < b.rows; ++p) {
    for (std::size_t j = 0; j < b.cols; ++j) integers[p * b.cols + j] = columns[j](b(p, j));
  }
  return make({integers.data(), ElementType::i8, {b.rows, b.cols}}, scales);
} catch (const std::bad_alloc&) {
  return no_memory("the packed weights of matrix 'b'");
}

std::span<const float> PackedInt8::scales() const noexcept {
  return scales_ ? std::span<const float>{*scales_} : std::span<const float>{};
}

bool PackedInt8::usable() const noexcept { return panel_width_ == cpu::gemm_panel_width(); }

Result<void> int8_gemm(const ConstTensorView& a, const PackedInt8& b, const TensorView& c, GemmOptions options) {
  if (auto checked = check_product(a, b, options); !checked) return checked;
  if (options.alpha != 1.0F || options.beta != 0.0F) {
    return fail(Errc::invalid_argument,
                "alpha is " + std::to_string(options.alpha) + " and beta " + std::to_string(options.beta) +
                    ", but sums of integers are not scaled: leave them 1 and 0, or take the product in floats");
  }
  const std::size_t m = cpu::left_shape(a, options).rows;
  if (auto checked = check_output("c", c, {m, b.cols()}, ElementType::i32); !checked) return checked;
  if (auto checked = check_rows("c", c); !checked) return checked;
  if (auto checked = check_disjoint("c", c, "a", a); !checked) return checked;
  if (c.empty()) return {};
  if (b.rows() == 0) {
    for (std::size_t i = 0; i < m; ++i) std::fill_n(c.ints() + i * c.strides[0], b.cols(), 0);
    return {};
  }
  if (!b.usable()) return cpu::packed_for_another_target(b.panel_width());
  cpu::Int8Call call = make_int8_call(a, b, options);
  call.sums = c.ints();
  call.sums_stride = m > 1 ? c.strides[0] : b.cols();
  return run(call);
}

Result<void> int8_gemm(const ConstTensorView& a, std::span<const float> a_scales, const PackedInt8& b, MatrixView c,
                       const Epilogue& epilogue, GemmOptions options) {
  if (auto checked = check_product(a, b, options); !checked) return checked;
  const std::size_t m = cpu::left_shape(a, options).rows;
  if (a_scales.size() != m) return sizes_differ("a_scales", a_scales.size(), m);
  if (auto checked = check_tensor("a_scales", a_scales); !checked) return checked;
  if (auto checked = check_shape("c", c, m, b.cols()); !checked) return checked;
  if (auto checked = check_disjoint("c", c, "a", a); !checked) return checked;
  if (auto checked = check_disjoint("c", c, "a_scales", a_scales); !checked) return checked;
  if (auto checked = check_epilogue(c, epilogue); !checked) return checked;
  if (c.empty()) return {};
  if (b.rows() == 0 || options.alpha == 0.0F) {
    options.transpose_a = false;  // nothing is read of it
    reference::sgemm({nullptr, m, 0}, {nullptr, 0, c.cols}, c, options, epilogue);
    return {};
  }
  if (!b.usable()) return cpu::packed_for_another_target(b.panel_width());
  const cpu::GemmCall scaled = cpu::make_call({}, c, b.rows(), options, epilogue);
  cpu::Int8Call call = make_int8_call(a, b, options);
  call.scaled = &scaled;
  call.a_scales = a_scales.data();
  call.b_scales = b.scales().data();
  return run(call);
}

bool int8_is_native() noexcept { return cpu::dots_bytes(); }

}  // namespace myelin::kernels
