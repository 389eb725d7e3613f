#include "myelin/kernels/convolution.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::Result;
using myelin::test::require_success;
using test::CliffEdge;
using test::for_each_target;
using test::Noise;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// A tensor of its own memory with gaps between its rows, canaries in them.
class Images {
 public:
  Images(const TensorShape& shape, std::size_t gap) : shape_(shape), strides_(contiguous_strides(shape)) {
    const std::size_t pixel = shape[3] + gap;
    strides_ = TensorShape{shape[1] * (shape[2] * pixel + gap), shape[2] * pixel + gap, pixel, 1};
    memory_.assign(shape[0] * strides_[0] + 2 * kMargin, std::bit_cast<float>(test::kCanary));
  }
  Images& fill(Noise& noise) {
    for_each([&](float& x) { x = noise.value(); });
    return *this;
  }
  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t n = 0; n < shape_[0]; ++n) {
      for (std::size_t i = 0; i < shape_[1]; ++i) {
        for (std::size_t j = 0; j < shape_[2]; ++j) {
          for (std::size_t c = 0; c < shape_[3]; ++c) visit(at(n, i, j, c));
        }
      }
    }
  }
  float& at(std::size_t n, std::size_t i, std::size_t j, std::size_t c) {
    return memory_[kMargin + n * strides_[0] + i * strides_[1] + j * strides_[2] + c];
  }
  [[nodiscard]] TensorView view() { return {memory_.data() + kMargin, shape_, strides_}; }
  [[nodiscard]] bool is_untouched_around() {
    std::vector<float> copy = memory_;
    for_each([](float& x) { x = std::bit_cast<float>(test::kCanary); });
    bool untouched = true;
    for (const float x : memory_) untouched = untouched && std::bit_cast<std::uint32_t>(x) == test::kCanary;
    memory_ = std::move(copy);
    return untouched;
  }

 private:
  static constexpr std::size_t kMargin = 67;
  TensorShape shape_;
  TensorShape strides_;
  std::vector<float> memory_;
};

struct Case {
  TensorShape x;
  Extent2d size;
  std::size_t outputs = 1;
  std::size_t groups = 1;
  Window2d window = {};
};

// Visits the elements of x that a window covers: (row, column of the window, row, column of the image).
template <class Visit>
void for_each_tap(const Case& c, std::size_t i, std::size_t j, Visit visit) {
  for (std::size_t h = 0; h < c.size.height; ++h) {
    for (std::size_t w = 0; w < c.size.width; ++w) {
      const std::size_t row = i * c.window.stride.height + h * c.window.dilation.height;
      const std::size_t column = j * c.window.stride.width + w * c.window.dilation.width;
      if (row < c.window.padding.top || row - c.window.padding.top >= c.x[1]) continue;
      if (column < c.window.padding.left || column - c.window.padding.left >= c.x[2]) continue;
      visit(h, w, row - c.window.padding.top, column - c.window.padding.left);
    }
  }
}

