#include "myelin/kernels/gemm.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <thread>

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

constexpr std::array<std::size_t, 24> kSizes{1,  2,  3,  4,  5,  6,  7,  8,  9,  11, 13, 15,
                                             16, 17, 23, 31, 32, 33, 47, 48, 49, 63, 65, 70};

Island stored(std::size_t rows, std::size_t cols, bool transposed, std::size_t gap, Noise& noise) {
  Island island = transposed ? Island{cols, rows, gap} : Island{rows, cols, gap};
  island.fill(noise);
  return island;
}

// One product with every combination of layouts, against the reference, canaries and all.
void check_product(Shape shape, Noise& noise) {
  const std::size_t gap = noise.below(4);
  Island bias{1, shape.n, 0};
  bias.fill(noise);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      const Island a = stored(shape.m, shape.k, transpose_a, gap, noise);
      const Island b = stored(shape.k, shape.n, transpose_b, gap, noise);
      const GemmOptions options{transpose_a, transpose_b};
      const bool with_epilogue = noise.below(2) == 1;
      const Epilogue epilogue =
          with_epilogue ? Epilogue{bias.view().row(0), Activation::relu} : Epilogue{{}, Activation::none};
      Island c{shape.m, shape.n, gap};
      BOOST_TEST_CONTEXT("[" << shape.m << ", " << shape.k << "] x [" << shape.k << ", " << shape.n << "], gap " << gap
                             << ", transposed " << transpose_a << transpose_b << ", epilogue " << with_epilogue) {
        BOOST_REQUIRE(sgemm(a.view(), b.view(), c.view(), options, epilogue).has_value());
        BOOST_TEST(test::error_in_bounds(a.view(), b.view(), c.view(), options, epilogue) <= 1.0);
        BOOST_TEST(c.is_untouched_around());
        if (!transpose_a && !transpose_b) {
          const auto packed = PackedMatrix::make(b.view());
          BOOST_REQUIRE(packed.has_value());
          Island again{shape.m, shape.n, gap};
          BOOST_REQUIRE(sgemm(a.view(), *packed, again.view(), epilogue).has_value());
          BOOST_TEST(test::error_in_bounds(a.view(), b.view(), again.view(), options, epilogue) <= 1.0);
          BOOST_TEST(again.is_untouched_around());
        }
      }
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gemm)

BOOST_AUTO_TEST_CASE(agrees_with_the_reference_at_small_odd_sizes_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (const std::size_t m : kSizes) {
      for (int sample = 0; sample < 6; ++sample) {
        check_product({m, kSizes[noise.below(kSizes.size())], kSizes[noise.below(kSizes.size())]}, noise);
      }
    }
    for (const std::size_t n : kSizes) check_product({1 + noise.below(7), n, 1 + noise.below(70)}, noise);
  });
}

// Sizes around the borders between the ways a product is computed, and around those of the cache blocks.
BOOST_AUTO_TEST_CASE(agrees_with_the_reference_at_the_borders_of_blocks_on_every_target) {
  for_each_target([] {
    Noise noise{2};
    for (const Shape shape : {Shape{97, 129, 65}, Shape{129, 97, 383}, Shape{7, 385, 400}, Shape{64, 10, 769},
                              Shape{1, 1030, 1030}, Shape{6, 10, 3000}, Shape{71, 1030, 1025}, Shape{175, 33, 1100},
                              Shape{3, 4111, 257}, Shape{170, 530, 520}, Shape{17, 830, 4200}}) {
      check_product(shape, noise);
    }
  });
}

