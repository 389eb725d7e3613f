#include "myelin/kernels/recurrent.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::test::require_success;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

// Two products of numbers below 1, and functions that are nowhere steeper than 1.
double bound(std::size_t inputs, std::size_t hidden) {
  return 1e-6 + 2 * 0x1p-24 * static_cast<double>(inputs + hidden + 4);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Everything of a cell and a batch, in one place.
struct Example {
  Example(std::size_t batch_in, std::size_t inputs_in, std::size_t hidden_in, std::size_t gates, Noise& noise)
      : batch(batch_in),
        inputs(inputs_in),
        hidden(hidden_in),
        input_weights(inputs, gates * hidden),
        hidden_weights(hidden, gates * hidden),
        x(batch, inputs, 2),
        h(batch, hidden, 1),
        c(batch, hidden, 0),
        input_bias(gates * hidden),
        hidden_bias(gates * hidden) {
    for (Island* island : {&input_weights, &hidden_weights, &x, &h, &c}) island->fill(noise);
    for (float& v : input_bias) v = noise.value();
    for (float& v : hidden_bias) v = noise.value();
  }

  // The sums of gate column `j`, of the input and of the memory, for row i.
  [[nodiscard]] double from_input(std::size_t i, std::size_t j) {
    double sum{input_bias[j]};
    for (std::size_t p = 0; p < inputs; ++p) sum += double{x.view()(i, p)} * double{input_weights.view()(p, j)};
    return sum;
  }
  [[nodiscard]] double from_hidden(std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t p = 0; p < hidden; ++p) sum += double{h.view()(i, p)} * double{hidden_weights.view()(p, j)};
    return sum;
  }

  std::size_t batch, inputs, hidden;
  Island input_weights, hidden_weights, x, h, c;
  std::vector<float> input_bias, hidden_bias;
};

bool fails(const myelin::Result<void>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent)