void check_convolution(const Case& c, Noise& noise, Activation activation = Activation::none) {
  const std::size_t inputs = c.x[3] / c.groups;
  std::vector<float> weights(c.size.height * c.size.width * inputs * c.outputs);
  std::vector<float> bias(c.outputs);
  for (float& v : weights) v = noise.value();
  for (float& v : bias) v = noise.value();
  Images x{c.x, noise.below(3)};
  x.fill(noise);
  const auto filter = PackedFilter::make(
      ConstTensorView{weights.data(), TensorShape{c.size.height, c.size.width, inputs, c.outputs}}, c.groups);
  require_success(filter);
  const auto shape = conv2d_shape(c.x, *filter, c.window);
  require_success(shape);
  Images y{*shape, noise.below(3)};
  require_success(conv2d(x.view(), *filter, y.view(), c.window, {.bias = bias, .activation = activation}));
  BOOST_TEST(y.is_untouched_around());
  const std::size_t per_group = c.outputs / c.groups;
  const double depth = static_cast<double>(c.size.height * c.size.width * inputs);
  std::size_t wrong = 0;
  for (std::size_t n = 0; n < (*shape)[0]; ++n) {
    for (std::size_t i = 0; i < (*shape)[1]; ++i) {
      for (std::size_t j = 0; j < (*shape)[2]; ++j) {
        for (std::size_t o = 0; o < c.outputs; ++o) {
          double sum = double{bias[o]};
          double magnitude = std::abs(sum);
          for_each_tap(c, i, j, [&](std::size_t h, std::size_t w, std::size_t row, std::size_t column) {
            for (std::size_t k = 0; k < inputs; ++k) {
              const double term = double{x.at(n, row, column, o / per_group * inputs + k)} *
                                  double{weights[((h * c.size.width + w) * inputs + k) * c.outputs + o]};
              sum += term;
              magnitude += std::abs(term);
            }
          });
          const double want = reference::activation_of(activation, sum);
          // No activation here is steeper than 1.13.
          const double bound = 1.2 * (depth + 2) * 0x1p-24 * magnitude + 1e-6;
          if (!(std::abs(double{y.at(n, i, j, o)} - want) <= bound)) ++wrong;
        }
      }
    }
  }
  BOOST_TEST(wrong == 0U);
}

template <class T>
bool fails(const Result<T>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(convolution)

BOOST_AUTO_TEST_CASE(agrees_with_sums_in_double_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (int round = 0; round < 60; ++round) {
      const std::size_t groups = round % 4 == 0 ? 1 + noise.below(3) : 1;
      Case c{.x = {1 + noise.below(2), 1 + noise.below(12), 1 + noise.below(12), groups * (1 + noise.below(9))},
             .size = {1 + noise.below(4), 1 + noise.below(4)},
             .outputs = groups * (1 + noise.below(40)),
             .groups = groups};
      c.window.stride = {1 + noise.below(3), 1 + noise.below(3)};
      if (round % 3 == 0) c.window.dilation = {1 + noise.below(3), 1 + noise.below(3)};
      if (round % 5 != 0) c.window.padding = {noise.below(3), noise.below(3), noise.below(3), noise.below(3)};
      const auto reach = [](std::size_t size, std::size_t dilation) { return (size - 1) * dilation + 1; };
      if (reach(c.size.height, c.window.dilation.height) > c.x[1]) c.window.padding.top += 10;
      if (reach(c.size.width, c.window.dilation.width) > c.x[2]) c.window.padding.right += 10;
      check_convolution(c, noise);
    }
  });
}

BOOST_AUTO_TEST_CASE(large_images_go_in_several_bands) {
  for_each_target([] {
    Noise noise{2};
    check_convolution({.x = {1, 40, 61, 40}, .size = {3, 3}, .outputs = 5, .window = {.padding = {1, 1, 1, 1}}}, noise);
    check_convolution(
        {.x = {1, 40, 61, 40}, .size = {3, 3}, .outputs = 5, .window = {.dilation = {1, 2}, .padding = {1, 1, 1, 1}}},
        noise);
    check_convolution({.x = {2, 40, 61, 40}, .size = {2, 2}, .outputs = 3, .window = {.stride = {2, 2}}}, noise);
  });
}

