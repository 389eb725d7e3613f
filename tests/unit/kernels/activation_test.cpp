#include "myelin/kernels/activation.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::CliffEdge;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

bool same_bits(ConstMatrixView a, ConstMatrixView b) {
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t j = 0; j < a.cols; ++j) {
      if (std::bit_cast<std::uint32_t>(a(i, j)) != std::bit_cast<std::uint32_t>(b(i, j))) return false;
    }
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(activation)

BOOST_AUTO_TEST_CASE(relu_and_bias_equal_the_reference_bit_for_bit_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (std::size_t cols = 1; cols <= 70; ++cols) {
      const std::size_t gap = noise.below(4);
      Island fast{3, cols, gap};
      Island bias{1, cols, 0};
      fast.fill(noise);
      bias.fill(noise);
      Island plain = fast;
      BOOST_REQUIRE(add_bias(fast.view(), bias.view().row(0)).has_value());
      reference::add_bias(plain.view(), bias.view().row(0));
      BOOST_TEST(same_bits(fast.view(), plain.view()));
      BOOST_REQUIRE(relu(fast.view()).has_value());
      reference::relu(plain.view());
      BOOST_TEST(same_bits(fast.view(), plain.view()));
      BOOST_TEST(fast.is_untouched_around());
      BOOST_TEST(bias.is_untouched_around());
    }
  });
}

BOOST_AUTO_TEST_CASE(relu_keeps_nan_and_negative_zero) {
  for_each_target([] {
    for (const std::size_t at : {0U, 20U}) {  // inside a vector, and in the ragged end
      Island x{1, 21};
      x.fill(-3.0F);
      for (const float value : {kNan, -0.0F, kInf, 4.0F}) {
        x.view()(0, at) = value;
        BOOST_REQUIRE(relu(x.view()).has_value());
        BOOST_TEST(std::bit_cast<std::uint32_t>(x.view()(0, at)) == std::bit_cast<std::uint32_t>(value));
      }
      x.view()(0, at) = -kInf;
      BOOST_REQUIRE(relu(x.view()).has_value());
      BOOST_TEST(x.view()(0, at) == 0.0F);
    }
  });
}

BOOST_AUTO_TEST_CASE(softmax_agrees_with_the_reference_on_every_target) {
  for_each_target([] {
    Noise noise{2};
    for (const float scale : {1.0F, 20.0F, 1e4F}) {
      for (std::size_t cols = 1; cols <= 70; ++cols) {
        Island fast{2, cols, noise.below(4)};
        fast.fill(noise);
        for (std::size_t i = 0; i < 2; ++i) {
          for (float& x : fast.view().row(i)) x *= scale;
        }
        Island plain = fast;
        BOOST_REQUIRE(softmax_rows(fast.view()).has_value());
        reference::softmax_rows(plain.view());
        BOOST_TEST(fast.is_untouched_around());
        for (std::size_t i = 0; i < 2; ++i) {
          double sum = 0;
          for (std::size_t j = 0; j < cols; ++j) {
            const double want = static_cast<double>(plain.view()(i, j));
            const double got = static_cast<double>(fast.view()(i, j));
            sum += got;
            // What x - max is rounded by, times the slope of exp; plus what is flushed to zero.
            const double relative = want > 0 ? 1e-6 + 0x1p-23 * std::abs(std::log(want)) : 0;
            if (std::abs(want - got) > relative * want + 1.2e-38) BOOST_ERROR("softmax " << got << ", want " << want);
          }
          BOOST_TEST(std::abs(sum - 1.0) < 1e-5);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(softmax_of_a_row_with_nan_or_infinity_is_nan_throughout) {
  for_each_target([] {
    for (const std::size_t cols : {1U, 4U, 9U, 37U}) {
      for (const std::size_t at : {std::size_t{0}, cols - 1, cols / 2}) {
        for (const float bad : {kNan, kInf}) {
          Island x{2, cols};
          x.fill(1.0F);
          x.view()(0, at) = bad;
          BOOST_REQUIRE(softmax_rows(x.view()).has_value());
          for (const float p : x.view().row(0)) BOOST_TEST(std::isnan(p));
          for (const float p : x.view().row(1)) BOOST_TEST(std::abs(p - 1.0F / static_cast<float>(cols)) < 1e-6F);
        }
      }
      Island x{1, cols};
      x.fill(-kInf);
      BOOST_REQUIRE(softmax_rows(x.view()).has_value());
      for (const float p : x.view().row(0)) BOOST_TEST(std::isnan(p));
    }
    Island x{1, 5};
    x.fill(0.0F);
    x.view()(0, 3) = -kInf;
    BOOST_REQUIRE(softmax_rows(x.view()).has_value());
    BOOST_TEST(x.view()(0, 3) == 0.0F);
    BOOST_TEST(std::abs(x.view()(0, 0) - 0.25F) < 1e-6F);
  });
}

BOOST_AUTO_TEST_CASE(touches_nothing_past_the_last_element_on_any_target) {
  for_each_target([] {
    for (const std::size_t count : {1U, 3U, 7U, 13U, 33U}) {
      const CliffEdge values{count};
      const CliffEdge bias{count};
      for (std::size_t i = 0; i < count; ++i) values.data()[i] = bias.data()[i] = static_cast<float>(i);
      const MatrixView view{values.data(), 1, count};
      BOOST_TEST(add_bias(view, {bias.data(), count}).has_value());
      BOOST_TEST(relu(view).has_value());
      BOOST_TEST(softmax_rows(view).has_value());
    }
  });
}

BOOST_AUTO_TEST_CASE(empty_input_is_nothing_to_do) {
  BOOST_TEST(relu({}).has_value());
  BOOST_TEST(add_bias({}, {}).has_value());
  BOOST_TEST(softmax_rows({nullptr, 4, 0}).has_value());
  const std::vector<float> bias(3);
  BOOST_TEST(add_bias({nullptr, 0, 3}, bias).has_value());
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors) {
  std::vector<float> data(6);
  const std::vector<float> bias(2);
  BOOST_TEST((add_bias({data.data(), 2, 3}, bias).error().code == Errc::shape_mismatch));
  BOOST_TEST((add_bias({data.data(), 2, 3}, {data.data() + 1, 3}).error().code == Errc::invalid_argument));
  BOOST_TEST((relu({nullptr, 2, 3}).error().code == Errc::invalid_argument));
  BOOST_TEST((softmax_rows({data.data(), 2, 3, 1}).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(argmax_takes_the_first_of_the_largest_and_ignores_nan) {
  BOOST_TEST((argmax({}) == std::nullopt));
  BOOST_TEST((argmax(std::vector<float>{kNan, kNan}) == std::nullopt));
  BOOST_TEST((argmax(std::vector<float>{1, 3, 3, 2}) == 1U));
  BOOST_TEST((argmax(std::vector<float>{kNan, -5, kNan, -4}) == 3U));
  BOOST_TEST((argmax(std::vector<float>{-kInf}) == 0U));
}

BOOST_AUTO_TEST_CASE(activations_have_names) {
  BOOST_TEST(to_string(Activation::none) == "none");
  BOOST_TEST(to_string(Activation::relu) == "relu");
  BOOST_TEST(to_string(static_cast<Activation>(9)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
