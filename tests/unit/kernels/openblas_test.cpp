// Our product behind the interface of CBLAS, against OpenBLAS: the same call to both, over thousands of random ones.
#include <cblas.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "matrices.hpp"
#include "myelin/kernels/gemm.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using test::Noise;

namespace {

// cblas_sgemm as a user of ours would write it. False where we refuse.
bool our_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE transpose_a, CBLAS_TRANSPOSE transpose_b, int m, int n, int k,
               float alpha, const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc) {
  // By columns, the transpose of everything lies in memory by rows: C^T = op(B)^T op(A)^T.
  if (order == CblasColMajor) {
    return our_sgemm(CblasRowMajor, transpose_b, transpose_a, n, m, k, alpha, b, ldb, a, lda, beta, c, ldc);
  }
  const auto view = [](const float* data, int rows, int cols, int stride, bool transposed) {
    if (transposed) std::swap(rows, cols);
    return ConstMatrixView{data, static_cast<std::size_t>(rows), static_cast<std::size_t>(cols),
                           static_cast<std::size_t>(stride)};
  };
  const bool turn_a = transpose_a != CblasNoTrans;
  const bool turn_b = transpose_b != CblasNoTrans;
  return sgemm(view(a, m, k, lda, turn_a), view(b, k, n, ldb, turn_b),
               {c, static_cast<std::size_t>(m), static_cast<std::size_t>(n), static_cast<std::size_t>(ldc)},
               {turn_a, turn_b, alpha, beta})
      .has_value();
}

// Sizes where something changes, and anything below a bound.
int size_below(int bound, Noise& noise) {
  constexpr int kBorders[] = {1, 2, 3, 6, 7, 8, 10, 12, 15, 16, 17, 24, 31, 32, 33, 48, 64, 96, 97, 168, 256, 257};
  const int size = noise.below(2) == 0 ? kBorders[noise.below(std::size(kBorders))]
                                       : 1 + static_cast<int>(noise.below(static_cast<std::size_t>(bound)));
  return std::min(size, bound);
}

void compare_once(int size_max, Noise& noise) {
  const int m = size_below(size_max, noise);
  const int n = size_below(size_max, noise);
  const int k = size_below(2 * size_max, noise);
  const CBLAS_ORDER order = noise.below(2) == 0 ? CblasRowMajor : CblasColMajor;
  const CBLAS_TRANSPOSE turn_a = noise.below(2) == 0 ? CblasNoTrans : CblasTrans;
  const CBLAS_TRANSPOSE turn_b = noise.below(2) == 0 ? CblasNoTrans : CblasTrans;
  constexpr float kFactors[] = {0.0F, 1.0F, -1.0F, 0.37F, 2.5F};
  const float alpha = kFactors[noise.below(std::size(kFactors))];
  const float beta = kFactors[noise.below(std::size(kFactors))];
  const bool by_rows = order == CblasRowMajor;
  const auto leading = [&](int rows, int cols, bool turned) {
    return (by_rows != turned ? cols : rows) + static_cast<int>(noise.below(5));
  };
  const auto lines = [&](int rows, int cols, bool turned) { return by_rows != turned ? rows : cols; };
  const int lda = leading(m, k, turn_a != CblasNoTrans);
  const int ldb = leading(k, n, turn_b != CblasNoTrans);
  const int ldc = leading(m, n, false);
  const auto filled = [&](int count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& x : values) x = noise.value();
    return values;
  };
  const std::vector<float> a = filled(lda * lines(m, k, turn_a != CblasNoTrans));
  const std::vector<float> b = filled(ldb * lines(k, n, turn_b != CblasNoTrans));
  std::vector<float> ours = filled(ldc * lines(m, n, false));
  if (beta == 0.0F) std::ranges::fill(ours, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> theirs = ours;
  const std::vector<float> before = ours;

  BOOST_REQUIRE(our_sgemm(order, turn_a, turn_b, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, ours.data(), ldc));
  cblas_sgemm(order, turn_a, turn_b, m, n, k, alpha, a.data(), lda, b.data(), ldb, beta, theirs.data(), ldc);

  // All values are within [-1, 1): k is a bound for the sums' magnitude, and both sides err.
  const float bound =
      2.0F * static_cast<float>(k + 2) * 0x1p-24F * (std::abs(alpha) * static_cast<float>(k) + std::abs(beta)) + 1e-37F;
  int wrong = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const bool inside = static_cast<int>(i % static_cast<std::size_t>(ldc)) < (by_rows ? n : m);
    const bool same = inside ? std::abs(ours[i] - theirs[i]) <= bound
                             : std::bit_cast<std::uint32_t>(ours[i]) == std::bit_cast<std::uint32_t>(before[i]);
    wrong += same ? 0 : 1;
  }
  BOOST_TEST(wrong == 0, wrong << " elements differ: " << m << " x " << n << " x " << k << ", by rows " << by_rows
                               << ", transposed " << (turn_a != CblasNoTrans) << (turn_b != CblasNoTrans) << ", alpha "
                               << alpha << ", beta " << beta << ", leading " << lda << ' ' << ldb << ' ' << ldc);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(openblas)

BOOST_AUTO_TEST_CASE(thousands_of_small_products_agree_on_every_target) {
  test::for_each_target([] {
    Noise noise{31};
    for (int i = 0; i < 2000; ++i) compare_once(40, noise);
  });
}

BOOST_AUTO_TEST_CASE(hundreds_of_larger_products_agree_on_every_target) {
  test::for_each_target([] {
    Noise noise{32};
    for (int i = 0; i < 200; ++i) compare_once(300, noise);
  });
}

BOOST_AUTO_TEST_SUITE_END()
