// Alpha, beta, epilogues, and the promises about bits.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "matrices.hpp"
#include "myelin/kernels/gemm.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

struct Shape {
  std::size_t m, n, k;
};

// Around the borders between the ways to compute a product, and of their blocks.
constexpr auto kShapes = std::to_array<Shape>({{1, 1, 1},
                                               {1, 10, 512},
                                               {2, 3, 40},
                                               {5, 15, 33},
                                               {7, 16, 129},
                                               {8, 17, 300},
                                               {16, 100, 784},
                                               {17, 64, 64},
                                               {49, 33, 513},
                                               {100, 97, 100},
                                               {170, 50, 257}});

std::vector<float> values(std::size_t count, Noise& noise) {
  std::vector<float> result(count);
  for (float& x : result) x = noise.value();
  return result;
}

// The bound that gemm.hpp gives, for one element: the product, then alpha, beta and the epilogue.
double bound(const Shape& shape, double product, double rest) {
  return (static_cast<double>(shape.k) + 4.0) * 0x1p-24 * (product + rest) * 1.01 + 1e-37;
}

void check_all(const Shape& shape, float alpha, float beta, bool transpose_a, bool transpose_b, bool packs,
               Noise& noise) {
  const std::vector<float> a = values(shape.m * shape.k, noise);
  const std::vector<float> b = values(shape.k * shape.n, noise);
  const std::vector<float> bias = values(shape.n, noise);
  const std::vector<float> residual = values(shape.m * shape.n, noise);
  Island c{shape.m, shape.n, noise.below(3)};
  c.fill(noise);
  if (beta == 0.0F) c.fill(std::numeric_limits<float>::quiet_NaN());
  const Island before = c;
  const ConstMatrixView a_view{a.data(), transpose_a ? shape.k : shape.m, transpose_a ? shape.m : shape.k};
  const ConstMatrixView b_view{b.data(), transpose_b ? shape.n : shape.k, transpose_b ? shape.k : shape.n};
  const Epilogue epilogue{
      bias, noise.below(2) == 0 ? Activation::none : Activation::relu, {residual.data(), shape.m, shape.n}};
  if (packs) {
    const PackedMatrix packed = PackedMatrix::make(b_view, transpose_b).value();
    BOOST_REQUIRE(
        sgemm(a_view, packed, c.view(), epilogue, {.transpose_a = transpose_a, .alpha = alpha, .beta = beta}));
  } else {
    BOOST_REQUIRE(sgemm(a_view, b_view, c.view(), {transpose_a, transpose_b, alpha, beta}, epilogue));
  }
  double worst = 0;
  for (std::size_t i = 0; i < shape.m; ++i) {
    for (std::size_t j = 0; j < shape.n; ++j) {
      double sum = 0;
      double magnitude = 0;
      for (std::size_t p = 0; alpha != 0.0F && p < shape.k; ++p) {
        const double term = static_cast<double>(transpose_a ? a_view(p, i) : a_view(i, p)) *
                            static_cast<double>(transpose_b ? b_view(j, p) : b_view(p, j));
        sum += term;
        magnitude += std::abs(term);
      }
      const double old = beta == 0.0F ? 0.0 : static_cast<double>(before.view()(i, j));
      double want = static_cast<double>(alpha) * sum + static_cast<double>(beta) * old + static_cast<double>(bias[j]);
      if (epilogue.activation == Activation::relu) want = std::max(want, 0.0);
      want += static_cast<double>(epilogue.residual(i, j));
      const double rest = std::abs(static_cast<double>(beta) * old) + std::abs(static_cast<double>(bias[j])) +
                          std::abs(static_cast<double>(epilogue.residual(i, j)));
      const double error = std::abs(static_cast<double>(c.view()(i, j)) - want);
      worst = std::max(worst, std::isnan(error) ? 1e9 : error / bound(shape, std::abs(alpha) * magnitude, rest));
    }
  }
  BOOST_TEST_CONTEXT(shape.m << " x " << shape.n << " x " << shape.k << ", alpha " << alpha << ", beta " << beta
                             << ", transposed " << transpose_a << transpose_b << ", packed " << packs) {
    BOOST_TEST(worst <= 1.0);
    BOOST_TEST(c.is_untouched_around());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gemm_options)

BOOST_AUTO_TEST_CASE(alpha_beta_and_the_epilogue_are_applied_in_their_order_on_every_target) {
  for_each_target([] {
    Noise noise{11};
    for (const Shape& shape : kShapes) {
      for (const auto& [alpha, beta] : {std::pair{1.0F, 0.0F}, std::pair{1.0F, 1.0F}, std::pair{-0.5F, 0.0F},
                                        std::pair{2.0F, -1.5F}, std::pair{0.0F, 0.75F}, std::pair{0.0F, 0.0F}}) {
        for (const int mask : {0, 1, 2, 3}) {
          check_all(shape, alpha, beta, (mask & 1) != 0, (mask & 2) != 0, noise.below(3) == 0, noise);
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(a_fused_activation_has_the_bits_of_one_that_follows) {
  for_each_target([] {
    Noise noise{14};
    for (const auto& shape : kShapes) {
      const std::vector<float> a = values(shape.m * shape.k, noise);
      const std::vector<float> b = values(shape.k * shape.n, noise);
      const std::vector<float> bias = values(shape.n, noise);
      const std::vector<float> residual = values(shape.m * shape.n, noise);
      for (const Activation activation :
           {Activation::relu, Activation::leaky_relu, Activation::gelu_erf, Activation::gelu_tanh, Activation::silu,
            Activation::sigmoid, Activation::tanh, Activation::exp}) {
        std::vector<float> fused(shape.m * shape.n);
        std::vector<float> apart(fused);
        const MatrixView fused_view{fused.data(), shape.m, shape.n};
        const MatrixView apart_view{apart.data(), shape.m, shape.n};
        const ConstMatrixView left{a.data(), shape.m, shape.k};
        const ConstMatrixView right{b.data(), shape.k, shape.n};
        const GemmOptions options{.alpha = 0.25F};
        BOOST_REQUIRE(sgemm(left, right, fused_view, options, {bias, activation, {residual.data(), shape.m, shape.n}}));
        BOOST_REQUIRE(sgemm(left, right, apart_view, options, {.bias = bias}));
        BOOST_REQUIRE(activate(apart_view, activation, apart_view));
        for (std::size_t i = 0; i < apart.size(); ++i) apart[i] += residual[i];
        BOOST_TEST((fused == apart), to_string(activation)
                                         << " of " << shape.m << " x " << shape.n << " x " << shape.k);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(with_alpha_0_operands_are_not_read) {
  for_each_target([] {
    const std::vector<float> nan(64, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> c(64, 2.0F);
    BOOST_REQUIRE(sgemm({nan.data(), 8, 8}, {nan.data(), 8, 8}, {c.data(), 8, 8}, {.alpha = 0.0F, .beta = 3.0F}));
    BOOST_TEST((c == std::vector<float>(64, 6.0F)));
  });
}

BOOST_AUTO_TEST_CASE(a_row_has_the_same_bits_alone_and_in_any_batch) {
  for_each_target([] {
    Noise noise{12};
    for (const auto& [n, k] :
         {std::pair<std::size_t, std::size_t>{10, 512}, {1, 100}, {3, 77}, {64, 300}, {100, 1000}}) {
      const std::vector<float> a = values(65 * k, noise);
      const std::vector<float> b = values(k * n, noise);
      const PackedMatrix packed = PackedMatrix::make({b.data(), k, n}).value();
      for (const float alpha : {1.0F, 0.3F}) {
        std::vector<float> all(65 * n);
        BOOST_REQUIRE(sgemm({a.data(), 65, k}, packed, {all.data(), 65, n}, {}, {.alpha = alpha}));
        for (const std::size_t rows : {1, 2, 3, 7, 16, 48}) {
          std::vector<float> some(rows * n);
          BOOST_REQUIRE(sgemm({a.data() + 5 * k, rows, k}, packed, {some.data(), rows, n}, {}, {.alpha = alpha}));
          BOOST_TEST_CONTEXT(rows << " rows of " << n << " x " << k) {
            BOOST_TEST((std::vector<float>(all.begin() + static_cast<std::ptrdiff_t>(5 * n),
                                           all.begin() + static_cast<std::ptrdiff_t>((5 + rows) * n)) == some));
          }
          if (n > 10) continue;
          // So has one with few columns of weights that are not packed: its own way of summing, but one for all.
          std::vector<float> every(65 * n);
          const GemmOptions options{.alpha = alpha};
          BOOST_REQUIRE(sgemm({a.data(), 65, k}, {b.data(), k, n}, {every.data(), 65, n}, options));
          BOOST_REQUIRE(sgemm({a.data() + 5 * k, rows, k}, {b.data(), k, n}, {some.data(), rows, n}, options));
          BOOST_TEST_CONTEXT(rows << " rows of " << n << " x " << k << ", not packed") {
            BOOST_TEST((std::vector<float>(every.begin() + static_cast<std::ptrdiff_t>(5 * n),
                                           every.begin() + static_cast<std::ptrdiff_t>((5 + rows) * n)) == some));
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(helpers_do_not_show_in_the_bits) {
  const auto workers = Workers::make({.threads = 3}).value();
  Noise noise{13};
  // The last ones are worth a helper, but have few rows and few panels; one has them in its last chunk of columns only.
  for (const Shape shape :
       {Shape{300, 310, 320}, Shape{20, 2000, 500}, Shape{700, 40, 700}, Shape{513, 512, 600}, Shape{40, 40, 20000},
        Shape{32, 128, 8192}, Shape{16, 776, 4096}, Shape{1, 776, 40000}, Shape{32, 3100, 1024}}) {
    const std::vector<float> a = values(shape.m * shape.k, noise);
    const std::vector<float> b = values(shape.k * shape.n, noise);
    const PackedMatrix packed = PackedMatrix::make({b.data(), shape.k, shape.n}).value();
    for (const GemmOptions options : {GemmOptions{}, GemmOptions{.alpha = 0.7F, .beta = 0.2F}}) {
      GemmOptions helped = options;
      helped.workers = workers.get();
      std::vector<float> alone(shape.m * shape.n, 1.0F);
      std::vector<float> together(alone);
      BOOST_REQUIRE(
          sgemm({a.data(), shape.m, shape.k}, {b.data(), shape.k, shape.n}, {alone.data(), shape.m, shape.n}, options));
      BOOST_REQUIRE(sgemm({a.data(), shape.m, shape.k}, {b.data(), shape.k, shape.n},
                          {together.data(), shape.m, shape.n}, helped));
      BOOST_TEST((alone == together));
      std::fill(together.begin(), together.end(), 1.0F);
      BOOST_REQUIRE(sgemm({a.data(), shape.m, shape.k}, packed, {together.data(), shape.m, shape.n}, {}, helped));
      if (options.alpha == 1.0F) BOOST_TEST((alone == together));
    }
  }
}

// Shapes worth a helper, whatever their rows, columns and depth.
BOOST_AUTO_TEST_CASE(helpers_do_not_show_in_random_shapes) {
  const auto workers = Workers::make({.threads = 2}).value();
  for_each_target([&] {
    if (simd_target() == "SCALAR") return;  // minutes
    Noise noise{31};
    for (int round = 0; round < 12; ++round) {
      const std::size_t m = 1 + noise.below(60), n = 1 + noise.below(round % 2 == 0 ? 2000 : 200);
      const Shape shape{m, n, (std::size_t{1} << 24U) / (m * n) + 1 + noise.below(50)};
      const std::vector<float> a = values(shape.m * shape.k, noise);
      const std::vector<float> b = values(shape.k * shape.n, noise);
      std::vector<float> alone(shape.m * shape.n), together(shape.m * shape.n, NAN);
      const ConstMatrixView left{a.data(), shape.m, shape.k}, right{b.data(), shape.k, shape.n};
      BOOST_REQUIRE(sgemm(left, right, {alone.data(), shape.m, shape.n}));
      BOOST_REQUIRE(sgemm(left, right, {together.data(), shape.m, shape.n}, {.workers = workers.get()}));
      BOOST_TEST((alone == together), shape.m << " x " << shape.n << " x " << shape.k);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_vector_times_a_matrix_is_right_both_ways_on_every_target) {
  for_each_target([] {
    Noise noise{14};
    for (const Shape shape : {Shape{1, 1, 1}, Shape{13, 1, 64}, Shape{100, 1, 37}, Shape{9, 1, 500}}) {
      for (const bool transpose : {false, true}) {
        const std::vector<float> a = values(shape.m * shape.k, noise);
        const std::vector<float> x = values(shape.k, noise);
        std::vector<float> y(shape.m, 1.0F);
        const ConstMatrixView view{a.data(), transpose ? shape.k : shape.m, transpose ? shape.m : shape.k};
        BOOST_REQUIRE(sgemv(view, x, y, {.transpose_a = transpose, .alpha = 2.0F, .beta = 0.5F}));
        for (std::size_t i = 0; i < shape.m; ++i) {
          double want = 0.5;
          double magnitude = 0.5;
          for (std::size_t p = 0; p < shape.k; ++p) {
            const double term =
                2.0 * static_cast<double>(transpose ? view(p, i) : view(i, p)) * static_cast<double>(x[p]);
            want += term;
            magnitude += std::abs(term);
          }
          BOOST_TEST(std::abs(static_cast<double>(y[i]) - want) <= bound(shape, magnitude, 0));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(bad_operands_of_a_vector_are_named) {
  const std::vector<float> a(12, 1.0F);
  std::vector<float> x(4), y(3);
  const auto wrong_x = sgemv({a.data(), 3, 4}, std::span{x}.first(3), y);
  BOOST_REQUIRE(!wrong_x.has_value());
  BOOST_TEST(wrong_x.error().message == "x has 3 elements where 4 are needed");
  const auto wrong_y = sgemv({a.data(), 3, 4}, x, std::span{y}.first(2));
  BOOST_REQUIRE(!wrong_y.has_value());
  BOOST_TEST(wrong_y.error().message == "y has 2 elements where 3 are needed");
  std::vector<float> square(16);
  const auto same = sgemv({square.data(), 4, 4}, x, x);
  BOOST_REQUIRE(!same.has_value());
  BOOST_TEST((same.error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(bad_epilogues_and_options_are_named) {
  std::vector<float> a(6, 1.0F), b(12, 1.0F), c(8), other(8);
  const auto with = [&](const Epilogue& epilogue, GemmOptions options = {}) {
    return sgemm({a.data(), 2, 3}, {b.data(), 3, 4}, {c.data(), 2, 4}, options, epilogue);
  };
  const auto message = [](const myelin::Result<void>& result) { return result ? "" : result.error().message; };
  BOOST_TEST(message(with({.residual = {other.data(), 4, 2}})) ==
             "matrix 'residual' has shape [4, 2] where [2, 4] is needed");
  BOOST_TEST(message(with({.residual = {nullptr, 2, 4}})).find("'residual'") != std::string::npos);
  BOOST_TEST(message(with({.residual = {c.data(), 2, 4}})).find("'c' overlaps input 'residual'") != std::string::npos);
  BOOST_TEST(message(with({.bias = std::span{c}.first(4)})).find("'c' overlaps input 'bias'") != std::string::npos);
  BOOST_TEST(message(with({.activation = static_cast<Activation>(99)})) == "activation 99 is unknown");
  const PackedMatrix packed = PackedMatrix::make({b.data(), 3, 4}).value();
  BOOST_TEST(
      message(sgemm({a.data(), 2, 3}, packed, {c.data(), 2, 4}, {}, {.transpose_b = true})).find("transpose_b") !=
      std::string::npos);
  const auto huge = PackedMatrix::make({a.data(), std::size_t{1} << 40U, 0, 0});
  BOOST_TEST(huge.has_value());  // Nothing is large about no columns.
}

BOOST_AUTO_TEST_SUITE_END()
