#include "myelin/kernels/normalization.hpp"

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
using test::Island;
using test::Noise;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

using Kernel = Result<void> (*)(ConstTensorView, TensorView);

Result<void> plain_layer_norm(ConstTensorView x, TensorView y) { return layer_norm(x, y); }
Result<void> plain_rms_norm(ConstTensorView x, TensorView y) { return rms_norm(x, y); }

constexpr Kernel kAll[] = {&softmax, &log_softmax, &plain_layer_norm, &plain_rms_norm};

std::span<const float> row_of(const Island& island) { return island.view().row(0); }

bool fails(const Result<void>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(normalization)

BOOST_AUTO_TEST_CASE(log_softmax_is_the_logarithm_of_softmax_to_2_ulp_of_the_largest_difference) {
  for_each_target([] {
    Noise noise{2};
    for (const float scale : {1.0F, 20.0F, 1e4F}) {
      for (std::size_t cols = 1; cols <= 70; ++cols) {
        Island x{2, cols, noise.below(4)};
        x.fill(noise);
        for (std::size_t i = 0; i < 2; ++i) {
          for (float& v : x.view().row(i)) v *= scale;
        }
        Island fast{2, cols};
        Island plain{2, cols};
        require_success(log_softmax(x.view(), fast.view()));
        reference::log_softmax(x.view(), plain.view());
        BOOST_TEST(fast.is_untouched_around());
        for (std::size_t i = 0; i < 2; ++i) {
          for (std::size_t j = 0; j < cols; ++j) {
            const double want = plain.view()(i, j);
            const double got = fast.view()(i, j);
            if (!(std::abs(want - got) <= 1e-6 + 0x1p-22 * std::abs(want))) {
              BOOST_ERROR("log softmax " << got << ", want " << want);
            }
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(softmax_of_a_tensor_is_that_of_its_rows) {
  for_each_target([] {
    Noise noise{3};
    Island x{6, 37};
    x.fill(noise);
    Island y{6, 37, 0, 0};
    // [2, 3, 37], with a gap after each row.
    const TensorView all{x.view().data, {2, 3, 37}, {3 * 40, 40, 1}};
    require_success(softmax(all, TensorView{y.view().data, {2, 3, 37}}));
    for (std::size_t i = 0; i < 6; ++i) {
      std::vector<float> row(x.view().row(i).begin(), x.view().row(i).end());
      require_success(softmax(std::span{row}, std::span{row}));
      for (std::size_t j = 0; j < 37; ++j) BOOST_TEST(row[j] == y.view()(i, j));
    }
  });
}

// The error of a norm: what the sums lose, which grows with the mean's share of the row, and a few roundings.
BOOST_AUTO_TEST_CASE(norms_agree_with_the_reference_on_every_target) {
  for_each_target([] {
    Noise noise{5};
    for (const float shift : {0.0F, 3.0F, 100.0F}) {
      for (std::size_t cols = 1; cols <= 150; cols += cols < 70 ? 1 : 19) {
        Island x{3, cols, noise.below(4)};
        Island gain{1, cols};
        Island bias{1, cols};
        x.fill(noise);
        gain.fill(noise);
        bias.fill(noise);
        for (std::size_t i = 0; i < 3; ++i) {
          for (float& v : x.view().row(i)) v += shift;
        }
        for (int with = 0; with < 4; ++with) {
          NormOptions options{.epsilon = 1e-3F};
          if ((with & 1) != 0) options.gain = row_of(gain);
          if ((with & 2) != 0) options.bias = row_of(bias);
          Island fast{3, cols};
          Island plain{3, cols};
          const auto compare = [&](const char* name) {
            BOOST_TEST(fast.is_untouched_around());
            for (std::size_t i = 0; i < 3; ++i) {
              for (std::size_t j = 0; j < cols; ++j) {
                const double want = plain.view()(i, j);
                const double got = fast.view()(i, j);
                const double bound = 16 * 0x1p-24 * (3 + 32 * static_cast<double>(shift) + std::abs(want));
                if (!(std::abs(want - got) <= bound)) BOOST_ERROR(name << " " << got << ", want " << want);
              }
            }
          };
          require_success(layer_norm(x.view(), fast.view(), options));
          reference::layer_norm(x.view(), plain.view(), options);
          compare("layer norm");
          options.bias = {};
          require_success(rms_norm(x.view(), fast.view(), options));
          reference::rms_norm(x.view(), plain.view(), options);
          compare("rms norm");
        }
      }
    }
  });
}

// Sums of single precision lose what grows with their length: most of it where all elements are equal, for then all
// roundings go one way.
BOOST_AUTO_TEST_CASE(long_rows_stay_within_bounds_that_grow_with_them) {
  for_each_target([] {
    for (const std::size_t length : {std::size_t{4096}, std::size_t{1} << 17U, std::size_t{1} << 20U}) {
      const double n = static_cast<double>(length);
      const double lost = length > 4096 ? n * 0x1p-26 : 0;
      std::vector<float> x(length, 0.3F), y(length);
      require_success(softmax(std::span{x}, std::span{y}));
      BOOST_TEST(std::abs(y[length / 2] * n - 1.0) <= 1e-6 + 0x1p-23 * std::log(n) + lost);
      require_success(log_softmax(std::span{x}, std::span{y}));
      BOOST_TEST(std::abs(y[length / 2] + std::log(n)) <= 1e-6 + 0x1p-22 * std::log(n) + lost);
      // A mean of 0.3 and a deviation of 0.1.
      for (std::size_t i = 0; i < length; ++i) x[i] = i % 2 == 0 ? 0.2F : 0.4F;
      const std::vector<float> gain(length, 1000.0F);
      require_success(layer_norm(std::span{x}, std::span{y}, {.gain = gain, .epsilon = 0}));
      const double times = std::max(1.0, n / 4096);
      BOOST_TEST(std::abs(y[length / 2] + 1000.0) <= times * 0x1p-20 * (1000.0 * (3 + 32 * 3) + 1000.0));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_row_with_nan_is_nan_throughout_and_its_neighbours_are_not) {
  for_each_target([] {
    for (const Kernel kernel : kAll) {
      for (const std::size_t cols : {1U, 4U, 9U, 37U}) {
        for (const std::size_t at : {std::size_t{0}, cols - 1, cols / 2}) {
          Island x{3, cols};
          x.fill(1.0F);
          x.view()(1, at) = kNan;
          Island y{3, cols};
          require_success(kernel(x.view(), y.view()));
          for (const float v : y.view().row(1)) BOOST_TEST(std::isnan(v));
          for (const float v : y.view().row(0)) BOOST_TEST(std::isfinite(v));
          for (const float v : y.view().row(2)) BOOST_TEST(std::isfinite(v));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(infinities_are_as_promised) {
  for_each_target([] {
    for (const std::size_t cols : {2U, 9U, 37U}) {
      Island x{1, cols};
      Island y{1, cols};
      for (const float bad : {kInf, -kInf}) {
        x.fill(1.0F);
        x.view()(0, cols - 1) = bad;
        require_success(layer_norm(x.view(), y.view()));
        for (const float v : y.view().row(0)) BOOST_TEST(std::isnan(v));
        require_success(rms_norm(x.view(), y.view()));
        BOOST_TEST(y.view()(0, 0) == 0.0F);
        BOOST_TEST(std::isnan(y.view()(0, cols - 1)));
        require_success(log_softmax(x.view(), y.view()));
        if (bad > 0) {
          for (const float v : y.view().row(0)) BOOST_TEST(std::isnan(v));
        } else {
          BOOST_TEST(y.view()(0, cols - 1) == -kInf);
          BOOST_TEST(std::abs(y.view()(0, 0) + std::log(static_cast<float>(cols - 1))) < 1e-6F);
        }
      }
      x.fill(-kInf);
      require_success(log_softmax(x.view(), y.view()));
      for (const float v : y.view().row(0)) BOOST_TEST(std::isnan(v));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_constant_row_is_all_bias) {
  for_each_target([] {
    const std::vector<float> bias(11, 0.5F);
    std::vector<float> x(11, 3.0F);
    require_success(layer_norm(std::span{x}, std::span{x}, {.bias = bias}));
    for (const float v : x) BOOST_TEST(std::abs(v - 0.5F) < 1e-3F);
    std::vector<float> zeros(11);
    require_success(rms_norm(std::span{zeros}, std::span{zeros}));
    for (const float v : zeros) BOOST_TEST(v == 0.0F);
  });
}

BOOST_AUTO_TEST_CASE(reads_and_writes_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t count : {1U, 3U, 7U, 13U, 33U}) {
      const CliffEdge x{count};
      const CliffEdge y{count};
      const CliffEdge gain{count};
      for (const Kernel kernel : kAll) {
        require_success(kernel(std::span<const float>{x.data(), count}, std::span{y.data(), count}));
      }
      const NormOptions options{.gain = {gain.data(), count}, .bias = {gain.data(), count}};
      require_success(layer_norm(std::span<const float>{x.data(), count}, std::span{y.data(), count}, options));
    }
  });
}

BOOST_AUTO_TEST_CASE(empty_input_is_nothing_to_do) {
  for (const Kernel kernel : kAll) {
    BOOST_TEST(kernel(ConstTensorView{}, TensorView{}).has_value());
    BOOST_TEST(kernel(MatrixView{nullptr, 4, 0}, MatrixView{nullptr, 4, 0}).has_value());
    BOOST_TEST(kernel(MatrixView{nullptr, 0, 4}, MatrixView{nullptr, 0, 4}).has_value());
  }
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(24);
  const TensorView x{data.data(), {2, 3}};
  const TensorView y{data.data() + 12, {2, 3}};
  for (const Kernel kernel : kAll) {
    BOOST_TEST(fails(kernel(x, TensorView{data.data() + 12, {3, 2}}), Errc::shape_mismatch, "'y'"));
    BOOST_TEST(fails(kernel(x, TensorView{data.data() + 2, {2, 3}}), Errc::invalid_argument, "'y'"));
    BOOST_TEST(fails(kernel(TensorView{data.data(), {2, 3}, {1, 2}}, y), Errc::invalid_argument, "'x'"));
    BOOST_TEST(fails(kernel(x, TensorView{data.data() + 12, {2, 3}, {1, 2}}), Errc::invalid_argument, "'y'"));
    BOOST_TEST(fails(kernel(TensorView{data.data(), TensorShape{}}, TensorView{data.data() + 1, TensorShape{}}),
                     Errc::invalid_argument, "'x'"));
  }
  const std::span<const float> short_one{data.data() + 20, 2};
  BOOST_TEST(fails(layer_norm(x, y, {.gain = short_one}), Errc::shape_mismatch, "'gain'"));
  BOOST_TEST(fails(layer_norm(x, y, {.bias = short_one}), Errc::shape_mismatch, "'bias'"));
  BOOST_TEST(fails(layer_norm(x, y, {.gain = {data.data() + 12, 3}}), Errc::invalid_argument, "'gain'"));
  BOOST_TEST(fails(layer_norm(x, y, {.epsilon = -1}), Errc::invalid_argument, "epsilon"));
  BOOST_TEST(fails(layer_norm(x, y, {.epsilon = kNan}), Errc::invalid_argument, "epsilon"));
  BOOST_TEST(fails(rms_norm(x, y, {.bias = {data.data(), 3}}), Errc::invalid_argument, "bias"));
}

BOOST_AUTO_TEST_SUITE_END()
