#include "myelin/kernels/bf16.hpp"

#include <algorithm>
#include <array>
#include <bit>
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

// Odd depths (the last pair is half empty), widths around panels, rows around tiles and blocks.
constexpr auto kShapes = std::to_array<Shape>({{1, 1, 1},
                                               {1, 16, 2},
                                               {2, 10, 7},
                                               {3, 17, 64},
                                               {4, 65, 33},
                                               {5, 130, 100},
                                               {6, 48, 129},
                                               {7, 31, 5},
                                               {16, 100, 784},
                                               {13, 64, 1},
                                               {100, 70, 40},
                                               {9, 33, 3000}});

std::vector<float> values(std::size_t count, Noise& noise) {
  std::vector<float> result(count);
  for (float& x : result) x = noise.value();
  return result;
}

std::vector<float> rounded(const std::vector<float>& values) {
  std::vector<float> result;
  for (const float x : values) result.push_back(to_float(to_bf16(x)));
  return result;
}

std::string message(const myelin::Result<void>& result) { return result ? "" : result.error().message; }

}  // namespace

BOOST_AUTO_TEST_SUITE(bf16)

BOOST_AUTO_TEST_CASE(rounds_to_the_nearest_and_to_even) {
  BOOST_TEST(to_float(to_bf16(1.0F)) == 1.0F);
  BOOST_TEST(to_float(to_bf16(1.0F + 0x1p-8F)) == 1.0F);              // half way, down to even
  BOOST_TEST(to_float(to_bf16(1.0F + 0x3p-8F)) == 1.0F + 0x1p-6F);    // half way, up to even
  BOOST_TEST(to_float(to_bf16(1.0F + 0x1.1p-8F)) == 1.0F + 0x1p-7F);  // above half
  BOOST_TEST(std::signbit(to_float(to_bf16(-0.0F))));
  BOOST_TEST(to_float(to_bf16(std::numeric_limits<float>::max())) == std::numeric_limits<float>::infinity());
  BOOST_TEST(to_float(to_bf16(-std::numeric_limits<float>::infinity())) == -std::numeric_limits<float>::infinity());
  // A payload in the lower half alone would leave an infinity.
  BOOST_TEST(std::isnan(to_float(to_bf16(std::bit_cast<float>(0x7f800001U)))));
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
    const float exact = std::bit_cast<float>(upper << 16U);
    if (std::isnan(exact)) continue;
    BOOST_REQUIRE(std::bit_cast<std::uint32_t>(to_float(to_bf16(exact))) == upper << 16U);
  }
}

BOOST_AUTO_TEST_CASE(products_are_those_of_rounded_operands_on_every_target) {
  for_each_target([] {
    Noise noise{41};
    for (const Shape& shape : kShapes) {
      const std::vector<float> a = values(shape.m * shape.k, noise);
      const std::vector<float> b = values(shape.k * shape.n, noise);
      const std::vector<float> bias = values(shape.n, noise);
      const std::vector<float> exact_a = rounded(a);
      const std::vector<float> exact_b = rounded(b);
      const ConstMatrixView b_view{b.data(), shape.k, shape.n};
      const PackedBf16 packed = PackedBf16::make(b_view).value();
      const Epilogue epilogue{bias, noise.below(2) == 0 ? Activation::none : Activation::relu};
      Island c{shape.m, shape.n, noise.below(3)};
      BOOST_TEST_CONTEXT(shape.m << " x " << shape.n << " x " << shape.k) {
        BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), shape.m, shape.k}, packed, c.view(), epilogue));
        BOOST_TEST(test::error_in_bounds({exact_a.data(), shape.m, shape.k}, {exact_b.data(), shape.k, shape.n},
                                         c.view(), {}, epilogue) <= 1.0);
        BOOST_TEST(c.is_untouched_around());
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(weights_come_as_floats_as_bf16_or_transposed) {
  for_each_target([] {
    Noise noise{42};
    const std::size_t k = 37;
    const std::size_t n = 45;
    const std::vector<float> a = values(3 * k, noise);
    const std::vector<float> b = values(k * n, noise);
    std::vector<std::uint16_t> bits(k * n), turned(k * n);
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t j = 0; j < n; ++j) {
        bits[p * n + j] = static_cast<std::uint16_t>(to_bf16(b[p * n + j]));
        turned[j * k + p] = bits[p * n + j];
      }
    }
    const auto product = [&](const PackedBf16& packed) {
      std::vector<float> c(3 * n);
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), 3, k}, packed, {c.data(), 3, n}));
      return c;
    };
    const std::vector<float> want = product(PackedBf16::make(ConstMatrixView{b.data(), k, n}).value());
    BOOST_TEST((product(PackedBf16::make({bits.data(), ElementType::bf16, {k, n}}).value()) == want));
    BOOST_TEST((product(PackedBf16::make({turned.data(), ElementType::bf16, {n, k}}, true).value()) == want));
  });
}

