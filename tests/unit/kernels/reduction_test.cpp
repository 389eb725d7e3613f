#include "myelin/kernels/reduction.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numeric>
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

float reduced(std::span<const float> row, Reduction reduction) {
  float y = 77;
  require_success(reduce(row, reduction, TensorView{&y, TensorShape{}}));
  return y;
}

std::int32_t first_largest(std::span<const float> row) {
  std::int32_t y = 77;
  require_success(argmax(row, TensorView{&y, TensorShape{}}));
  return y;
}

std::vector<Ranked> best_of(std::span<const float> values, std::size_t k) {
  std::vector<Ranked> best(k);
  const auto found = top_k(values, best);
  require_success(found);
  best.resize(*found);
  return best;
}

template <class T>
bool fails(const Result<T>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reduction)

BOOST_AUTO_TEST_CASE(sums_and_means_are_as_close_as_promised_at_any_length) {
  for_each_target([] {
    Noise noise{1};
    for (const std::size_t count : {1U, 2U, 7U, 31U, 32U, 33U, 511U, 513U, 5000U, 300'000U}) {
      std::vector<float> x(count);
      double sum = 0;
      double magnitude = 0;
      for (float& v : x) {
        v = noise.value() + 0.5F;
        sum += double{v};
        magnitude += std::abs(double{v});
      }
      BOOST_TEST(std::abs(double{reduced(x, Reduction::sum)} - sum) <= 0x1p-16 * magnitude);
      const double n = static_cast<double>(count);
      BOOST_TEST(std::abs(double{reduced(x, Reduction::mean)} - sum / n) <= 0x1p-16 * magnitude / n);
    }
  });
}

BOOST_AUTO_TEST_CASE(extremes_are_exact_and_nan_wins) {
  for_each_target([] {
    Noise noise{2};
    for (std::size_t count = 1; count <= 80; ++count) {
      std::vector<float> x(count);
      for (float& v : x) v = noise.value();
      BOOST_TEST(reduced(x, Reduction::max) == *std::max_element(x.begin(), x.end()));
      BOOST_TEST(reduced(x, Reduction::min) == *std::min_element(x.begin(), x.end()));
      x[noise.below(count)] = kNan;
      BOOST_TEST(std::isnan(reduced(x, Reduction::max)));
      BOOST_TEST(std::isnan(reduced(x, Reduction::min)));
      BOOST_TEST(std::isnan(reduced(x, Reduction::sum)));
      BOOST_TEST(std::isnan(reduced(x, Reduction::mean)));
    }
    BOOST_TEST(reduced(std::vector<float>{1, kInf, -kInf}, Reduction::max) == kInf);
    BOOST_TEST(reduced(std::vector<float>{1, kInf, -kInf}, Reduction::min) == -kInf);
    BOOST_TEST(std::isnan(reduced(std::vector<float>{1, kInf, -kInf}, Reduction::sum)));
  });
}

BOOST_AUTO_TEST_CASE(empty_rows_have_results_too) {
  std::vector<float> y(3, 77);
  const ConstTensorView none{nullptr, ElementType::f32, {3, 0}};
  require_success(reduce(none, Reduction::sum, std::span{y}));
  BOOST_TEST(y == (std::vector<float>{0, 0, 0}), boost::test_tools::per_element());
  require_success(reduce(none, Reduction::max, std::span{y}));
  BOOST_TEST(y == (std::vector<float>{-kInf, -kInf, -kInf}), boost::test_tools::per_element());
  require_success(reduce(none, Reduction::min, std::span{y}));
  BOOST_TEST(y == (std::vector<float>{kInf, kInf, kInf}), boost::test_tools::per_element());
  require_success(reduce(none, Reduction::mean, std::span{y}));
  BOOST_TEST(std::isnan(y[2]));
  std::vector<std::int32_t> at(3);
  require_success(argmax(none, TensorView{at.data(), {3}}));
  BOOST_TEST(at[2] == -1);
  BOOST_TEST(best_of({}, 3).empty());
  BOOST_TEST(best_of(y, 0).empty());
  require_success(reduce(ConstTensorView{nullptr, ElementType::f32, {0, 3}}, Reduction::sum, TensorView{}));
}

BOOST_AUTO_TEST_CASE(argmax_takes_the_first_of_the_largest_and_ignores_nan) {
  for_each_target([] {
    Noise noise{3};
    for (std::size_t count = 1; count <= 80; ++count) {
      std::vector<float> x(count);
      for (float& v : x) v = static_cast<float>(noise.below(7)) - 3;  // many equals
      if (count > 2) x[noise.below(count)] = kNan;
      BOOST_TEST(first_largest(x) == static_cast<std::int32_t>(argmax(std::span<const float>{x}).value()));
      std::fill(x.begin(), x.end(), kNan);
      BOOST_TEST(first_largest(x) == -1);
      x.back() = -kInf;
      BOOST_TEST(first_largest(x) == static_cast<std::int32_t>(count) - 1);
    }
  });
}

BOOST_AUTO_TEST_CASE(rows_of_a_tensor_are_reduced_one_by_one) {
  Noise noise{4};
  Island x{6, 13};
  x.fill(noise);
  const TensorView all{x.view().data, {2, 3, 13}, {48, 16, 1}};
  std::vector<float> y(6);
  require_success(reduce(all, Reduction::max, TensorView{y.data(), {2, 3}, {1, 2}}));  // written in another order
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(y[i / 3 + 2 * (i % 3)] == reduced(x.view().row(i), Reduction::max));
  }
}

