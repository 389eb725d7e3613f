#include "myelin/kernels/int8.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::CliffEdge;
using test::for_each_target;
using test::Island;
using test::Noise;

namespace {

struct Shape {
  std::size_t m, n, k;
};

// Depths that fours do not divide, widths around panels, rows around tiles and blocks.
constexpr auto kShapes = std::to_array<Shape>({{1, 1, 1},
                                               {1, 16, 4},
                                               {2, 10, 7},
                                               {3, 17, 64},
                                               {4, 65, 33},
                                               {5, 130, 100},
                                               {6, 48, 129},
                                               {7, 31, 5},
                                               {16, 100, 784},
                                               {13, 64, 2},
                                               {100, 70, 40},
                                               {9, 33, 3000}});

using Integers = std::vector<std::int8_t>;

// All of the range, and its ends more often: what saturates or wraps shows there.
Integers integers(std::size_t count, Noise& noise) {
  Integers result(count);
  for (std::int8_t& x : result) {
    constexpr std::array<int, 4> kEnds{-128, -127, 127, 126};
    x = static_cast<std::int8_t>(noise.below(3) == 0 ? kEnds[noise.below(4)]
                                                     : static_cast<int>(noise.below(256)) - 128);
  }
  return result;
}

std::vector<std::int32_t> plain_product(const Integers& a, const Integers& b, const Shape& shape) {
  std::vector<std::int32_t> c(shape.m * shape.n);
  for (std::size_t i = 0; i < shape.m; ++i) {
    for (std::size_t p = 0; p < shape.k; ++p) {
      for (std::size_t j = 0; j < shape.n; ++j) c[i * shape.n + j] += a[i * shape.k + p] * b[p * shape.n + j];
    }
  }
  return c;
}

ConstTensorView tensor(const Integers& values, std::size_t rows, std::size_t cols) {
  return {values.data(), ElementType::i8, {rows, cols}};
}

std::vector<float> ones(std::size_t count) { return std::vector<float>(count, 1.0F); }

std::string message(const myelin::Result<void>& result) { return result ? "" : result.error().message; }

}  // namespace

BOOST_AUTO_TEST_SUITE(int8)