BOOST_AUTO_TEST_CASE(a_row_has_the_same_bits_alone_and_in_any_batch_and_with_helpers) {
  const auto workers = Workers::make({.threads = 3}).value();
  for_each_target([&] {
    Noise noise{43};
    const std::size_t k = 700;
    const std::size_t n = 300;
    const std::size_t m = 100;  // more than a block, and enough for helpers
    const std::vector<float> a = values(m * k, noise);
    const std::vector<float> b = values(k * n, noise);
    const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), k, n}).value();
    std::vector<float> all(m * n), helped(m * n), one(n);
    BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), m, k}, packed, {all.data(), m, n}));
    BOOST_REQUIRE(
        bf16_gemm(ConstMatrixView{a.data(), m, k}, packed, {helped.data(), m, n}, {}, {.workers = workers.get()}));
    BOOST_TEST((all == helped));
    for (const std::size_t row : {0, 1, 50, 99}) {
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data() + row * k, 1, k}, packed, {one.data(), 1, n}));
      BOOST_TEST(std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(row * n)));
    }
  });
}

BOOST_AUTO_TEST_CASE(a_transposed_a_gives_the_same_bits) {
  for_each_target([] {
    Noise noise{44};
    for (const Shape& shape : kShapes) {
      const std::vector<float> a = values(shape.m * shape.k, noise);
      const std::vector<float> b = values(shape.k * shape.n, noise);
      Island turned{shape.k, shape.m, 2};
      for (std::size_t i = 0; i < shape.m; ++i) {
        for (std::size_t p = 0; p < shape.k; ++p) turned.view()(p, i) = a[i * shape.k + p];
      }
      const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), shape.k, shape.n}).value();
      std::vector<float> want(shape.m * shape.n), got(shape.m * shape.n);
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), shape.m, shape.k}, packed, {want.data(), shape.m, shape.n}));
      BOOST_REQUIRE(bf16_gemm(turned.view(), packed, {got.data(), shape.m, shape.n}, {}, {.transpose_a = true}));
      BOOST_TEST((got == want), shape.m << " x " << shape.n << " x " << shape.k);
    }
  });
}

BOOST_AUTO_TEST_CASE(alpha_and_beta_scale_the_product_and_what_c_held) {
  for_each_target([] {
    Noise noise{45};
    for (const Shape& shape : kShapes) {
      const std::vector<float> a = values(shape.m * shape.k, noise);
      const std::vector<float> b = values(shape.k * shape.n, noise);
      const std::vector<float> held = values(shape.m * shape.n, noise);
      const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), shape.k, shape.n}).value();
      std::vector<float> product(shape.m * shape.n), c = held;
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), shape.m, shape.k}, packed, {product.data(), shape.m, shape.n}));
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), shape.m, shape.k}, packed, {c.data(), shape.m, shape.n}, {},
                              {.alpha = 0.75F, .beta = -2.0F}));
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < c.size(); ++i) {
        const double first = 0.75 * double{product[i]};
        const double second = -2.0 * double{held[i]};
        // Two roundings: of alpha times the sum, and of all.
        const double bound = 0x1p-23 * (std::abs(first) + std::abs(second));
        wrong += std::abs(double{c[i]} - (first + second)) <= bound ? 0U : 1U;
      }
      BOOST_TEST(wrong == 0U, shape.m << " x " << shape.n << " x " << shape.k);
    }
  });
}

