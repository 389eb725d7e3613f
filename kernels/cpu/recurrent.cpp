#include "myelin/kernels/recurrent.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "cpu/recurrent_kernels.hpp"
#include "memory/no_memory.hpp"
#include "myelin/kernels/limits.hpp"

namespace myelin::kernels {

namespace {

// [rows, gates * hidden], packed; whatever its strides are.
Result<PackedMatrix> pack(std::string_view name, const ConstTensorView& weights) {
  std::vector<float> near(weights.shape.elements());
  const TensorView copy{near.data(), weights.shape};
  if (auto copied = activate(weights, Activation::none, copy); !copied) return tl::unexpected{copied.error()};
  const auto matrix = as_matrix(name, ConstTensorView{copy});
  if (!matrix) return tl::unexpected{matrix.error()};
  return PackedMatrix::make(*matrix);
}

Result<void> check_weights(const ConstTensorView& input_weights, const ConstTensorView& hidden_weights,
                           std::size_t gates) {
  if (hidden_weights.shape.rank() != 2 || input_weights.shape.rank() != 2) {
    return fail(Errc::shape_mismatch, "tensors 'input_weights' and 'hidden_weights' have shapes " +
                                          to_string(input_weights.shape) + " and " + to_string(hidden_weights.shape) +
                                          " where two dimensions are needed");
  }
  const std::size_t hidden = hidden_weights.shape[0];
  // The copies are what this bounds: strides of 0 make large shapes of little memory.
  constexpr std::size_t kFloatsMax = KernelLimits::kWorkBytesMax / sizeof(float);
  const std::size_t rows = std::max(hidden, input_weights.shape[0]);
  if (hidden > kFloatsMax / gates || rows > kFloatsMax / std::max<std::size_t>(gates * hidden, 1)) {
    return fail(Errc::invalid_argument, "weights of shapes " + to_string(input_weights.shape) + " and " +
                                            to_string(hidden_weights.shape) + " are larger than " +
                                            std::to_string(KernelLimits::kWorkBytesMax) + " bytes");
  }
  if (auto checked = check_tensor("hidden_weights", hidden_weights, TensorShape{hidden, gates * hidden}); !checked) {
    return checked;
  }
  return check_tensor("input_weights", input_weights, TensorShape{input_weights.shape[0], gates * hidden});
}

Result<std::vector<float>> copy_bias(std::string_view name, std::span<const float> bias, std::size_t length) {
  if (bias.empty()) return std::vector<float>{};
  if (auto checked = check_tensor(name, bias, TensorShape{length}); !checked) return tl::unexpected{checked.error()};
  return std::vector<float>(bias.begin(), bias.end());
}

// An input of [batch, length], without gaps.
Result<ConstMatrixView> state(std::string_view name, const ConstTensorView& view, std::size_t batch,
                              std::size_t length) {
  if (auto checked = check_tensor(name, view, TensorShape{batch, length}); !checked) {
    return tl::unexpected{checked.error()};
  }
  return as_matrix(name, view);
}

Result<MatrixView> next_state(std::string_view name, const TensorView& view, std::size_t batch, std::size_t length) {
  if (auto checked = check_output(name, view, TensorShape{batch, length}); !checked) {
    return tl::unexpected{checked.error()};
  }
  return as_matrix(name, view);
}

// What all gates of a batch are made of: the products with both weights.
struct Gates {
  std::vector<float> from_input;
  std::vector<float> from_hidden;
};

Result<Gates> sum_gates(ConstMatrixView x, const PackedMatrix& input_weights, std::span<const float> input_bias,
                        ConstMatrixView h, const PackedMatrix& hidden_weights, std::span<const float> hidden_bias) {
  if (!input_weights.usable() || !hidden_weights.usable()) {
    return fail(Errc::invalid_argument, "the cell was made for another SIMD target: make it again");
  }
  const std::size_t columns = hidden_weights.cols();
  if (columns > 0 && x.rows > KernelLimits::kWorkBytesMax / (2 * sizeof(float)) / columns) {
    return fail(Errc::invalid_argument, "the gates of " + std::to_string(x.rows) + " rows of 'x' need more than " +
                                            std::to_string(KernelLimits::kWorkBytesMax) + " bytes: give fewer");
  }
  Gates gates;
  gates.from_input.resize(x.rows * columns);
  gates.from_hidden.resize(x.rows * columns);
  if (auto done = sgemm(x, input_weights, {gates.from_input.data(), x.rows, columns}, {.bias = input_bias}); !done) {
    return tl::unexpected{done.error()};
  }
  if (auto done = sgemm(h, hidden_weights, {gates.from_hidden.data(), x.rows, columns}, {.bias = hidden_bias}); !done) {
    return tl::unexpected{done.error()};
  }
  return gates;
}

Result<std::size_t> batch_of(const ConstTensorView& x) {
  if (x.shape.rank() == 2) return x.shape[0];
  return fail(Errc::shape_mismatch, "tensor 'x' has shape " + to_string(x.shape) + " where [batch, inputs] is needed");
}

}  // namespace

Result<LstmCell> LstmCell::make(ConstTensorView input_weights, ConstTensorView hidden_weights,
                                std::span<const float> bias) try {
  constexpr std::size_t kGates = 4;
  if (auto checked = check_weights(input_weights, hidden_weights, kGates); !checked) {
    return tl::unexpected{checked.error()};
  }
  auto copied = copy_bias("bias", bias, hidden_weights.shape[1]);
  if (!copied) return tl::unexpected{copied.error()};
  auto packed_input = pack("input_weights", input_weights);
  if (!packed_input) return tl::unexpected{packed_input.error()};
  auto packed_hidden = pack("hidden_weights", hidden_weights);
  if (!packed_hidden) return tl::unexpected{packed_hidden.error()};
  LstmCell cell;
  cell.input_weights_ = std::move(*packed_input);
  cell.hidden_weights_ = std::move(*packed_hidden);
  cell.bias_ = std::move(*copied);
  return cell;
} catch (const std::bad_alloc&) {
  return no_memory("the weights of a cell");
}

Result<void> LstmCell::step(ConstTensorView x, ConstTensorView h, ConstTensorView c, TensorView h_next,
                            TensorView c_next) const try {
  const auto batch = batch_of(x);
  if (!batch) return tl::unexpected{batch.error()};
  const auto input = state("x", x, *batch, inputs());
  if (!input) return tl::unexpected{input.error()};
  const auto memory = state("h", h, *batch, hidden());
  if (!memory) return tl::unexpected{memory.error()};
  const auto cell = state("c", c, *batch, hidden());
  if (!cell) return tl::unexpected{cell.error()};
  const auto output = next_state("h_next", h_next, *batch, hidden());
  if (!output) return tl::unexpected{output.error()};
  const auto next = next_state("c_next", c_next, *batch, hidden());
  if (!next) return tl::unexpected{next.error()};
  if (auto checked = check_disjoint("h_next", h_next, "x", x); !checked) return checked;
  if (auto checked = check_disjoint_or_same("h_next", h_next, "h", h); !checked) return checked;
  if (auto checked = check_disjoint("h_next", h_next, "c", c); !checked) return checked;
  if (auto checked = check_disjoint("c_next", c_next, "x", x); !checked) return checked;
  if (auto checked = check_disjoint("c_next", c_next, "h", h); !checked) return checked;
  if (auto checked = check_disjoint_or_same("c_next", c_next, "c", c); !checked) return checked;
  if (auto checked = check_disjoint("h_next", h_next, "c_next", c_next); !checked) return checked;
  if (output->empty()) return {};
  const auto gates = sum_gates(*input, input_weights_, bias_, *memory, hidden_weights_, {});
  if (!gates) return tl::unexpected{gates.error()};
  for (std::size_t i = 0; i < *batch; ++i) {
    const std::size_t at = i * hidden_weights_.cols();
    cpu::lstm_gates(gates->from_input.data() + at, gates->from_hidden.data() + at, cell->row(i).data(),
                    output->row(i).data(), next->row(i).data(), hidden());
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory("the gates of a cell");
}

Result<GruCell> GruCell::make(ConstTensorView input_weights, ConstTensorView hidden_weights,
                              std::span<const float> input_bias, std::span<const float> hidden_bias) try {
  constexpr std::size_t kGates = 3;
  if (auto checked = check_weights(input_weights, hidden_weights, kGates); !checked) {
    return tl::unexpected{checked.error()};
  }
  auto copied_input = copy_bias("input_bias", input_bias, hidden_weights.shape[1]);
  if (!copied_input) return tl::unexpected{copied_input.error()};
  auto copied_hidden = copy_bias("hidden_bias", hidden_bias, hidden_weights.shape[1]);
  if (!copied_hidden) return tl::unexpected{copied_hidden.error()};
  auto packed_input = pack("input_weights", input_weights);
  if (!packed_input) return tl::unexpected{packed_input.error()};
  auto packed_hidden = pack("hidden_weights", hidden_weights);
  if (!packed_hidden) return tl::unexpected{packed_hidden.error()};
  GruCell cell;
  cell.input_weights_ = std::move(*packed_input);
  cell.hidden_weights_ = std::move(*packed_hidden);
  cell.input_bias_ = std::move(*copied_input);
  cell.hidden_bias_ = std::move(*copied_hidden);
  return cell;
} catch (const std::bad_alloc&) {
  return no_memory("the weights of a cell");
}

Result<void> GruCell::step(ConstTensorView x, ConstTensorView h, TensorView h_next) const try {
  const auto batch = batch_of(x);
  if (!batch) return tl::unexpected{batch.error()};
  const auto input = state("x", x, *batch, inputs());
  if (!input) return tl::unexpected{input.error()};
  const auto memory = state("h", h, *batch, hidden());
  if (!memory) return tl::unexpected{memory.error()};
  const auto output = next_state("h_next", h_next, *batch, hidden());
  if (!output) return tl::unexpected{output.error()};
  if (auto checked = check_disjoint("h_next", h_next, "x", x); !checked) return checked;
  if (auto checked = check_disjoint_or_same("h_next", h_next, "h", h); !checked) return checked;
  if (output->empty()) return {};
  const auto gates = sum_gates(*input, input_weights_, input_bias_, *memory, hidden_weights_, hidden_bias_);
  if (!gates) return tl::unexpected{gates.error()};
  for (std::size_t i = 0; i < *batch; ++i) {
    const std::size_t at = i * hidden_weights_.cols();
    cpu::gru_gates(gates->from_input.data() + at, gates->from_hidden.data() + at, memory->row(i).data(),
                   output->row(i).data(), hidden());
  }
  return {};
} catch (const std::bad_alloc&) {
  return no_memory("the gates of a cell");
}

}  // namespace myelin::kernels
