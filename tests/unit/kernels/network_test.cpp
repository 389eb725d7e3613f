#include "myelin/kernels/network.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <thread>

#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

std::vector<LayerParameters> parameters_of(const Network& network) {
  return {network.layers().begin(), network.layers().end()};
}

Network make(std::vector<std::size_t> widths, std::uint64_t seed = 1) { return Network::make(widths, seed).value(); }

Errc code_of(std::vector<LayerParameters> layers) { return Network::from_parameters(std::move(layers)).error().code; }

}  // namespace

BOOST_AUTO_TEST_SUITE(network)

BOOST_AUTO_TEST_CASE(a_new_network_has_the_shape_asked_for) {
  const Network network = make({64, 128, 10});
  BOOST_TEST(network.inputs() == 64U);
  BOOST_TEST(network.outputs() == 10U);
  BOOST_REQUIRE(network.layers().size() == 2U);
  BOOST_TEST(network.parameter_count() == 64U * 128 + 128 + 128 * 10 + 10);
  const LayerParameters& first = network.layers()[0];
  BOOST_TEST(first.weights.size() == 64U * 128);
  BOOST_TEST((first.activation == Activation::relu));
  BOOST_TEST((network.layers()[1].activation == Activation::none));
  const float limit = std::sqrt(6.0F / 64.0F);
  double sum = 0, squares = 0;
  for (const float w : first.weights) {
    BOOST_REQUIRE(std::abs(w) <= limit);
    sum += static_cast<double>(w);
    squares += static_cast<double>(w * w);
  }
  const double count = static_cast<double>(first.weights.size());
  BOOST_TEST(std::abs(sum / count) < 0.01);
  BOOST_TEST(std::abs(squares / count - 2.0 / 64.0) < 0.002);  // He's variance
  for (const float b : first.bias) BOOST_TEST(b == 0.0F);
}

BOOST_AUTO_TEST_CASE(a_seed_decides_every_bit) {
  BOOST_TEST((parameters_of(make({8, 5, 3}, 42)) == parameters_of(make({8, 5, 3}, 42))));
  BOOST_TEST((parameters_of(make({8, 5, 3}, 42)) != parameters_of(make({8, 5, 3}, 43))));
  // The same on every platform: the first number of SplitMix64(1), as published, to 24 bits.
  const float unit = static_cast<float>(10451216379200822465U >> 40U) * 0x1p-24F;
  BOOST_TEST(make({8, 5, 3}, 1).layers()[0].weights[0] == std::sqrt(6.0F / 8.0F) * (2.0F * unit - 1.0F));
}

BOOST_AUTO_TEST_CASE(widths_outside_the_limits_are_refused) {
  const auto code = [](std::vector<std::size_t> widths) { return Network::make(widths, 1).error().code; };
  BOOST_TEST((code({}) == Errc::invalid_argument));
  BOOST_TEST((code({64}) == Errc::invalid_argument));
  BOOST_TEST((code({64, 0, 10}) == Errc::invalid_argument));
  BOOST_TEST((code({64, NetworkLimits::kWidthMax + 1}) == Errc::invalid_argument));
  BOOST_TEST((code({65'536, 65'536}) == Errc::invalid_argument));
  BOOST_TEST((code(std::vector<std::size_t>(NetworkLimits::kLayersMax + 2, 1)) == Errc::invalid_argument));
  const auto named = Network::make(std::vector<std::size_t>{64, 0, 10}, 1);
  BOOST_TEST(named.error().message == "layer 0 has a width of 0, outside 1 to 65536");
}

BOOST_AUTO_TEST_CASE(parameters_go_out_and_come_back) {
  const Network network = make({6, 5, 4, 3});
  const Network again = Network::from_parameters(parameters_of(network)).value();
  BOOST_TEST((parameters_of(again) == parameters_of(network)));
}