BOOST_AUTO_TEST_CASE(with_a_factor_of_0_nothing_is_read) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for_each_target([&] {
    const std::vector<float> a(2 * 9, nan), ones(9 * 20, 1.0F);
    const PackedBf16 packed = PackedBf16::make(ConstMatrixView{ones.data(), 9, 20}).value();
    std::vector<float> c(2 * 20, 3.0F);
    BOOST_REQUIRE(
        bf16_gemm(ConstMatrixView{a.data(), 2, 9}, packed, {c.data(), 2, 20}, {}, {.alpha = 0.0F, .beta = 0.5F}));
    BOOST_TEST((c == std::vector<float>(2 * 20, 1.5F)));
    std::ranges::fill(c, nan);
    BOOST_REQUIRE(bf16_gemm(ConstMatrixView{ones.data(), 2, 9}, packed, {c.data(), 2, 20}, {}, {.alpha = 2.0F}));
    BOOST_TEST((c == std::vector<float>(2 * 20, 18.0F)));
  });
}

// In place, copied (an odd depth, transposed), with gaps between rows and at an address that a float may not have.
BOOST_AUTO_TEST_CASE(a_of_bf16_is_as_the_same_floats) {
  Noise noise{11};
  for_each_target([&] {
    for (const Shape shape : {Shape{1, 20, 8}, {1, 70, 7}, {3, 129, 64}, {7, 64, 33}, {13, 65, 512}, {100, 70, 130}}) {
      const std::vector<float> a = values(shape.m * shape.k, noise), b = values(shape.k * shape.n, noise);
      const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), shape.k, shape.n}).value();
      std::vector<float> want(shape.m * shape.n);
      BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), shape.m, shape.k}, packed, {want.data(), shape.m, shape.n}));
      for (const bool transposed : {false, true}) {
        const std::size_t rows = transposed ? shape.k : shape.m, cols = transposed ? shape.m : shape.k;
        const std::size_t stride = cols + 3;
        std::vector<Bf16> bits(1 + rows * stride, to_bf16(std::numeric_limits<float>::quiet_NaN()));
        for (std::size_t i = 0; i < shape.m; ++i) {
          for (std::size_t p = 0; p < shape.k; ++p) {
            bits[1 + (transposed ? p * stride + i : i * stride + p)] = to_bf16(a[i * shape.k + p]);
          }
        }
        const ConstTensorView view{bits.data() + 1, ElementType::bf16, {rows, cols}, {stride, 1}};
        std::vector<float> got(shape.m * shape.n);
        BOOST_REQUIRE(bf16_gemm(view, packed, {got.data(), shape.m, shape.n}, {}, {.transpose_a = transposed}));
        BOOST_TEST((got == want),
                   shape.m << " x " << shape.n << " x " << shape.k << (transposed ? ", transposed" : ""));
      }
    }
  });
}

// The pages behind A and C are not there: rows in place (whole pairs), and copied.
BOOST_AUTO_TEST_CASE(touches_nothing_behind_its_operands) {
  Noise noise{5};
  for_each_target([&] {
    for (const Shape shape : {Shape{1, 1, 2}, {1, 64, 2}, {3, 65, 8}, {6, 64, 64}, {7, 130, 130}, {4, 30, 7}}) {
      const std::vector<float> a = rounded(values(shape.m * shape.k, noise)), b = values(shape.k * shape.n, noise);
      const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), shape.k, shape.n}).value();
      const CliffEdge floats{a.size()}, halves{(a.size() + 1) / 2}, c{shape.m * shape.n};
      std::ranges::copy(a, floats.data());
      auto* const bits = reinterpret_cast<Bf16*>(halves.data()) + a.size() % 2;
      std::ranges::transform(a, bits, to_bf16);
      const ConstTensorView views[] = {ConstMatrixView{floats.data(), shape.m, shape.k},
                                       {bits, ElementType::bf16, {shape.m, shape.k}}};
      for (const ConstTensorView& view : views) {
        std::fill_n(c.data(), shape.m * shape.n, std::numeric_limits<float>::quiet_NaN());
        BOOST_REQUIRE(bf16_gemm(view, packed, {c.data(), shape.m, shape.n}));
        const std::vector<float> exact_b = rounded(b);
        BOOST_TEST(test::error_in_bounds({a.data(), shape.m, shape.k}, {exact_b.data(), shape.k, shape.n},
                                         {c.data(), shape.m, shape.n}) <= 1.0);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(passes_nan_and_infinity_on) {
  for_each_target([] {
    std::vector<float> a(2 * 9, 1.0F), b(9 * 20, 1.0F), c(2 * 20);
    a[3] = std::numeric_limits<float>::quiet_NaN();
    a[9 + 8] = std::numeric_limits<float>::infinity();  // the last, alone in its pair
    const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), 9, 20}).value();
    BOOST_REQUIRE(bf16_gemm(ConstMatrixView{a.data(), 2, 9}, packed, {c.data(), 2, 20}));
    for (std::size_t j = 0; j < 20; ++j) {
      BOOST_TEST(std::isnan(c[j]));
      BOOST_TEST(c[20 + j] == std::numeric_limits<float>::infinity());
    }
  });
}