BOOST_AUTO_TEST_CASE(touches_nothing_past_the_last_element_on_any_target) {
  for_each_target([] {
    Noise noise{3};
    for (const Shape shape : {Shape{1, 1, 1}, Shape{5, 7, 3}, Shape{6, 17, 33}, Shape{9, 31, 1}, Shape{13, 100, 101}}) {
      const CliffEdge a{shape.m * shape.k};
      const CliffEdge b{shape.k * shape.n};
      const CliffEdge c{shape.m * shape.n};
      const CliffEdge bias{shape.n};
      for (std::size_t i = 0; i < shape.m * shape.k; ++i) a.data()[i] = noise.value();
      for (std::size_t i = 0; i < shape.k * shape.n; ++i) b.data()[i] = noise.value();
      for (std::size_t i = 0; i < shape.n; ++i) bias.data()[i] = noise.value();
      const Epilogue epilogue{{bias.data(), shape.n}, Activation::relu};
      const ConstMatrixView a_view{a.data(), shape.m, shape.k};
      const ConstMatrixView b_view{b.data(), shape.k, shape.n};
      const MatrixView c_view{c.data(), shape.m, shape.n};
      BOOST_REQUIRE(sgemm(a_view, b_view, c_view, {}, epilogue).has_value());
      BOOST_TEST(test::error_in_bounds(a_view, b_view, c_view, {}, epilogue) <= 1.0);
      const GemmOptions both{true, true};
      const ConstMatrixView a_columns{a.data(), shape.k, shape.m};
      const ConstMatrixView b_columns{b.data(), shape.n, shape.k};
      BOOST_REQUIRE(sgemm(a_columns, b_columns, c_view, both, epilogue).has_value());
      BOOST_TEST(test::error_in_bounds(a_columns, b_columns, c_view, both, epilogue) <= 1.0);
      const PackedMatrix packed = PackedMatrix::make(b_view).value();
      BOOST_REQUIRE(sgemm(a_view, packed, c_view, epilogue).has_value());
      BOOST_TEST(test::error_in_bounds(a_view, b_view, c_view, {}, epilogue) <= 1.0);
    }
  });
}

BOOST_AUTO_TEST_CASE(passes_nan_and_infinity_on_and_relu_keeps_nan) {
  for_each_target([] {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    Island a{3, 5};
    Island b{5, 19};
    Island c{3, 19};
    a.fill(1.0F);
    b.fill(1.0F);
    a.view()(0, 4) = nan;
    a.view()(1, 2) = inf;
    b.view()(2, 18) = 0.0F;  // inf * 0
    BOOST_REQUIRE(sgemm(a.view(), b.view(), c.view(), {}, {{}, Activation::relu}).has_value());
    for (std::size_t j = 0; j < 19; ++j) BOOST_TEST(std::isnan(c.view()(0, j)));
    BOOST_TEST(c.view()(1, 0) == inf);
    BOOST_TEST(std::isnan(c.view()(1, 18)));
    BOOST_TEST(c.view()(2, 0) == 5.0F);
  });
}

BOOST_AUTO_TEST_CASE(an_empty_sum_is_zero_plus_bias) {
  Island c{3, 5};
  c.fill(7.0F);
  const std::vector<float> bias{1, -2, 3, -4, 5};
  BOOST_REQUIRE(sgemm({nullptr, 3, 0}, {nullptr, 0, 5}, c.view()).has_value());
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(c.view()(i, 4) == 0.0F);
  BOOST_REQUIRE(sgemm({nullptr, 3, 0}, {nullptr, 0, 5}, c.view(), {}, {bias, Activation::relu}).has_value());
  BOOST_TEST(c.view()(2, 4) == 5.0F);
  BOOST_TEST(c.view()(2, 1) == 0.0F);
  BOOST_REQUIRE(sgemm({nullptr, 3, 0}, PackedMatrix::make({nullptr, 0, 5}).value(), c.view()).has_value());
  BOOST_TEST(c.view()(1, 0) == 0.0F);
  BOOST_TEST(c.is_untouched_around());
}

