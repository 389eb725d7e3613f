// Activations against double precision, over a million floats of every size and sign.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/reference.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::test::require_success;
using test::CliffEdge;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

constexpr Activation kAll[] = {Activation::none,      Activation::relu, Activation::leaky_relu,
                               Activation::gelu_erf,  Activation::silu, Activation::sigmoid,
                               Activation::gelu_tanh, Activation::tanh, Activation::exp};

// Floats from all of their range, evenly by bit pattern, and a fine grid where the functions bend.
const std::vector<float>& points() {
  static const std::vector<float> all = [] {
    std::vector<float> values;
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32U); bits += 8209) {
      const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      if (std::isfinite(x)) values.push_back(x);
    }
    for (int i = -400'000; i <= 400'000; ++i) values.push_back(static_cast<float>(i) * 2.7e-4F);
    return values;
  }();
  return all;
}

// The distance between floats around x.
double ulp(double x) {
  int exponent = 0;
  std::frexp(x, &exponent);
  return std::ldexp(1.0, std::max(exponent - 1, -126) - 23);
}

// The largest error over all points, in units of bound(x, exact), on every target.
void check_error(Activation activation, const std::function<double(double x, double exact)>& bound) {
  const std::vector<float>& x = points();
  std::vector<double> exact(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) exact[i] = reference::activation_of(activation, double{x[i]});
  std::vector<float> y(x.size());
  for_each_target([&] {
    require_success(activate(std::span{x}, activation, std::span{y}));
    double worst = 0;
    float at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::abs(exact[i]) >= 0x1.ffffffp127) {  // rounds to infinity
        if (std::abs(y[i]) != kInf) BOOST_ERROR("f(" << x[i] << ") is " << y[i] << ", not infinite");
        continue;
      }
      const double error = std::abs(double{y[i]} - exact[i]) / bound(x[i], exact[i]);
      if (std::isnan(error)) BOOST_ERROR(to_string(activation) << "(" << x[i] << ") is NaN");
      if (error > worst) {
        worst = error;
        at = x[i];
      }
    }
    BOOST_TEST_MESSAGE(to_string(activation) << ": " << worst << " of the bound, at " << at);
    BOOST_TEST(worst <= 1.0);
  });
}

float value_of(Activation activation, float x) {
  // In the middle of a vector and in the ragged end.
  std::vector<float> y(21);
  const std::vector<float> xs(21, x);
  require_success(activate(std::span{xs}, activation, std::span{y}));
  BOOST_TEST(std::bit_cast<std::uint32_t>(y[3]) == std::bit_cast<std::uint32_t>(y[20]));
  return y[20];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(elementary)

BOOST_AUTO_TEST_CASE(exp_is_within_2_ulp_also_where_it_is_denormal) {
  check_error(Activation::exp, [](double, double exact) { return 2.0 * ulp(exact); });
}

BOOST_AUTO_TEST_CASE(sigmoid_is_within_3_ulp_of_normal_numbers) {
  check_error(Activation::sigmoid, [](double x, double exact) { return x < -87 ? 1.2e-38 : 3.0 * ulp(exact); });
}

// Without fused multiply-adds (SSE4) some 32 floats are above 6: the largest of them 6.66, at 5.85657167.
BOOST_AUTO_TEST_CASE(tanh_is_within_7_ulp) {
  check_error(Activation::tanh, [](double, double exact) { return 7.0 * ulp(exact); });
  for_each_target([] {
    constexpr float kWorst = 5.85657167F;
    const double exact = std::tanh(double{kWorst});
    BOOST_TEST(std::abs(double{value_of(Activation::tanh, kWorst)} - exact) <= 7.0 * ulp(exact));
  });
}

BOOST_AUTO_TEST_CASE(silu_is_within_4_ulp_of_normal_numbers) {
  check_error(Activation::silu, [](double x, double exact) { return x < -87 ? 4e-37 : 4.0 * ulp(exact); });
}

// Their results fall to 0 for negative arguments, where a bound relative to the result would say nothing.
BOOST_AUTO_TEST_CASE(gelus_err_by_at_most_some_2_to_the_minus_23_of_their_argument) {
  check_error(Activation::gelu_erf, [](double x, double) { return 2.5 * 0x1p-23 * std::abs(x) + 1e-45; });
  check_error(Activation::gelu_tanh, [](double x, double) { return 1.5 * 0x1p-23 * std::abs(x) + 1e-45; });
}

BOOST_AUTO_TEST_CASE(relus_equal_the_reference_bit_for_bit) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::leaky_relu}) {
    const std::vector<float>& x = points();
    std::vector<float> want(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      want[i] = activation == Activation::none || !(x[i] < 0) ? x[i]
                : activation == Activation::relu              ? 0.0F
                                                              : 0.25F * x[i];
    }
    std::vector<float> y(x.size());
    for_each_target([&] {
      require_success(activate(std::span{x}, activation, std::span{y}, {.slope = 0.25F}));
      BOOST_TEST(std::memcmp(y.data(), want.data(), y.size() * sizeof(float)) == 0);
    });
  }
}