BOOST_AUTO_TEST_CASE(sums_are_exact_on_every_target) {
  for_each_target([] {
    Noise noise{51};
    for (const Shape& shape : kShapes) {
      const Integers a = integers(shape.m * shape.k, noise);
      const Integers b = integers(shape.k * shape.n, noise);
      const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
      std::vector<std::int32_t> c(shape.m * shape.n, -1);
      BOOST_REQUIRE(int8_gemm(tensor(a, shape.m, shape.k), packed, {c.data(), {shape.m, shape.n}}));
      BOOST_TEST((c == plain_product(a, b, shape)), shape.m << " x " << shape.n << " x " << shape.k);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_ends_of_the_range_do_not_saturate_at_the_greatest_depth) {
  for_each_target([] {
    for (const int left : {-128, 127}) {
      for (const int right : {-128, 127}) {
        const Shape shape{1, 3, kInt8DepthMax};
        const Integers a(shape.k, static_cast<std::int8_t>(left));
        const Integers b(shape.k * shape.n, static_cast<std::int8_t>(right));
        const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
        std::vector<std::int32_t> c(shape.n);
        BOOST_REQUIRE(int8_gemm(tensor(a, 1, shape.k), packed, {c.data(), {1, shape.n}}));
        for (const std::int32_t sum : c) BOOST_TEST(sum == left * right * static_cast<std::int32_t>(shape.k));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(gaps_between_rows_are_neither_read_nor_written) {
  for_each_target([] {
    Noise noise{52};
    const Shape shape{5, 19, 23};
    const Integers a = integers(shape.m * 30, noise);
    const Integers b = integers(shape.k * 25, noise);
    Integers tight_a, tight_b;
    for (std::size_t i = 0; i < shape.m; ++i) tight_a.insert(tight_a.end(), &a[i * 30], &a[i * 30] + shape.k);
    for (std::size_t p = 0; p < shape.k; ++p) tight_b.insert(tight_b.end(), &b[p * 25], &b[p * 25] + shape.n);
    const PackedInt8 packed =
        PackedInt8::make({b.data(), ElementType::i8, {shape.k, shape.n}, {25, 1}}, ones(shape.n)).value();
    std::vector<std::int32_t> c(shape.m * 21, 77);
    BOOST_REQUIRE(int8_gemm({a.data(), ElementType::i8, {shape.m, shape.k}, {30, 1}}, packed,
                            {c.data(), ElementType::i32, {shape.m, shape.n}, {21, 1}}));
    const std::vector<std::int32_t> want = plain_product(tight_a, tight_b, shape);
    for (std::size_t i = 0; i < shape.m; ++i) {
      for (std::size_t j = 0; j < 21; ++j) {
        BOOST_TEST(c[i * 21 + j] == (j < shape.n ? want[i * shape.n + j] : 77));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(scales_make_floats_and_the_epilogue_follows) {
  for_each_target([] {
    Noise noise{53};
    for (const Shape& shape : kShapes) {
      const Integers a = integers(shape.m * shape.k, noise);
      const Integers b = integers(shape.k * shape.n, noise);
      std::vector<float> a_scales(shape.m), b_scales(shape.n), bias(shape.n), residual(shape.m * shape.n);
      for (std::vector<float>* values : {&a_scales, &b_scales, &bias, &residual}) {
        for (float& x : *values) x = noise.value();
      }
      const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), b_scales).value();
      Island c{shape.m, shape.n, 2};
      BOOST_REQUIRE(int8_gemm(tensor(a, shape.m, shape.k), a_scales, packed, c.view(),
                              {bias, Activation::relu, {residual.data(), shape.m, shape.n}}));
      const std::vector<std::int32_t> sums = plain_product(a, b, shape);
      int wrong = 0;
      for (std::size_t i = 0; i < shape.m; ++i) {
        for (std::size_t j = 0; j < shape.n; ++j) {
          float want = static_cast<float>(sums[i * shape.n + j]) * (a_scales[i] * b_scales[j]) + bias[j];
          if (want < 0.0F) want = 0.0F;
          want += residual[i * shape.n + j];
          wrong += c.view()(i, j) == want ? 0 : 1;
        }
      }
      BOOST_TEST(wrong == 0, shape.m << " x " << shape.n << " x " << shape.k);
      BOOST_TEST(c.is_untouched_around());
    }
  });
}

BOOST_AUTO_TEST_CASE(a_transposed_a_gives_the_same_sums) {
  for_each_target([] {
    Noise noise{56};
    for (const Shape& shape : kShapes) {
      const Integers a = integers(shape.m * shape.k, noise);
      const Integers b = integers(shape.k * shape.n, noise);
      const std::size_t stride = shape.m + 3;
      Integers turned(shape.k * stride, 99);
      for (std::size_t i = 0; i < shape.m; ++i) {
        for (std::size_t p = 0; p < shape.k; ++p) turned[p * stride + i] = a[i * shape.k + p];
      }
      const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
      std::vector<std::int32_t> c(shape.m * shape.n);
      BOOST_REQUIRE(int8_gemm({turned.data(), ElementType::i8, {shape.k, shape.m}, {stride, 1}}, packed,
                              {c.data(), {shape.m, shape.n}}, {.transpose_a = true}));
      BOOST_TEST((c == plain_product(a, b, shape)), shape.m << " x " << shape.n << " x " << shape.k);
    }
  });
}

BOOST_AUTO_TEST_CASE(alpha_and_beta_scale_the_floats_and_what_c_held) {
  for_each_target([] {
    Noise noise{57};
    for (const Shape& shape : kShapes) {
      const Integers a = integers(shape.m * shape.k, noise);
      const Integers b = integers(shape.k * shape.n, noise);
      std::vector<float> a_scales(shape.m), held(shape.m * shape.n);
      for (float& x : a_scales) x = noise.value() * 0x1p-10F;
      for (float& x : held) x = noise.value();
      const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
      std::vector<float> c = held;
      BOOST_REQUIRE(int8_gemm(tensor(a, shape.m, shape.k), a_scales, packed, {c.data(), shape.m, shape.n}, {},
                              {.alpha = -0.75F, .beta = 0.5F}));
      const std::vector<std::int32_t> sums = plain_product(a, b, shape);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < c.size(); ++i) {
        const double first = -0.75 * double{a_scales[i / shape.n]} * sums[i];
        const double second = 0.5 * double{held[i]};
        // Of the sum, of each product, and of all.
        const double bound = 0x1p-22 * (std::abs(first) + std::abs(second));
        wrong += std::abs(double{c[i]} - (first + second)) <= bound ? 0U : 1U;
      }
      BOOST_TEST(wrong == 0U, shape.m << " x " << shape.n << " x " << shape.k);
      // With an alpha of 0 the scales are not read, nor is A.
      const std::vector<float> unread(shape.m, std::numeric_limits<float>::quiet_NaN());
      c = held;
      BOOST_REQUIRE(int8_gemm(tensor(a, shape.m, shape.k), unread, packed, {c.data(), shape.m, shape.n}, {},
                              {.alpha = 0.0F, .beta = 1.0F}));
      BOOST_TEST((c == held));
    }
  });
}

BOOST_AUTO_TEST_CASE(quantised_layers_are_near_those_of_floats) {
  Noise noise{54};
  const Shape shape{7, 40, 256};
  std::vector<float> a(shape.m * shape.k), b(shape.k * shape.n);
  for (float& x : a) x = noise.value();
  for (float& x : b) x = noise.value();
  const PackedInt8 packed = PackedInt8::quantize({b.data(), shape.k, shape.n}).value();
  Integers whole(a.size());
  std::vector<float> scales(shape.m), c(shape.m * shape.n);
  BOOST_REQUIRE(
      quantize_rows({a.data(), shape.m, shape.k}, {whole.data(), ElementType::i8, {shape.m, shape.k}}, scales));
  BOOST_REQUIRE(int8_gemm(tensor(whole, shape.m, shape.k), scales, packed, {c.data(), shape.m, shape.n}));
  for (std::size_t i = 0; i < shape.m; ++i) {
    for (std::size_t j = 0; j < shape.n; ++j) {
      double want = 0;
      double bound = 1e-3;
      for (std::size_t p = 0; p < shape.k; ++p) {
        const double x = static_cast<double>(a[i * shape.k + p]);
        const double w = static_cast<double>(b[p * shape.n + j]);
        want += x * w;
        // Each factor is off by half a step at most: 1 / 254 of the largest, which is at most 1.
        bound += (std::abs(x) + std::abs(w)) / 254 + 1.0 / (254 * 254);
      }
      BOOST_TEST(std::abs(static_cast<double>(c[i * shape.n + j]) - want) <= bound);
    }
  }
}

BOOST_AUTO_TEST_CASE(quantising_keeps_the_largest_and_rounds_the_rest) {
  const std::vector<float> values{-2.0F, 1.0F, 0.5F, 0.0F, 0.0F, 0.0F, 1e-40F, 0.0F, 0.0F};
  Integers whole(9, 99);
  std::vector<float> scales(3);
  BOOST_REQUIRE(quantize_rows({values.data(), 3, 3}, {whole.data(), ElementType::i8, {3, 3}}, scales));
  BOOST_TEST((whole == Integers{-127, 64, 32, 0, 0, 0, 0, 0, 0}));  // 63.5 and 31.75
  BOOST_TEST(scales[0] == 2.0F / 127);
  BOOST_TEST(scales[1] == 0.0F);
  BOOST_TEST(scales[2] == 0.0F);  // nothing that a float's inverse reaches
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> bad{1, 2, 3, nan};
  const auto rows =
      quantize_rows({bad.data(), 2, 2}, {whole.data(), ElementType::i8, {2, 2}}, std::span{scales}.first(2));
  BOOST_TEST(message(rows) == "row 1 of matrix 'values' holds NaN or an infinity: no scale fits it");
  BOOST_TEST(PackedInt8::quantize({bad.data(), 2, 2}).error().message ==
             "column 1 of matrix 'b' holds NaN or an infinity: no scale fits it");
}

BOOST_AUTO_TEST_CASE(helpers_do_not_show) {
  const auto workers = Workers::make({.threads = 3}).value();
  Noise noise{55};
  const Shape shape{200, 300, 700};
  const Integers a = integers(shape.m * shape.k, noise);
  const Integers b = integers(shape.k * shape.n, noise);
  const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
  std::vector<std::int32_t> c(shape.m * shape.n);
  BOOST_REQUIRE(
      int8_gemm(tensor(a, shape.m, shape.k), packed, {c.data(), {shape.m, shape.n}}, {.workers = workers.get()}));
  BOOST_TEST((c == plain_product(a, b, shape)));
}

BOOST_AUTO_TEST_CASE(an_empty_sum_is_zero) {
  const PackedInt8 packed = PackedInt8::make(tensor({}, 0, 3), ones(3)).value();
  std::vector<std::int32_t> c(6, 9);
  BOOST_REQUIRE(int8_gemm(tensor({}, 2, 0), packed, {c.data(), {2, 3}}));
  BOOST_TEST((c == std::vector<std::int32_t>(6, 0)));
  std::vector<float> floats(6, 9.0F);
  const std::vector<float> bias{1, 2, 3};
  BOOST_REQUIRE(int8_gemm(tensor({}, 2, 0), ones(2), packed, {floats.data(), 2, 3}, {bias}));
  BOOST_TEST((floats == std::vector<float>{1, 2, 3, 1, 2, 3}));
}

// The pages behind A, C and the scales are not there: rows in place (whole fours), and copied.
BOOST_AUTO_TEST_CASE(touches_nothing_behind_its_operands) {
  Noise noise{5};
  for_each_target([&] {
    for (const Shape shape : {Shape{1, 1, 4}, {1, 64, 4}, {3, 65, 8}, {6, 64, 64}, {7, 130, 132}, {5, 30, 7}}) {
      const Integers values = integers(shape.m * shape.k, noise), b = integers(shape.k * shape.n, noise);
      const PackedInt8 packed = PackedInt8::make(tensor(b, shape.k, shape.n), ones(shape.n)).value();
      const std::vector<std::int32_t> want = plain_product(values, b, shape);
      const CliffEdge a_memory{(values.size() + 3) / 4}, a_scales{shape.m}, sums{want.size()}, scaled{want.size()};
      auto* const a = reinterpret_cast<std::int8_t*>(a_memory.data()) + (values.size() + 3) / 4 * 4 - values.size();
      std::ranges::copy(values, a);
      std::fill_n(a_scales.data(), shape.m, 1.0F);
      const ConstTensorView view{a, ElementType::i8, {shape.m, shape.k}};
      auto* const c = reinterpret_cast<std::int32_t*>(sums.data());
      BOOST_REQUIRE(int8_gemm(view, packed, {c, {shape.m, shape.n}}));
      BOOST_REQUIRE(int8_gemm(view, {a_scales.data(), shape.m}, packed, {scaled.data(), shape.m, shape.n}));
      BOOST_TEST(std::equal(want.begin(), want.end(), c));
      BOOST_TEST(std::equal(want.begin(), want.end(), scaled.data(),
                            [](std::int32_t sum, float value) { return static_cast<float>(sum) == value; }));
    }
  });
}

BOOST_AUTO_TEST_CASE(bad_operands_are_named) {
  Integers a(12), b(12);
  std::vector<std::int32_t> c(9);
  std::vector<float> floats(9);
  const PackedInt8 packed = PackedInt8::make(tensor(b, 4, 3), ones(3)).value();
  const TensorView c_view{c.data(), {3, 3}};
  BOOST_TEST(message(int8_gemm(tensor(a, 4, 3), packed, c_view)) ==
             "tensor 'a' has a depth of 3 where packed 'b' has 4 rows");
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), packed, {c.data(), {4, 3}}, {.transpose_a = true})) ==
             "tensor 'a' has a depth of 3 where packed 'b' has 4 rows");
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), packed, c_view, {.transpose_b = true})) ==
             "transpose_b is set for a packed 'b': transpose it when it is packed");
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), packed, c_view, {.alpha = 0.5F})).find("alpha is 0.5") !=
             std::string::npos);
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), packed, c_view, {.beta = 1.0F})).find("not scaled") !=
             std::string::npos);
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), packed, {c.data(), {3, 2}})).find("'c' has shape [3, 2]") !=
             std::string::npos);
  BOOST_TEST(message(int8_gemm({c.data(), {3, 4}}, packed, c_view)).find("holds i32 where i8") != std::string::npos);
  BOOST_TEST(message(int8_gemm({nullptr, ElementType::i8, {3, 4}}, packed, c_view)).find("'a'") != std::string::npos);
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), ones(2), packed, {floats.data(), 3, 3})) ==
             "a_scales has 2 elements where 3 are needed");
  BOOST_TEST(message(int8_gemm(tensor(a, 3, 4), std::span{floats}.first(3), packed, {floats.data(), 3, 3}))
                 .find("'c' overlaps input 'a_scales'") != std::string::npos);
  BOOST_TEST(message(int8_gemm({c.data(), ElementType::i8, {3, 4}}, packed, c_view)).find("'c' overlaps input 'a'") !=
             std::string::npos);
  BOOST_TEST(
      message(int8_gemm(tensor(a, 3, 4), packed, {c.data(), ElementType::i32, {3, 3}, {2, 1}})).find("share memory") !=
      std::string::npos);
  const auto made = [&](const ConstTensorView& view, std::size_t scales) {
    const auto result = PackedInt8::make(view, ones(scales));
    return result ? "" : result.error().message;
  };
  BOOST_TEST(made(tensor(b, 4, 3), 4) == "scales has 4 elements where 3 are needed");
  BOOST_TEST(made({b.data(), ElementType::i8, {kInt8DepthMax + 1, 1}, {0, 1}}, 1).find("sums of 32 bits") !=
             std::string::npos);
  BOOST_TEST(made({b.data(), ElementType::i8, {12}}, 1).find("rank 1") != std::string::npos);
  BOOST_TEST(!PackedInt8::make(tensor(b, 4, 3), std::vector<float>{1, 2, std::numeric_limits<float>::infinity()}));
  bool refused = false;
  for_each_target([&] {
    const auto result = int8_gemm(tensor(a, 3, 4), packed, c_view);
    BOOST_TEST(result.has_value() == packed.usable());
    refused = refused || !result;
  });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_SUITE_END()