BOOST_AUTO_TEST_CASE(no_rows_or_no_columns_is_nothing_to_do) {
  const std::vector<float> data(12, 1.0F);
  BOOST_TEST(sgemm({nullptr, 0, 4}, {data.data(), 4, 3}, {nullptr, 0, 3}).has_value());
  BOOST_TEST(sgemm({data.data(), 3, 4}, {nullptr, 4, 0}, {nullptr, 3, 0}).has_value());
  BOOST_TEST(sgemm(ConstMatrixView{}, ConstMatrixView{}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(shapes_that_do_not_fit_are_named) {
  std::vector<float> a(6), b(12), c(8);
  const auto wrong_b = sgemm({a.data(), 2, 3}, {b.data(), 4, 3}, {c.data(), 2, 4});
  BOOST_REQUIRE(!wrong_b.has_value());
  BOOST_TEST((wrong_b.error().code == Errc::shape_mismatch));
  BOOST_TEST(wrong_b.error().message == "matrix 'b' has shape [4, 3] where [3, 3] is needed");
  BOOST_TEST(sgemm({a.data(), 2, 3}, {b.data(), 4, 3}, {c.data(), 2, 4}, {.transpose_b = true}).has_value());
  const auto wrong_c = sgemm({a.data(), 2, 3}, {b.data(), 3, 4}, {c.data(), 4, 2});
  BOOST_REQUIRE(!wrong_c.has_value());
  BOOST_TEST(wrong_c.error().message == "matrix 'c' has shape [4, 2] where [2, 4] is needed");
  const std::vector<float> bias(3);
  const auto wrong_bias = sgemm({a.data(), 2, 3}, {b.data(), 3, 4}, {c.data(), 2, 4}, {}, {bias});
  BOOST_REQUIRE(!wrong_bias.has_value());
  BOOST_TEST((wrong_bias.error().code == Errc::shape_mismatch));
  const auto wrong_packed = sgemm({a.data(), 2, 3}, PackedMatrix::make({b.data(), 4, 3}).value(), {c.data(), 2, 3});
  BOOST_REQUIRE(!wrong_packed.has_value());
  BOOST_TEST((wrong_packed.error().code == Errc::shape_mismatch));
}

BOOST_AUTO_TEST_CASE(an_output_over_an_input_is_refused) {
  std::vector<float> data(32), other(16);
  const auto over_a = sgemm({data.data(), 4, 4}, {other.data(), 4, 4}, {data.data() + 15, 4, 4});
  BOOST_REQUIRE(!over_a.has_value());
  BOOST_TEST((over_a.error().code == Errc::invalid_argument));
  BOOST_TEST(over_a.error().message.find("'c' overlaps input 'a'") != std::string::npos);
  BOOST_TEST(!sgemm({other.data(), 4, 4}, {data.data(), 4, 4}, {data.data(), 4, 4}).has_value());
  BOOST_TEST(sgemm({data.data(), 4, 4}, {other.data(), 4, 4}, {data.data() + 16, 4, 4}).has_value());
}

BOOST_AUTO_TEST_CASE(weights_packed_for_another_target_are_refused) {
  const std::vector<float> data(64 * 64, 1.0F);
  std::vector<float> c(64);
  const PackedMatrix packed = PackedMatrix::make({data.data(), 64, 64}).value();
  BOOST_TEST(packed.usable());
  bool refused = false;
  for_each_target([&] {
    const auto result = sgemm({data.data(), 1, 64}, packed, {c.data(), 1, 64});
    BOOST_TEST(result.has_value() == packed.usable());
    if (!result) {
      BOOST_TEST((result.error().code == Errc::invalid_argument));
      refused = true;
    }
  });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_CASE(threads_that_share_inputs_get_the_same_bits) {
  Noise noise{4};
  const Island a = stored(70, 129, false, 0, noise);
  const Island b = stored(129, 300, false, 0, noise);
  const PackedMatrix packed = PackedMatrix::make(b.view()).value();
  std::vector<std::vector<float>> results(4, std::vector<float>(70 * 300));
  {
    std::vector<std::jthread> threads;
    for (std::vector<float>& result : results) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          (void)sgemm(a.view(), b.view(), {result.data(), 70, 300}).has_value();
          (void)sgemm(a.view(), packed, {result.data(), 70, 300}).has_value();
        }
      });
    }
  }
  for (const std::vector<float>& result : results) {
    BOOST_TEST((result == results.front()));
    BOOST_TEST(test::error_in_bounds(a.view(), b.view(), {result.data(), 70, 300}) <= 1.0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