BOOST_AUTO_TEST_CASE(top_k_agrees_with_a_stable_sort) {
  for_each_target([] {
    Noise noise{5};
    for (int round = 0; round < 200; ++round) {
      std::vector<float> x(noise.below(200));
      for (float& v : x) v = round % 2 == 0 ? noise.value() : static_cast<float>(noise.below(5));
      for (std::size_t i = 0; i < x.size() / 8; ++i) x[noise.below(x.size())] = kNan;
      std::vector<std::size_t> order(x.size());
      std::iota(order.begin(), order.end(), 0U);
      std::erase_if(order, [&](std::size_t i) { return std::isnan(x[i]); });
      std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return x[a] > x[b]; });
      const std::size_t k = noise.below(40);
      const std::vector<Ranked> best = best_of(x, k);
      BOOST_REQUIRE(best.size() == std::min(k, order.size()));
      for (std::size_t i = 0; i < best.size(); ++i) BOOST_TEST((best[i] == Ranked{order[i], x[order[i]]}));
    }
  });
}

BOOST_AUTO_TEST_CASE(reads_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t count : {1U, 3U, 7U, 13U, 33U}) {
      const CliffEdge x{count};
      for (std::size_t i = 0; i < count; ++i) x.data()[i] = static_cast<float>(i);
      const std::span<const float> row{x.data(), count};
      BOOST_TEST(reduced(row, Reduction::max) == static_cast<float>(count - 1));
      BOOST_TEST(reduced(row, Reduction::min) == 0.0F);
      BOOST_TEST(reduced(row, Reduction::sum) == static_cast<float>(count * (count - 1) / 2));
      BOOST_TEST(first_largest(row) == static_cast<std::int32_t>(count) - 1);
      BOOST_TEST(best_of(row, 2)[0].index == count - 1);
    }
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(12);
  std::vector<std::int32_t> at(4);
  const TensorView x{data.data(), {2, 3}};
  const TensorView y{data.data() + 8, {2}};
  BOOST_TEST(fails(reduce(x, static_cast<Reduction>(9), y), Errc::invalid_argument, "9"));
  BOOST_TEST(fails(reduce(x, Reduction::sum, TensorView{data.data() + 8, {3}}), Errc::shape_mismatch, "'y'"));
  BOOST_TEST(fails(reduce(x, Reduction::sum, TensorView{data.data() + 5, {2}}), Errc::invalid_argument, "'y'"));
  BOOST_TEST(fails(reduce(TensorView{data.data(), {2, 3}, {1, 2}}, Reduction::sum, y), Errc::invalid_argument, "'x'"));
  BOOST_TEST(fails(reduce(TensorView{data.data(), TensorShape{}}, Reduction::sum, y), Errc::invalid_argument, "'x'"));
  BOOST_TEST(fails(argmax(x, y), Errc::invalid_argument, "i32"));
  BOOST_TEST(fails(argmax(x, TensorView{at.data(), {3}}), Errc::shape_mismatch, "'y'"));
  BOOST_TEST(fails(top_k({static_cast<const float*>(nullptr), 4}, {}), Errc::invalid_argument, "'values'"));
  BOOST_TEST(fails(top_k(data, {static_cast<Ranked*>(nullptr), 4}), Errc::invalid_argument, "'best'"));
}

BOOST_AUTO_TEST_CASE(reductions_have_names) {
  BOOST_TEST(to_string(Reduction::sum) == "sum");
  BOOST_TEST(to_string(Reduction::mean) == "mean");
  BOOST_TEST(to_string(Reduction::max) == "max");
  BOOST_TEST(to_string(Reduction::min) == "min");
  BOOST_TEST(to_string(static_cast<Reduction>(9)) == "unknown");
}

BOOST_AUTO_TEST_SUITE_END()