BOOST_AUTO_TEST_CASE(nan_stays_nan_in_all_of_them) {
  for_each_target([] {
    for (const Activation activation : kAll) {
      BOOST_TEST_CONTEXT(to_string(activation)) { BOOST_TEST(std::isnan(value_of(activation, kNan))); }
    }
  });
}

BOOST_AUTO_TEST_CASE(infinities_go_to_the_limits) {
  for_each_target([] {
    for (const Activation activation : {Activation::relu, Activation::leaky_relu, Activation::gelu_erf,
                                        Activation::gelu_tanh, Activation::silu, Activation::exp}) {
      BOOST_TEST_CONTEXT(to_string(activation)) { BOOST_TEST(value_of(activation, kInf) == kInf); }
    }
    for (const Activation activation : {Activation::relu, Activation::gelu_erf, Activation::gelu_tanh, Activation::silu,
                                        Activation::sigmoid, Activation::exp}) {
      BOOST_TEST_CONTEXT(to_string(activation)) { BOOST_TEST(value_of(activation, -kInf) == 0.0F); }
    }
    BOOST_TEST(value_of(Activation::sigmoid, kInf) == 1.0F);
    BOOST_TEST(value_of(Activation::tanh, kInf) == 1.0F);
    BOOST_TEST(value_of(Activation::tanh, -kInf) == -1.0F);
    BOOST_TEST(value_of(Activation::leaky_relu, -kInf) == -kInf);
    BOOST_TEST(value_of(Activation::none, -kInf) == -kInf);
  });
}

BOOST_AUTO_TEST_CASE(denormals_are_numbers_like_others) {
  for_each_target([] {
    for (const float x : {kDenormal, -kDenormal, 1000 * kDenormal}) {
      BOOST_TEST(value_of(Activation::none, x) == x);
      BOOST_TEST(value_of(Activation::relu, x) == std::max(x, 0.0F));
      BOOST_TEST(value_of(Activation::exp, x) == 1.0F);
      BOOST_TEST(value_of(Activation::sigmoid, x) == 0.5F);
      BOOST_TEST(std::abs(value_of(Activation::tanh, x) - x) <= kDenormal);
      BOOST_TEST(std::abs(value_of(Activation::silu, x) - x / 2) <= kDenormal);
    }
    BOOST_TEST(value_of(Activation::exp, -103.0F) == std::exp(-103.0F));  // 2e-45
  });
}

BOOST_AUTO_TEST_CASE(tanh_and_sigmoid_stay_within_their_range) {
  for_each_target([] {
    std::vector<float> y(points().size());
    require_success(activate(std::span{points()}, Activation::tanh, std::span{y}));
    for (const float v : y) {
      if (!(v >= -1.0F && v <= 1.0F)) BOOST_ERROR("tanh is " << v);
    }
    require_success(activate(std::span{points()}, Activation::sigmoid, std::span{y}));
    for (const float v : y) {
      if (!(v >= 0.0F && v <= 1.0F)) BOOST_ERROR("sigmoid is " << v);
    }
  });
}

BOOST_AUTO_TEST_CASE(an_element_gets_the_same_bits_wherever_it_stands) {
  for_each_target([] {
    Noise noise{3};
    for (const Activation activation : kAll) {
      std::vector<float> x(67);
      for (float& v : x) v = 8 * noise.value();
      std::vector<float> whole(x.size());
      require_success(activate(std::span{x}, activation, std::span{whole}));
      for (std::size_t i = 0; i < x.size(); ++i) {
        float one = 0;
        require_success(activate(ConstTensorView{&x[i], TensorShape{}}, activation, TensorView{&one, TensorShape{}}));
        BOOST_TEST(std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(whole[i]));
      }
    }
  });
}

// e^x goes another way for a vector that holds a number beyond 87. Half way between two powers of two it may round to
// either side: to the same one on both ways.
BOOST_AUTO_TEST_CASE(large_neighbours_do_not_show_in_the_bits_of_e_to_the_x) {
  for_each_target([] {
    for (int k = -125; k <= 125; ++k) {
      auto x = static_cast<float>((k + 0.5) * 0.6931471805599453);
      for (int step = -3; step < 0; ++step) x = std::nextafter(x, -kInf);
      for (int step = 0; step < 7; ++step, x = std::nextafter(x, kInf)) {
        std::vector<float> values(67, x), y(67), with_large(67);
        require_success(activate(std::span{values}, Activation::exp, std::span{y}));
        for (std::size_t i = 1; i < values.size(); i += 2) values[i] = 88.5F;
        require_success(activate(std::span{values}, Activation::exp, std::span{with_large}));
        BOOST_REQUIRE(std::bit_cast<std::uint32_t>(y[0]) == std::bit_cast<std::uint32_t>(with_large[0]));
        BOOST_REQUIRE(std::bit_cast<std::uint32_t>(y[66]) == std::bit_cast<std::uint32_t>(with_large[66]));
      }
    }
    const float tie = 0x1.403be8p+6F;
    std::vector<float> values(67, 88.5F), y(67);
    values[0] = tie;
    require_success(activate(std::span{values}, Activation::exp, std::span{y}));
    BOOST_TEST(std::bit_cast<std::uint32_t>(y[0]) == std::bit_cast<std::uint32_t>(value_of(Activation::exp, tie)));
  });
}

