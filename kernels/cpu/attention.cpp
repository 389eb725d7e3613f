#include "myelin/kernels/attention.hpp"

#include <cmath>
#include <memory>
#include <new>
#include <string>

#include "cpu/attention_kernels.hpp"
#include "memory/no_memory.hpp"
#include "myelin/kernels/limits.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

constexpr std::align_val_t kWorkAlignment{64};  // a cache line, and the widest vector

struct FreeWork {
  void operator()(float* work) const { ::operator delete(work, kWorkAlignment); }
};

Result<void> check_input(std::string_view name, const ConstTensorView& view, const TensorView& y) {
  if (view.shape.rank() != 4) {
    return fail(Errc::shape_mismatch, "tensor '" + std::string{name} + "' has shape " + to_string(view.shape) +
                                          " where [batch, heads, tokens, dim] is needed");
  }
  if (auto checked = check_tensor(name, view); !checked) return checked;
  if (auto checked = check_rows(name, view); !checked) return checked;
  return check_disjoint("y", y, name, view);
}

Result<void> check_attention(const ConstTensorView& q, const ConstTensorView& k, const ConstTensorView& v,
                             const TensorView& y, const AttentionOptions& options) {
  // The output first: the checks of the inputs compare with it.
  if (y.shape.rank() != 4) {
    return fail(Errc::shape_mismatch,
                "tensor 'y' has shape " + to_string(y.shape) + " where [batch, heads, queries, value dim] is needed");
  }
  if (auto checked = check_output("y", y, y.shape); !checked) return checked;
  if (auto checked = check_rows("y", y); !checked) return checked;
  if (auto checked = check_input("q", q, y); !checked) return checked;
  if (auto checked = check_input("k", k, y); !checked) return checked;
  if (auto checked = check_input("v", v, y); !checked) return checked;
  const TensorShape keys{q.shape[0], k.shape[1], k.shape[2], q.shape[3]};
  if (auto checked = check_tensor("k", k, keys); !checked) return checked;
  if (auto checked = check_tensor("v", v, TensorShape{q.shape[0], k.shape[1], k.shape[2], v.shape[3]}); !checked) {
    return checked;
  }
  if (auto checked = check_tensor("y", y, TensorShape{q.shape[0], q.shape[1], q.shape[2], v.shape[3]}); !checked) {
    return checked;
  }
  if (k.shape[1] == 0 ? q.shape[1] != 0 : q.shape[1] % k.shape[1] != 0) {
    return fail(Errc::shape_mismatch, "tensor 'k' has " + std::to_string(k.shape[1]) +
                                          " heads, which do not divide the " + std::to_string(q.shape[1]) + " of 'q'");
  }
  if (k.shape[2] > KernelLimits::kKeysMax) {
    return fail(Errc::invalid_argument, "tensor 'k' has " + std::to_string(k.shape[2]) + " keys, more than " +
                                            std::to_string(KernelLimits::kKeysMax));
  }
  if (options.scale && !std::isfinite(*options.scale)) {
    return fail(Errc::invalid_argument, "scale is " + std::to_string(*options.scale) + ": it must be finite");
  }
  if (!options.mask) return {};
  const ConstTensorView& mask = *options.mask;
  if (auto checked = check_tensor("mask", mask, TensorShape{q.shape[0], q.shape[1], q.shape[2], k.shape[2]});
      !checked) {
    return checked;
  }
  if (auto checked = check_rows("mask", mask); !checked) return checked;
  return check_disjoint("y", y, "mask", mask);
}

Result<void> too_much_work(const cpu::AttentionHead& head) {
  return fail(Errc::invalid_argument, "the " + std::to_string(head.keys) + " keys of 'k' with the values of 'v', of " +
                                          std::to_string(head.dim) + " and " + std::to_string(head.value_dim) +
                                          " floats, need more work memory than " +
                                          std::to_string(KernelLimits::kWorkBytesMax) + " bytes: give fewer at a time");
}

void fill_with_zeros(const TensorView& y) {
  for (std::size_t b = 0; b < y.shape[0]; ++b) {
    for (std::size_t h = 0; h < y.shape[1]; ++h) {
      for (std::size_t i = 0; i < y.shape[2]; ++i) {
        float* row = y.floats() + b * y.strides[0] + h * y.strides[1] + i * y.strides[2];
        for (std::size_t j = 0; j < y.shape[3]; ++j) row[j] = 0;
      }
    }
  }
}

}  // namespace

Result<void> attention(ConstTensorView q, ConstTensorView k, ConstTensorView v, TensorView y,
                       const AttentionOptions& options) try {
  if (auto checked = check_attention(q, k, v, y, options); !checked) return checked;
  if (y.empty()) return {};
  q = with_plain_strides(q);
  k = with_plain_strides(k);
  v = with_plain_strides(v);
  y = with_plain_strides(y);
  cpu::AttentionHead head{.queries = q.shape[2],
                          .keys = k.shape[2],
                          .dim = q.shape[3],
                          .value_dim = v.shape[3],
                          .q_stride = q.strides[2],
                          .k_stride = k.strides[2],
                          .v_stride = v.strides[2],
                          .y_stride = y.strides[2],
                          .causal = options.causal};
  if (head.keys == 0) {
    fill_with_zeros(y);
    return {};
  }
  if (head.dim >= KernelLimits::kWorkBytesMax || head.value_dim >= KernelLimits::kWorkBytesMax) {
    return too_much_work(head);
  }
  head.scale =
      options.scale.value_or(head.dim == 0 ? 1.0F : static_cast<float>(1.0 / std::sqrt(static_cast<double>(head.dim))));
  const cpu::AttentionWork sizes = cpu::attention_work(head.queries, head.keys, head.dim, head.value_dim);
  // Below 2^53: there are at most 2^22 keys of less than 2^30 floats.
  const std::size_t floats = sizes.packed_keys + sizes.packed_values + sizes.scores;
  if (floats > KernelLimits::kWorkBytesMax / sizeof(float)) return too_much_work(head);
  const std::unique_ptr<float, FreeWork> work{
      static_cast<float*>(::operator new(floats * sizeof(float), kWorkAlignment))};
  const std::size_t sharing = q.shape[1] / k.shape[1];
  const ConstTensorView mask = with_plain_strides(options.mask.value_or(ConstTensorView{}));
  for (std::size_t b = 0; b < q.shape[0]; ++b) {
    for (std::size_t h = 0; h < q.shape[1]; ++h) {
      const std::size_t kv = h / sharing;
      head.q = q.floats() + b * q.strides[0] + h * q.strides[1];
      head.k = k.floats() + b * k.strides[0] + kv * k.strides[1];
      head.v = v.floats() + b * v.strides[0] + kv * v.strides[1];
      head.y = y.floats() + b * y.strides[0] + h * y.strides[1];
      if (options.mask) {
        head.mask = mask.floats() + b * mask.strides[0] + h * mask.strides[1];
        head.mask_stride = mask.strides[2];
      }
      if (h % sharing == 0) cpu::pack_head(head, sizes, work.get());
      cpu::attend(head, sizes, work.get());
    }
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory("the work space of attention");
}

}  // namespace myelin::kernels
