#include "myelin/kernels/trainer.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::for_each_target;
using test::Noise;

namespace {

struct Data {
  std::vector<float> x;
  std::vector<std::uint32_t> labels;
  std::size_t width = 0;

  [[nodiscard]] ConstMatrixView inputs() const { return {x.data(), labels.size(), width}; }
};

// Which of three rings a point of the plane lies in: no straight line tells them apart.
Data rings(std::size_t count, std::uint32_t seed) {
  Noise noise{seed};
  Data data;
  data.width = 2;
  while (data.labels.size() < count) {
    const float x = noise.value();
    const float y = noise.value();
    const float radius = std::sqrt(x * x + y * y);
    data.x.insert(data.x.end(), {x, y});
    data.labels.push_back(radius < 0.4F ? 0 : radius < 0.75F ? 1 : 2);
  }
  return data;
}

Data noisy_data(std::size_t rows, std::size_t width, std::uint32_t classes, std::uint32_t seed) {
  Noise noise{seed};
  Data data;
  data.width = width;
  for (std::size_t i = 0; i < rows * width; ++i) data.x.push_back(noise.value());
  for (std::size_t i = 0; i < rows; ++i) data.labels.push_back(static_cast<std::uint32_t>(noise.below(classes)));
  return data;
}

Network make(std::vector<std::size_t> widths, std::uint64_t seed = 1) { return Network::make(widths, seed).value(); }

std::vector<LayerParameters> parameters_of(const Network& network) {
  return {network.layers().begin(), network.layers().end()};
}

// Mean cross-entropy in double, from the definition: shares nothing with the trainer.
double loss_by_definition(const std::vector<LayerParameters>& layers, const Data& data) {
  double total = 0;
  for (std::size_t row = 0; row < data.labels.size(); ++row) {
    std::vector<double> values;
    for (const float x : data.inputs().row(row)) values.push_back(static_cast<double>(x));
    for (const LayerParameters& layer : layers) {
      std::vector<double> next(layer.bias.begin(), layer.bias.end());
      for (std::size_t j = 0; j < layer.outputs; ++j) {
        for (std::size_t i = 0; i < layer.inputs; ++i) {
          next[j] += values[i] * static_cast<double>(layer.weights[i * layer.outputs + j]);
        }
        if (layer.activation == Activation::relu && next[j] < 0) next[j] = 0;
      }
      values = std::move(next);
    }
    double sum = 0;
    for (const double value : values) sum += std::exp(value);
    total += std::log(sum) - values[data.labels[row]];
  }
  return total / static_cast<double>(data.labels.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trainer)

BOOST_AUTO_TEST_CASE(gradients_agree_with_finite_differences_on_every_target) {
  const Data data = noisy_data(13, 7, 4, 1);
  for_each_target([&] {
    const auto backend = make_backend(BackendKind::simd).value();
    Trainer subject = Trainer::make(make({7, 9, 5, 4}, 3)).value();
    Gradients gradients;
    const double loss = subject.gradients(*backend, data.inputs(), data.labels, gradients).value();
    std::vector<LayerParameters> layers = parameters_of(subject.network());
    BOOST_TEST(std::abs(loss - loss_by_definition(layers, data)) < 1e-5);

    const auto slope = [&](float& parameter) {
      constexpr float kStep = 1e-3F;
      const float middle = parameter;
      parameter = middle + kStep;
      const double above = loss_by_definition(layers, data);
      const double after = static_cast<double>(parameter);
      parameter = middle - kStep;
      const double below = loss_by_definition(layers, data);
      const double before = static_cast<double>(parameter);
      parameter = middle;
      return (above - below) / (after - before);
    };
    std::size_t checked = 0, off = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      for (std::size_t i = 0; i < layers[l].weights.size(); ++i, ++checked) {
        off += std::abs(slope(layers[l].weights[i]) - static_cast<double>(gradients[l].weights[i])) > 1e-4 ? 1 : 0;
      }
      for (std::size_t i = 0; i < layers[l].bias.size(); ++i, ++checked) {
        off += std::abs(slope(layers[l].bias[i]) - static_cast<double>(gradients[l].bias[i])) > 1e-4 ? 1 : 0;
      }
    }
    BOOST_TEST(checked == subject.network().parameter_count());
    // A step may cross the kink of a ReLU, where there is no slope to agree on; with this seed none does.
    BOOST_TEST(off == 0U);
  });
}

BOOST_AUTO_TEST_CASE(one_step_of_adam_is_as_in_the_paper) {
  const Data data = noisy_data(5, 3, 2, 2);
  const auto backend = make_backend(BackendKind::scalar).value();
  TrainerOptions options;
  options.batch_size = 5;
  options.adam.learning_rate = 0.01F;
  Trainer subject = Trainer::make(make({3, 2}), options).value();
  const std::vector<LayerParameters> before = parameters_of(subject.network());
  Gradients g;
  BOOST_REQUIRE(subject.gradients(*backend, data.inputs(), data.labels, g).has_value());
  BOOST_REQUIRE(subject.train_epoch(*backend, data.inputs(), data.labels).has_value());
  // At the first step both moments, corrected for their bias, are the gradient and its square.
  const std::span<const LayerParameters> after = subject.network().layers();
  for (std::size_t i = 0; i < 6; ++i) {
    const double gradient = static_cast<double>(g[0].weights[i]);
    const double expected = static_cast<double>(before[0].weights[i]) - 0.01 * gradient / (std::abs(gradient) + 1e-8);
    BOOST_TEST(std::abs(static_cast<double>(after[0].weights[i]) - expected) < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(learns_rings_that_no_straight_line_tells_apart) {
  const Data train = rings(1500, 1);
  const Data held_out = rings(500, 2);
  const auto backend = make_backend(BackendKind::simd).value();
  TrainerOptions options;
  options.adam.learning_rate = 5e-3F;
  Trainer subject = Trainer::make(make({2, 32, 32, 3}), options).value();
  const double before = evaluate(*backend, subject.network(), held_out.inputs(), held_out.labels).value().accuracy;
  EpochReport last;
  for (std::size_t epoch = 1; epoch <= 30; ++epoch) {
    last = subject.train_epoch(*backend, train.inputs(), train.labels).value();
    BOOST_TEST(last.epoch == epoch);
    BOOST_TEST(last.examples == 1500U);
    BOOST_TEST(!last.cancelled);
  }
  const Evaluation after = evaluate(*backend, subject.network(), held_out.inputs(), held_out.labels).value();
  BOOST_TEST_MESSAGE("held-out accuracy " << before << " -> " << after.accuracy << ", last loss " << last.loss);
  BOOST_TEST(after.accuracy > 0.95);
  BOOST_TEST(last.accuracy > 0.95);
  BOOST_TEST(before < 0.8);
}

BOOST_AUTO_TEST_CASE(the_same_seed_trains_the_same_bits_on_every_target) {
  const Data data = rings(100, 3);
  for_each_target([&] {
    const auto backend = make_backend(BackendKind::simd).value();
    const auto run = [&](std::uint64_t seed) {
      TrainerOptions options;
      options.seed = seed;
      Trainer subject = Trainer::make(make({2, 11, 3}), options).value();
      for (int i = 0; i < 3; ++i) BOOST_REQUIRE(subject.train_epoch(*backend, data.inputs(), data.labels).has_value());
      return parameters_of(subject.network());
    };
    const auto first = run(5);
    BOOST_TEST((run(5) == first));
    BOOST_TEST((run(6) != first));
  });
}

BOOST_AUTO_TEST_CASE(epochs_differ_in_order_and_reports_count_time_by_the_given_clock) {
  const Data data = rings(70, 4);
  const auto backend = make_backend(BackendKind::simd).value();
  std::chrono::steady_clock::time_point clock;
  TrainerOptions options;
  options.now = [&] { return clock += std::chrono::seconds{2}; };
  Trainer subject = Trainer::make(make({2, 4, 3}), options).value();
  const EpochReport report = subject.train_epoch(*backend, data.inputs(), data.labels).value();
  BOOST_TEST(report.seconds == 2.0);
  options.now = {};
  Trainer timeless = Trainer::make(make({2, 4, 3}), options).value();
  BOOST_TEST(timeless.train_epoch(*backend, data.inputs(), data.labels).value().seconds == 0.0);
}

BOOST_AUTO_TEST_CASE(a_cancelled_epoch_keeps_its_steps_and_the_network_is_sound) {
  const Data data = rings(320, 5);
  const auto backend = make_backend(BackendKind::simd).value();
  Trainer subject = Trainer::make(make({2, 8, 3})).value();
  const auto before = parameters_of(subject.network());
  int asked = 0;
  const EpochReport report =
      subject.train_epoch(*backend, data.inputs(), data.labels, [&] { return ++asked <= 3; }).value();
  BOOST_TEST(report.cancelled);
  BOOST_TEST(report.examples == 96U);
  BOOST_TEST(asked == 4);
  BOOST_TEST((parameters_of(subject.network()) != before));
  // Inference goes through the packed copies: they must be those of the new weights.
  const Network rebuilt = Network::from_parameters(parameters_of(subject.network())).value();
  std::vector<float> mine(6), theirs(6);
  BOOST_REQUIRE(subject.network().infer(*backend, data.inputs().row_range(0, 2), {mine.data(), 2, 3}).has_value());
  BOOST_REQUIRE(rebuilt.infer(*backend, data.inputs().row_range(0, 2), {theirs.data(), 2, 3}).has_value());
  BOOST_TEST(mine == theirs, boost::test_tools::per_element());

  const EpochReport at_once = subject.train_epoch(*backend, data.inputs(), data.labels, [] { return false; }).value();
  BOOST_TEST(at_once.cancelled);
  BOOST_TEST(at_once.examples == 0U);
  BOOST_TEST(at_once.loss == 0.0);
}

BOOST_AUTO_TEST_CASE(a_copied_network_does_not_change_with_the_trainer) {
  const Data data = rings(64, 6);
  const auto backend = make_backend(BackendKind::simd).value();
  Trainer subject = Trainer::make(make({2, 8, 3})).value();
  const Network kept = subject.network();
  const auto before = parameters_of(kept);
  std::vector<float> probabilities(3), again(3);
  BOOST_REQUIRE(kept.infer(*backend, data.inputs().row_range(0, 1), {probabilities.data(), 1, 3}).has_value());
  BOOST_REQUIRE(subject.train_epoch(*backend, data.inputs(), data.labels).has_value());
  BOOST_TEST((parameters_of(kept) == before));
  BOOST_REQUIRE(kept.infer(*backend, data.inputs().row_range(0, 1), {again.data(), 1, 3}).has_value());
  BOOST_TEST(again == probabilities, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_rows_is_an_empty_epoch) {
  const auto backend = make_backend(BackendKind::simd).value();
  Trainer subject = Trainer::make(make({2, 3})).value();
  const EpochReport report = subject.train_epoch(*backend, {nullptr, 0, 2}, {}).value();
  BOOST_TEST(report.examples == 0U);
  BOOST_TEST(!report.cancelled);
}

BOOST_AUTO_TEST_CASE(unsound_data_is_refused_and_changes_nothing) {
  const Data data = rings(10, 7);
  const auto backend = make_backend(BackendKind::simd).value();
  Trainer subject = Trainer::make(make({2, 3})).value();
  const auto before = parameters_of(subject.network());
  const auto code = [&](ConstMatrixView inputs, std::span<const std::uint32_t> labels) {
    return subject.train_epoch(*backend, inputs, labels).error().code;
  };
  BOOST_TEST((code({data.x.data(), 5, 4}, data.labels) == Errc::shape_mismatch));
  BOOST_TEST((code(data.inputs(), std::span{data.labels}.first(9)) == Errc::shape_mismatch));
  const std::vector<std::uint32_t> wrong(10, 3);
  BOOST_TEST((code(data.inputs(), wrong) == Errc::invalid_argument));
  std::vector<float> bad = data.x;
  bad[3] = std::numeric_limits<float>::quiet_NaN();
  const auto nan = subject.train_epoch(*backend, {bad.data(), 10, 2}, data.labels);
  BOOST_REQUIRE(!nan.has_value());
  BOOST_TEST((nan.error().code == Errc::invalid_argument));
  BOOST_TEST((parameters_of(subject.network()) == before));
}

BOOST_AUTO_TEST_CASE(options_outside_their_range_are_refused) {
  const auto refused = [](auto change) {
    TrainerOptions options;
    change(options);
    const auto subject = Trainer::make(make({2, 3}), options);
    return !subject.has_value() && subject.error().code == Errc::invalid_argument;
  };
  BOOST_TEST(refused([](TrainerOptions& o) { o.batch_size = 0; }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.batch_size = 65'537; }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.adam.learning_rate = 0; }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.adam.learning_rate = std::numeric_limits<float>::quiet_NaN(); }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.adam.beta1 = 1; }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.adam.beta2 = -0.1F; }));
  BOOST_TEST(refused([](TrainerOptions& o) { o.adam.epsilon = 0; }));
  LayerParameters relu_at_the_end{2, 2, {1, 0, 0, 1}, {0, 0}, Activation::relu};
  const auto subject = Trainer::make(Network::from_parameters({relu_at_the_end}).value());
  BOOST_TEST(!subject.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