BOOST_AUTO_TEST_CASE(any_strides_give_the_same_and_nothing_around_is_touched) {
  for_each_target([] {
    Noise noise{4};
    for (std::size_t cols = 1; cols <= 40; cols += 3) {
      Island x{5, cols, noise.below(4)};
      x.fill(noise);
      std::vector<float> flat;
      for (std::size_t i = 0; i < 5; ++i) {
        for (const float v : x.view().row(i)) flat.push_back(v);
      }
      std::vector<float> want(flat.size());
      require_success(activate(std::span{flat}, Activation::silu, std::span{want}));
      Island y{5, cols, 2};
      require_success(activate(x.view(), Activation::silu, y.view()));
      BOOST_TEST(y.is_untouched_around());
      // Transposed into memory in the other order.
      std::vector<float> turned(flat.size());
      require_success(activate(x.view(), Activation::silu, TensorView{turned.data(), {5, cols}, {1, 5}}));
      for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t j = 0; j < cols; ++j) {
          BOOST_TEST(y.view()(i, j) == want[i * cols + j]);
          BOOST_TEST(turned[j * 5 + i] == want[i * cols + j]);
        }
      }
      require_success(activate(x.view(), Activation::silu, x.view()));  // in place
      BOOST_TEST(x.view()(4, cols - 1) == want.back());
      BOOST_TEST(x.is_untouched_around());
    }
  });
}

BOOST_AUTO_TEST_CASE(a_product_may_end_in_any_of_them) {
  for_each_target([] {
    Noise noise{5};
    Island a{7, 13, 1};
    Island b{13, 21, 0};
    std::vector<float> bias(21);
    a.fill(noise);
    b.fill(noise);
    for (float& v : bias) v = noise.value();
    const auto packed = PackedMatrix::make(b.view());
    require_success(packed);
    for (const Activation activation : kAll) {
      Island want{7, 21, 0};
      require_success(sgemm(a.view(), b.view(), want.view(), {}, {.bias = bias}));
      require_success(activate(want.view(), activation, want.view()));
      Island plain{7, 21, 2};
      Island with_packed{7, 21, 3};
      Island slow{7, 21, 0};
      require_success(sgemm(a.view(), b.view(), plain.view(), {}, {.bias = bias, .activation = activation}));
      require_success(sgemm(a.view(), *packed, with_packed.view(), {.bias = bias, .activation = activation}));
      reference::sgemm(a.view(), b.view(), slow.view(), {}, {.bias = bias, .activation = activation});
      for (std::size_t i = 0; i < 7; ++i) {
        for (std::size_t j = 0; j < 21; ++j) {
          BOOST_TEST(plain.view()(i, j) == want.view()(i, j));
          const double expected{slow.view()(i, j)};
          BOOST_TEST(std::abs(double{with_packed.view()(i, j)} - expected) <= 1e-4 * (1 + std::abs(expected)));
        }
      }
    }
    BOOST_TEST(!sgemm(a.view(), b.view(), Island{7, 21, 0}.view(), {}, {.activation = static_cast<Activation>(99)}));
  });
}

BOOST_AUTO_TEST_CASE(reads_and_writes_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t count : {1U, 3U, 7U, 13U, 33U}) {
      const CliffEdge x{count};
      const CliffEdge y{count};
      for (const Activation activation : kAll) {
        require_success(activate(std::span{x.data(), count}, activation, std::span{y.data(), count}));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(12);
  const std::span<float> some{data.data(), 6};
  const auto fails = [](const myelin::Result<void>& result, Errc code, const char* word) {
    return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
  };
  BOOST_TEST(fails(activate(some, static_cast<Activation>(99), some), Errc::invalid_argument, "99"));
  BOOST_TEST(fails(activate(some, Activation::exp, std::span{data}), Errc::shape_mismatch, "'y'"));
  BOOST_TEST(fails(activate(some, Activation::exp, std::span{data.data() + 1, 6}), Errc::invalid_argument, "'y'"));
  BOOST_TEST(fails(activate(ConstTensorView{static_cast<const float*>(nullptr), {6}}, Activation::exp, some),
                   Errc::invalid_argument, "'x'"));
  const TensorView folded{data.data(), {2, 3}, {0, 1}};
  BOOST_TEST(fails(activate(ConstTensorView{data.data() + 6, {2, 3}}, Activation::exp, folded), Errc::invalid_argument,
                   "'y'"));
  BOOST_TEST(activate(std::span<const float>{}, Activation::exp, std::span<float>{}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