BOOST_AUTO_TEST_CASE(lstm_agrees_with_sums_in_double_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (int round = 0; round < 25; ++round) {
      Example e{1 + noise.below(9), 1 + noise.below(40), 1 + noise.below(40), 4, noise};
      const auto cell = LstmCell::make(e.input_weights.view(), e.hidden_weights.view(), e.input_bias);
      require_success(cell);
      Island h_next{e.batch, e.hidden, 3};
      Island c_next{e.batch, e.hidden, 1};
      require_success(cell->step(e.x.view(), e.h.view(), e.c.view(), h_next.view(), c_next.view()));
      BOOST_TEST(h_next.is_untouched_around());
      BOOST_TEST(c_next.is_untouched_around());
      for (std::size_t i = 0; i < e.batch; ++i) {
        for (std::size_t j = 0; j < e.hidden; ++j) {
          const auto sum = [&](std::size_t gate) {
            return e.from_input(i, gate * e.hidden + j) + e.from_hidden(i, gate * e.hidden + j);
          };
          const double c = sigmoid(sum(1)) * double{e.c.view()(i, j)} + sigmoid(sum(0)) * std::tanh(sum(2));
          BOOST_TEST(std::abs(double{c_next.view()(i, j)} - c) <= bound(e.inputs, e.hidden));
          const double h = sigmoid(sum(3)) * std::tanh(c);
          BOOST_TEST(std::abs(double{h_next.view()(i, j)} - h) <= bound(e.inputs, e.hidden));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(gru_agrees_with_sums_in_double_on_every_target) {
  for_each_target([] {
    Noise noise{2};
    for (int round = 0; round < 25; ++round) {
      Example e{1 + noise.below(9), 1 + noise.below(40), 1 + noise.below(40), 3, noise};
      const auto cell = GruCell::make(e.input_weights.view(), e.hidden_weights.view(), e.input_bias, e.hidden_bias);
      require_success(cell);
      Island h_next{e.batch, e.hidden, 3};
      require_success(cell->step(e.x.view(), e.h.view(), h_next.view()));
      BOOST_TEST(h_next.is_untouched_around());
      for (std::size_t i = 0; i < e.batch; ++i) {
        for (std::size_t j = 0; j < e.hidden; ++j) {
          const auto hidden = [&](std::size_t gate) {
            return e.from_hidden(i, gate * e.hidden + j) + double{e.hidden_bias[gate * e.hidden + j]};
          };
          const double r = sigmoid(e.from_input(i, j) + hidden(0));
          const double z = sigmoid(e.from_input(i, e.hidden + j) + hidden(1));
          const double n = std::tanh(e.from_input(i, 2 * e.hidden + j) + r * hidden(2));
          const double want = (1 - z) * n + z * double{e.h.view()(i, j)};
          BOOST_TEST(std::abs(double{h_next.view()(i, j)} - want) <= bound(e.inputs, e.hidden));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_step_in_place_gives_the_same_bits) {
  for_each_target([] {
    Noise noise{3};
    Example e{3, 7, 19, 4, noise};
    const auto lstm = LstmCell::make(e.input_weights.view(), e.hidden_weights.view());
    require_success(lstm);
    Island h{3, 19};
    Island c{3, 19};
    require_success(lstm->step(e.x.view(), e.h.view(), e.c.view(), h.view(), c.view()));
    Example g{3, 7, 19, 3, noise};
    const auto gru = GruCell::make(g.input_weights.view(), g.hidden_weights.view());
    require_success(gru);
    Island next{3, 19};
    require_success(gru->step(g.x.view(), g.h.view(), next.view()));
    require_success(lstm->step(e.x.view(), e.h.view(), e.c.view(), e.h.view(), e.c.view()));
    require_success(gru->step(g.x.view(), g.h.view(), g.h.view()));
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 19; ++j) {
        BOOST_TEST(e.h.view()(i, j) == h.view()(i, j));
        BOOST_TEST(e.c.view()(i, j) == c.view()(i, j));
        BOOST_TEST(g.h.view()(i, j) == next.view()(i, j));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_row_with_nan_spoils_itself_only) {
  for_each_target([] {
    Noise noise{4};
    Example e{3, 5, 9, 3, noise};
    const auto cell = GruCell::make(e.input_weights.view(), e.hidden_weights.view());
    require_success(cell);
    e.x.view()(1, 2) = std::numeric_limits<float>::quiet_NaN();
    require_success(cell->step(e.x.view(), e.h.view(), e.h.view()));
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 9; ++j) BOOST_TEST(std::isnan(e.h.view()(i, j)) == (i == 1));
    }
  });
}

BOOST_AUTO_TEST_CASE(weights_may_have_any_strides) {
  Noise noise{5};
  Example e{2, 6, 5, 4, noise};
  // The same weights as others keep them: [4 * hidden, inputs].
  std::vector<float> turned(6 * 20);
  require_success(activate(e.input_weights.view(), Activation::none, TensorView{turned.data(), {6, 20}, {1, 6}}));
  const auto plain = LstmCell::make(e.input_weights.view(), e.hidden_weights.view());
  const auto other = LstmCell::make(ConstTensorView{turned.data(), {6, 20}, {1, 6}}, e.hidden_weights.view());
  require_success(plain);
  require_success(other);
  BOOST_TEST(other->inputs() == 6U);
  BOOST_TEST(other->hidden() == 5U);
  Island h{2, 5};
  Island c{2, 5};
  require_success(plain->step(e.x.view(), e.h.view(), e.c.view(), h.view(), c.view()));
  require_success(other->step(e.x.view(), e.h.view(), e.c.view(), e.h.view(), e.c.view()));
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 5; ++j) BOOST_TEST(e.h.view()(i, j) == h.view()(i, j));
  }
}

BOOST_AUTO_TEST_CASE(an_empty_batch_is_nothing_to_do) {
  Noise noise{6};
  Example e{1, 6, 5, 4, noise};
  const auto cell = LstmCell::make(e.input_weights.view(), e.hidden_weights.view());
  require_success(cell);
  const TensorView none{static_cast<float*>(nullptr), {0, 5}};
  require_success(cell->step(TensorView{static_cast<float*>(nullptr), {0, 6}}, none, none, none, none));
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  Noise noise{7};
  Example e{2, 6, 5, 4, noise};
  std::vector<float> data(200);
  const auto at = [&](std::size_t first, const TensorShape& shape) { return TensorView{data.data() + first, shape}; };
  const auto make = [&](const ConstTensorView& w, const ConstTensorView& u, std::span<const float> bias = {}) {
    const auto made = LstmCell::make(w, u, bias);
    return made ? myelin::Result<void>{} : myelin::Result<void>{tl::unexpected{made.error()}};
  };
  const Errc mismatch = Errc::shape_mismatch;
  const Errc bad = Errc::invalid_argument;
  BOOST_TEST(fails(make(at(0, {6, 19}), e.hidden_weights.view()), mismatch, "'input_weights'"));
  BOOST_TEST(fails(make(e.input_weights.view(), at(0, {5, 19})), mismatch, "'hidden_weights'"));
  BOOST_TEST(fails(make(e.input_weights.view(), at(0, {5})), mismatch, "'hidden_weights'"));
  BOOST_TEST(fails(make(e.input_weights.view(), e.hidden_weights.view(), {data.data(), 5}), mismatch, "'bias'"));
  const std::size_t many = std::size_t{1} << 40U;
  BOOST_TEST(fails(make(ConstTensorView{data.data(), {many, 20}, {0, 0}}, e.hidden_weights.view()), bad, "larger"));

  const auto cell = LstmCell::make(e.input_weights.view(), e.hidden_weights.view());
  require_success(cell);
  const TensorView x = at(0, {2, 6});
  const TensorView h = at(20, {2, 5});
  const TensorView c = at(40, {2, 5});
  require_success(cell->step(x, h, c, at(60, {2, 5}), at(80, {2, 5})));
  BOOST_TEST(fails(cell->step(at(0, {2, 7}), h, c, h, c), mismatch, "'x'"));
  BOOST_TEST(fails(cell->step(at(0, {12}), h, c, h, c), mismatch, "'x'"));
  BOOST_TEST(fails(cell->step(x, at(20, {1, 5}), c, h, c), mismatch, "'h'"));
  BOOST_TEST(fails(cell->step(x, h, at(40, {2, 4}), h, c), mismatch, "'c'"));
  BOOST_TEST(fails(cell->step(x, h, c, at(21, {2, 5}), c), bad, "'h'"));
  BOOST_TEST(fails(cell->step(x, h, c, h, h), bad, "'c_next'"));
  BOOST_TEST(fails(cell->step(x, h, c, c, at(80, {2, 5})), bad, "'c'"));
  BOOST_TEST(fails(cell->step(x, h, c, at(5, {2, 5}), c), bad, "'x'"));
  BOOST_TEST(fails(GruCell{}.step(x, h, h), mismatch, "'x'"));
}

BOOST_AUTO_TEST_SUITE_END()
