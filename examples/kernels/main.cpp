// A dense layer over a batch, a search among its outputs, and a step of an LSTM with weights as PyTorch stores them.
#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <vector>

#include <myelin/kernels/gemm.hpp>
#include <myelin/kernels/recurrent.hpp>
#include <myelin/kernels/similarity.hpp>

using namespace myelin::kernels;

namespace {

bool is_near(float a, double b) { return std::abs(a - b) <= 1e-6; }

myelin::Result<bool> dense_layer() {
  const std::vector<float> weights = {1, 0, 2,  -1,    //
                                      0, 1, -1, 3,     //
                                      2, 1, 0,  0.5};  // [3 inputs, 4 outputs], row after row
  const std::vector<float> bias = {0, 0.5F, -1, 0};
  const std::vector<float> x = {1, 2, 0,    //
                                0, 1, -1};  // a batch of two
  std::vector<float> y(2 * 4);

  // y = relu(x * weights + bias). Packed once, the weights serve any number of batches, on any number of threads.
  const auto packed = PackedMatrix::make({weights.data(), 3, 4});
  if (!packed) return tl::unexpected{packed.error()};
  const ConstMatrixView batch{x.data(), 2, 3};
  const MatrixView out{y.data(), 2, 4};
  const auto done = sgemm(batch, *packed, out, {.bias = bias, .activation = Activation::relu});
  if (!done) return tl::unexpected{done.error()};

  // Which row of y points most nearly where the query does? A matrix is a tensor, and so is a span of floats.
  const std::vector<float> query = {0, 0, 0, 1};
  std::array<Ranked, 2> best{};
  const auto found = nearest(std::span{query}, out, Similarity::cosine, best);
  if (!found) return tl::unexpected{found.error()};
  for (const Ranked& row : best) std::printf("row %zu: cosine %.3f\n", row.index, row.value);

  const std::vector<float> want = {1, 2.5F, 0, 5, 0, 0.5F, 0, 2.5F};
  return y == want && best[0].index == 1 && is_near(best[0].value, 2.5 / std::sqrt(6.5));
}

myelin::Result<bool> lstm_from_pytorch() {
  // PyTorch stores weight_ih as [4 * hidden, inputs] and weight_hh as [4 * hidden, hidden].
  constexpr std::size_t kInputs = 2;
  constexpr std::size_t kHidden = 1;
  const std::vector<float> weight_ih = {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F, 0.7F, 0.8F};
  const std::vector<float> weight_hh = {0.1F, 0.2F, 0.3F, 0.4F};
  const std::vector<float> bias = {0, 0.1F, 0, 0};  // bias_ih + bias_hh

  // The cell wants [inputs, 4 * hidden]: the same memory with its strides swapped.
  const ConstTensorView input_weights{weight_ih.data(), {kInputs, 4 * kHidden}, {1, kInputs}};
  const ConstTensorView hidden_weights{weight_hh.data(), {kHidden, 4 * kHidden}, {1, kHidden}};
  const auto cell = LstmCell::make(input_weights, hidden_weights, bias);
  if (!cell) return tl::unexpected{cell.error()};

  const std::vector<float> x = {1, -1};
  std::vector<float> h = {0.5F};
  std::vector<float> c = {0.25F};
  const TensorView state{h.data(), {1, kHidden}};
  const TensorView memory{c.data(), {1, kHidden}};
  const auto stepped = cell->step(ConstTensorView{x.data(), {1, kInputs}}, state, memory, state, memory);
  if (!stepped) return tl::unexpected{stepped.error()};

  // The gates by hand. Each has the input weights w and w + 0.1, and the inputs 1 and -1: a sum of -0.1.
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const double input = sigmoid(-0.1 + 0.5 * 0.1);
  const double forget = sigmoid(-0.1 + 0.5 * 0.2 + 0.1);
  const double fresh = std::tanh(-0.1 + 0.5 * 0.3);
  const double output = sigmoid(-0.1 + 0.5 * 0.4);
  const double next = forget * 0.25 + input * fresh;
  std::printf("lstm: h %.6f, c %.6f\n", static_cast<double>(h[0]), static_cast<double>(c[0]));
  return is_near(c[0], next) && is_near(h[0], output * std::tanh(next));
}

int check(const char* name, const myelin::Result<bool>& right) {
  if (right && *right) return 0;
  std::fprintf(stderr, "%s: %s\n", name, right ? "not what plain arithmetic gives" : to_string(right.error()).c_str());
  return 1;
}

}  // namespace

int main() { return check("dense layer", dense_layer()) + check("lstm", lstm_from_pytorch()); }