// Windows that lie beside the image altogether among them. Some rounds have gaps between pixels, and another path.
BOOST_AUTO_TEST_CASE(windows_are_cut_off_where_the_image_ends) {
  for_each_target([] {
    Noise noise{7};
    for (std::size_t round = 0; round < 8; ++round) {
      check_convolution({.x = {2, 7, 9, 20},
                         .size = {3, 4},
                         .outputs = 70,
                         .window = {.stride = {1 + round % 2, 1 + round % 3},
                                    .dilation = {1 + round % 3, 1},
                                    .padding = {8, 1, 5, 2}}},
                        noise, round % 2 == 0 ? Activation::relu : Activation::tanh);
      check_convolution({.x = {1, 3, 2, 16}, .size = {5, 5}, .outputs = 9, .window = {.padding = {2, 2, 2, 2}}}, noise);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_infinite_weight_beside_the_image_meets_zeros) {
  for_each_target([] {
    constexpr std::size_t kChannels = 8;
    std::vector<float> weights(9 * kChannels, 1.0F);
    weights[0] = std::numeric_limits<float>::infinity();  // above and to the left
    const auto filter = PackedFilter::make(ConstTensorView{weights.data(), {3, 3, kChannels, 1}}).value();
    BOOST_TEST(!filter.is_finite());
    const std::vector<float> x(25 * kChannels, 1.0F);
    std::vector<float> y(25);
    require_success(conv2d(ConstTensorView{x.data(), {1, 5, 5, kChannels}}, filter, TensorView{y.data(), {1, 5, 5, 1}},
                           {.padding = {1, 1, 1, 1}}));
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t j = 0; j < 5; ++j) BOOST_TEST(std::isnan(y[i * 5 + j]) == (i == 0 || j == 0));
    }
  });
}

BOOST_AUTO_TEST_CASE(one_channel_a_group_has_a_path_of_its_own) {
  for_each_target([] {
    Noise noise{3};
    for (std::size_t channels = 1; channels <= 40; channels += 3) {
      check_convolution({.x = {2, 7, 9, channels},
                         .size = {3, 3},
                         .outputs = channels,
                         .groups = channels,
                         .window = {.stride = {1, 2}, .padding = {1, 1, 1, 1}}},
                        noise, channels % 2 == 0 ? Activation::relu : Activation::none);
    }
  });
}

BOOST_AUTO_TEST_CASE(activations_follow_the_sums) {
  for_each_target([] {
    Noise noise{4};
    for (const Activation activation : {Activation::relu, Activation::silu, Activation::gelu_erf, Activation::tanh}) {
      check_convolution({.x = {1, 6, 7, 5}, .size = {3, 2}, .outputs = 19}, noise, activation);
    }
  });
}

BOOST_AUTO_TEST_CASE(other_orders_of_channels_are_read_too) {
  for_each_target([] {
    Noise noise{5};
    // [batch, channels, height, width] in memory, and weights as [outputs, inputs, height, width].
    std::vector<float> x(2 * 3 * 5 * 6);
    std::vector<float> w(7 * 3 * 3 * 3);
    for (float& v : x) v = noise.value();
    for (float& v : w) v = noise.value();
    const ConstTensorView planes{x.data(), {2, 5, 6, 3}, {90, 6, 1, 30}};
    const ConstTensorView outer{w.data(), {3, 3, 3, 7}, {3, 1, 9, 27}};
    std::vector<float> x_near(x.size());
    std::vector<float> w_near(w.size());
    require_success(activate(planes, Activation::none, TensorView{x_near.data(), planes.shape}));
    require_success(activate(outer, Activation::none, TensorView{w_near.data(), outer.shape}));
    std::vector<float> y(2 * 3 * 4 * 7);
    std::vector<float> want(y.size());
    const TensorShape shape{2, 3, 4, 7};
    require_success(conv2d(planes, PackedFilter::make(outer).value(), TensorView{y.data(), shape}));
    require_success(conv2d(ConstTensorView{x_near.data(), planes.shape},
                           PackedFilter::make(ConstTensorView{w_near.data(), outer.shape}).value(),
                           TensorView{want.data(), shape}));
    BOOST_TEST(y == want, boost::test_tools::per_element());
  });
}

BOOST_AUTO_TEST_CASE(nan_reaches_exactly_the_windows_that_cover_it) {
  for_each_target([] {
    const std::vector<float> weights(9, 1.0F);
    const auto filter = PackedFilter::make(ConstTensorView{weights.data(), {3, 3, 1, 1}}).value();
    std::vector<float> x(49, 1.0F);
    x[3 * 7 + 3] = kNan;
    std::vector<float> y(25);
    require_success(conv2d(ConstTensorView{x.data(), {1, 7, 7, 1}}, filter, TensorView{y.data(), {1, 5, 5, 1}}));
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t j = 0; j < 5; ++j) {
        const bool covered = i >= 1 && i <= 3 && j >= 1 && j <= 3;
        BOOST_TEST(std::isnan(y[i * 5 + j]) == covered);
        if (!covered) BOOST_TEST(y[i * 5 + j] == 9.0F);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(reads_and_writes_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t channels : {1U, 3U, 8U, 13U}) {
      const CliffEdge x{5 * 6 * channels};
      const CliffEdge w{3 * 3 * channels * channels};
      const CliffEdge y{3 * 4 * channels};
      const CliffEdge bias{channels};
      const auto filter = PackedFilter::make(ConstTensorView{w.data(), {3, 3, channels, channels}}).value();
      require_success(conv2d(ConstTensorView{x.data(), {1, 5, 6, channels}}, filter,
                             TensorView{y.data(), {1, 3, 4, channels}}, {}, {.bias = {bias.data(), channels}}));
      for (const Pooling pooling : {Pooling::max, Pooling::average}) {
        require_success(pool2d(ConstTensorView{x.data(), {1, 5, 6, channels}}, pooling, {3, 3},
                               TensorView{y.data(), {1, 3, 4, channels}}));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(pooling_agrees_with_plain_loops_on_every_target) {
  for_each_target([] {
    Noise noise{6};
    for (int round = 0; round < 60; ++round) {
      Case c{.x = {1 + noise.below(2), 4 + noise.below(9), 4 + noise.below(9), 1 + noise.below(20)},
             .size = {1 + noise.below(4), 1 + noise.below(4)}};
      c.window.stride = {1 + noise.below(3), 1 + noise.below(3)};
      if (round % 3 == 0) {
        c.window.dilation = {1 + noise.below(3), 1 + noise.below(3)};
        c.window.padding.bottom = 8;
        c.window.padding.right = 8;
      }
      if (round % 2 == 0) c.window.padding.top = noise.below(6);
      if (round % 2 == 0) c.window.padding.left = noise.below(6);
      Images x{c.x, noise.below(3)};
      x.fill(noise);
      if (round % 7 == 0) x.at(0, 2, 2, 0) = kNan;
      const TensorShape shape = pool2d_shape(c.x, c.size, c.window).value();
      Images largest{shape, noise.below(3)};
      Images mean{shape, noise.below(3)};
      require_success(pool2d(x.view(), Pooling::max, c.size, largest.view(), c.window));
      require_success(pool2d(x.view(), Pooling::average, c.size, mean.view(), c.window));
      BOOST_TEST(largest.is_untouched_around());
      std::size_t wrong = 0;
      for (std::size_t n = 0; n < shape[0]; ++n) {
        for (std::size_t i = 0; i < shape[1]; ++i) {
          for (std::size_t j = 0; j < shape[2]; ++j) {
            for (std::size_t k = 0; k < shape[3]; ++k) {
              float best = -kInf;
              double sum = 0;
              int count = 0;
              for_each_tap(c, i, j, [&](std::size_t, std::size_t, std::size_t row, std::size_t column) {
                const float v = x.at(n, row, column, k);
                if (std::isnan(v) || v > best) best = v;
                sum += double{v};
                ++count;
              });
              const double average = count == 0 ? 0 : sum / count;
              if (std::isnan(sum)) {
                wrong += std::isnan(largest.at(n, i, j, k)) && std::isnan(mean.at(n, i, j, k)) ? 0U : 1U;
              } else {
                wrong += largest.at(n, i, j, k) == best ? 0U : 1U;
                wrong += std::abs(double{mean.at(n, i, j, k)} - average) <= 2e-6 ? 0U : 1U;
              }
            }
          }
        }
      }
      BOOST_TEST(wrong == 0U);
    }
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(400);
  const Errc bad = Errc::invalid_argument;
  const Errc mismatch = Errc::shape_mismatch;
  const ConstTensorView weights{data.data(), {3, 3, 2, 4}};
  BOOST_TEST(fails(PackedFilter::make(std::span{data}), mismatch, "'weights'"));
  BOOST_TEST(fails(PackedFilter::make(weights, 3), bad, "3 groups"));
  BOOST_TEST(fails(PackedFilter::make(weights, 0), bad, "0 groups"));
  BOOST_TEST(fails(PackedFilter::make(ConstTensorView{data.data(), {3, 0, 2, 4}}), bad, "'weights'"));
  BOOST_TEST(fails(PackedFilter::make(ConstTensorView{data.data(), {1025, 1, 1, 1}, {0, 0, 0, 0}}), bad, "height"));
  const PackedFilter filter = PackedFilter::make(weights).value();
  const ConstTensorView x{data.data(), {1, 5, 5, 2}};
  const TensorView y{data.data() + 100, {1, 3, 3, 4}};
  BOOST_TEST(conv2d(x, filter, y).has_value());
  BOOST_TEST(fails(conv2d(x, PackedFilter{}, y), bad, "'filter'"));
  BOOST_TEST(fails(conv2d(std::span{data}, filter, y), mismatch, "'x'"));
  BOOST_TEST(fails(conv2d(ConstTensorView{data.data(), {1, 5, 5, 3}}, filter, y), mismatch, "3 channels"));
  BOOST_TEST(fails(conv2d(ConstTensorView{data.data(), {1, 2, 5, 2}}, filter, y), mismatch, "does not fit"));
  BOOST_TEST(fails(conv2d(ConstTensorView{data.data(), {1, 0, 5, 2}}, filter, y), mismatch, "'x'"));
  BOOST_TEST(fails(conv2d(x, filter, TensorView{data.data() + 100, {1, 3, 3, 5}}), mismatch, "'y'"));
  BOOST_TEST(fails(conv2d(x, filter, TensorView{data.data() + 49, {1, 3, 3, 4}}), bad, "'y'"));
  BOOST_TEST(fails(conv2d(x, filter, TensorView{data.data() + 100, {1, 3, 3, 4}, {36, 12, 1, 3}}), bad, "'y'"));
  BOOST_TEST(fails(conv2d(x, filter, y, {.stride = {0, 1}}), bad, "stride.height"));
  BOOST_TEST(fails(conv2d(x, filter, y, {.dilation = {1, 0}}), bad, "dilation.width"));
  BOOST_TEST(fails(conv2d(x, filter, y, {.padding = {0, 0, 0, 1025}}), bad, "padding.right"));
  BOOST_TEST(fails(conv2d(x, filter, y, {}, {.bias = {data.data(), 3}}), mismatch, "'bias'"));
  BOOST_TEST(fails(conv2d(x, filter, y, {}, {.bias = {data.data() + 100, 4}}), bad, "'bias'"));
  BOOST_TEST(fails(conv2d(x, filter, y, {}, {.activation = static_cast<Activation>(70)}), bad, "70"));
  // A row of windows of more work memory than there may be; the image itself is one element, again and again.
  const TensorShape huge{1, 3, std::size_t{1} << 28U, 2};
  BOOST_TEST(fails(conv2d(ConstTensorView{data.data(), huge, {0, 0, 0, 0}}, filter,
                          TensorView{data.data() + 100, {1, 1, (std::size_t{1} << 28U) - 2, 4}}),
                   bad, "work memory"));
  const TensorView pooled{data.data() + 100, {1, 3, 3, 2}};
  BOOST_TEST(pool2d(x, Pooling::max, {3, 3}, pooled).has_value());
  BOOST_TEST(fails(pool2d(x, static_cast<Pooling>(4), {3, 3}, pooled), bad, "4"));
  BOOST_TEST(fails(pool2d(x, Pooling::max, {0, 3}, pooled), bad, "height"));
  BOOST_TEST(fails(pool2d(x, Pooling::max, {2, 3}, pooled), mismatch, "'y'"));
  BOOST_TEST(fails(pool2d(x, Pooling::max, {3, 3}, TensorView{data.data(), {1, 3, 3, 2}}), bad, "'y'"));
}

BOOST_AUTO_TEST_SUITE_END()