BOOST_AUTO_TEST_CASE(an_empty_sum_is_the_bias) {
  const std::vector<float> bias{1, -2, 3};
  std::vector<float> c(6, 9.0F);
  const PackedBf16 packed = PackedBf16::make(ConstMatrixView{nullptr, 0, 3}).value();
  BOOST_REQUIRE(bf16_gemm(ConstMatrixView{nullptr, 2, 0}, packed, {c.data(), 2, 3}, {bias, Activation::relu}));
  BOOST_TEST((c == std::vector<float>{1, 0, 3, 1, 0, 3}));
}

BOOST_AUTO_TEST_CASE(bad_operands_are_named) {
  std::vector<float> a(12), b(12), c(9);
  const PackedBf16 packed = PackedBf16::make(ConstMatrixView{b.data(), 4, 3}).value();
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{a.data(), 3, 3}, packed, {c.data(), 3, 3})) ==
             "tensor 'a' has a depth of 3 where packed 'b' has 4 rows");
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {c.data(), 4, 3}, {}, {.transpose_a = true})) ==
             "tensor 'a' has a depth of 3 where packed 'b' has 4 rows");
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {c.data(), 3, 3}, {}, {.transpose_b = true})) ==
             "transpose_b is set for a packed 'b': transpose it when it is packed");
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {c.data(), 3, 2})) ==
             "matrix 'c' has shape [3, 2] where [3, 3] is needed");
  BOOST_TEST(
      message(bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {a.data(), 3, 3})).find("'c' overlaps input 'a'") !=
      std::string::npos);
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{nullptr, 3, 4}, packed, {c.data(), 3, 3})).find("'a'") !=
             std::string::npos);
  BOOST_TEST(message(bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {c.data(), 3, 3}, {std::span{b}.first(2)}))
                 .find("bias") != std::string::npos);
  const std::vector<std::int32_t> integers(12);
  BOOST_TEST(message(bf16_gemm({integers.data(), {3, 4}}, packed, {c.data(), 3, 3})).find("i32 where f32 or bf16") !=
             std::string::npos);
  BOOST_TEST(message(bf16_gemm({a.data(), {12}}, packed, {c.data(), 3, 3})).find("rank 1") != std::string::npos);
  BOOST_TEST(message(bf16_gemm({c.data(), ElementType::bf16, {3, 4}}, packed, {c.data(), 3, 3}))
                 .find("'c' overlaps input 'a'") != std::string::npos);
  BOOST_TEST(PackedBf16::make({integers.data(), {4, 3}}).error().message.find("i32 where f32 or bf16") !=
             std::string::npos);
  BOOST_TEST(PackedBf16::make({b.data(), {12}}).error().message.find("rank 1") != std::string::npos);
  BOOST_TEST(PackedBf16::make({b.data(), {4, 2}, {1, 4}}).error().message.find("rows have no gaps") !=
             std::string::npos);
  const std::size_t huge = std::size_t{1} << 58U;
  BOOST_TEST(PackedBf16::make({b.data(), {huge, 3}, {0, 1}}).error().message.find("too large") != std::string::npos);
  bool refused = false;
  for_each_target([&] {
    const auto result = bf16_gemm(ConstMatrixView{a.data(), 3, 4}, packed, {c.data(), 3, 3});
    BOOST_TEST(result.has_value() == packed.usable());
    refused = refused || !result;
  });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_SUITE_END()