BOOST_AUTO_TEST_CASE(unsound_parameters_are_refused) {
  const std::vector<LayerParameters> sound = parameters_of(make({6, 5, 3}));
  BOOST_TEST((code_of({}) == Errc::invalid_argument));

  auto layers = sound;
  layers[0].weights.pop_back();
  BOOST_TEST((code_of(layers) == Errc::shape_mismatch));
  layers = sound;
  layers[1].bias.push_back(0);
  BOOST_TEST((code_of(layers) == Errc::shape_mismatch));
  layers = sound;
  layers[1] = parameters_of(make({4, 3}))[0];
  const auto unfit = Network::from_parameters(layers);
  BOOST_REQUIRE(!unfit.has_value());
  BOOST_TEST((unfit.error().code == Errc::shape_mismatch));
  BOOST_TEST(unfit.error().message == "layer 1 takes 4 inputs where layer 0 gives 5");
  layers = sound;
  layers[0].weights[7] = std::numeric_limits<float>::quiet_NaN();
  const auto nan = Network::from_parameters(layers);
  BOOST_REQUIRE(!nan.has_value());
  BOOST_TEST((nan.error().code == Errc::invalid_argument));
  BOOST_TEST(nan.error().message == "layer 0 has a value that is not finite among its weights, at position 7");
  layers = sound;
  layers[1].bias[2] = std::numeric_limits<float>::infinity();
  BOOST_TEST((code_of(layers) == Errc::invalid_argument));
  layers = sound;
  layers[0].activation = static_cast<Activation>(7);
  BOOST_TEST((code_of(layers) == Errc::invalid_argument));
  // A shape that would overflow if multiplied without a check.
  layers = sound;
  layers[0].inputs = layers[0].outputs = SIZE_MAX / 2;
  BOOST_TEST((code_of(layers) == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(inference_agrees_with_the_reference_on_every_target) {
  const Network network = make({64, 37, 20, 10}, 5);
  for_each_target([&] {
    const auto simd = make_backend(BackendKind::simd).value();
    const auto scalar = make_backend(BackendKind::scalar).value();
    Noise noise{1};
    for (const std::size_t rows : {1U, 2U, 5U, 64U, 300U}) {  // 300: more than one pass
      Island x{rows, 64};
      x.fill(noise);
      Island fast{rows, 10};
      Island plain{rows, 10};
      BOOST_REQUIRE(network.infer(*simd, x.view(), fast.view()).has_value());
      BOOST_REQUIRE(network.infer(*scalar, x.view(), plain.view()).has_value());
      BOOST_TEST(fast.is_untouched_around());
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < 10; ++j) {
          if (std::abs(fast.view()(i, j) - plain.view()(i, j)) > 1e-5F) BOOST_ERROR("row " << i << " differs");
        }
      }
    }
  });
}

// The kernel actor joins many agents' rows into one call: no row may change for it.
BOOST_AUTO_TEST_CASE(a_row_gets_the_same_answer_alone_and_in_a_batch) {
  const Network network = make({64, 128, 10});
  const auto backend = make_backend(BackendKind::simd).value();
  Noise noise{2};
  Island x{50, 64};
  x.fill(noise);
  Island together{50, 10};
  BOOST_REQUIRE(network.infer(*backend, x.view(), together.view()).has_value());
  for (std::size_t i = 0; i < 50; ++i) {
    std::vector<float> alone(10);
    BOOST_REQUIRE(network.infer(*backend, x.view().row_range(i, 1), {alone.data(), 1, 10}).has_value());
    for (std::size_t j = 0; j < 10; ++j) BOOST_TEST(alone[j] == together.view()(i, j));
  }
}

BOOST_AUTO_TEST_CASE(unsound_calls_are_refused) {
  const Network network = make({4, 3});
  const auto backend = make_backend(BackendKind::simd).value();
  std::vector<float> x(8), p(6);
  const auto code = [&](ConstMatrixView in, MatrixView out) { return network.infer(*backend, in, out).error().code; };
  BOOST_TEST((code({x.data(), 2, 3}, {p.data(), 2, 3}) == Errc::shape_mismatch));
  BOOST_TEST((code({x.data(), 2, 4}, {p.data(), 3, 2}) == Errc::shape_mismatch));
  BOOST_TEST((code({nullptr, 2, 4}, {p.data(), 2, 3}) == Errc::invalid_argument));
  BOOST_TEST((code({x.data(), 2, 4}, {x.data(), 2, 3}) == Errc::invalid_argument));
  BOOST_TEST(network.infer(*backend, {nullptr, 0, 4}, {nullptr, 0, 3}).has_value());
}

BOOST_AUTO_TEST_CASE(evaluation_counts_what_is_right) {
  // Identity: the most probable class is the largest input.
  LayerParameters identity{2, 2, {1, 0, 0, 1}, {0, 0}, Activation::none};
  const Network network = Network::from_parameters({identity}).value();
  const auto backend = make_backend(BackendKind::scalar).value();
  const std::vector<float> x{0, std::log(3.0F), std::log(3.0F), 0};
  const std::vector<std::uint32_t> labels{1, 1};
  const Evaluation result = evaluate(*backend, network, {x.data(), 2, 2}, labels).value();
  BOOST_TEST(result.accuracy == 0.5);
  BOOST_TEST(std::abs(result.loss - (std::log(4.0 / 3.0) + std::log(4.0)) / 2) < 1e-6);
  BOOST_TEST(evaluate(*backend, network, {nullptr, 0, 2}, {}).value().loss == 0.0);
  BOOST_TEST((evaluate(*backend, network, {x.data(), 1, 2}, labels).error().code == Errc::shape_mismatch));
  const std::vector<std::uint32_t> wrong{0, 2};
  const auto unknown = evaluate(*backend, network, {x.data(), 2, 2}, wrong);
  BOOST_REQUIRE(!unknown.has_value());
  BOOST_TEST((unknown.error().code == Errc::invalid_argument));
  BOOST_TEST(unknown.error().message == "label 2 of row 1 is not below the number of classes, 2");
}

BOOST_AUTO_TEST_CASE(threads_may_share_a_network_and_a_backend) {
  const Network network = make({64, 128, 10});
  const auto backend = make_backend(BackendKind::simd).value();
  Noise noise{3};
  Island x{33, 64};
  x.fill(noise);
  std::vector<std::vector<float>> results(4, std::vector<float>(330));
  {
    std::vector<std::jthread> threads;
    for (std::vector<float>& result : results) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          (void)network.infer(*backend, std::as_const(x).view(), {result.data(), 33, 10}).has_value();
        }
      });
    }
  }
  for (const std::vector<float>& result : results) BOOST_TEST((result == results.front()));
}

BOOST_AUTO_TEST_SUITE_END()
