#include "myelin/kernels/similarity.hpp"

#include <algorithm>
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

struct Exact {
  double dot = 0;
  double magnitude = 0;
  double cosine = 0;
};

Exact exact(std::span<const float> q, std::span<const float> v) {
  Exact result;
  double qq = 0;
  double vv = 0;
  for (std::size_t i = 0; i < q.size(); ++i) {
    result.dot += double{q[i]} * double{v[i]};
    result.magnitude += std::abs(double{q[i]} * double{v[i]});
    qq += double{q[i]} * double{q[i]};
    vv += double{v[i]} * double{v[i]};
  }
  result.cosine = qq * vv == 0 ? 0 : result.dot / std::sqrt(qq * vv);
  return result;
}

template <class T>
bool fails(const Result<T>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(similarity)

BOOST_AUTO_TEST_CASE(dots_and_cosines_are_as_close_as_promised_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (std::size_t dim = 1; dim <= 70; ++dim) {
      const std::size_t count = 1 + noise.below(12);
      Island query{1, dim};
      Island vectors{count, dim, noise.below(4)};
      query.fill(noise);
      vectors.fill(noise);
      std::vector<float> dots(count);
      std::vector<float> cosines(count);
      const std::span<const float> q = query.view().row(0);
      require_success(similarities(q, vectors.view(), Similarity::dot, std::span{dots}));
      require_success(similarities(q, vectors.view(), Similarity::cosine, std::span{cosines}));
      for (std::size_t i = 0; i < count; ++i) {
        const Exact want = exact(q, vectors.view().row(i));
        const double unit = 0x1p-24 * static_cast<double>(dim + 2);
        BOOST_TEST(std::abs(double{dots[i]} - want.dot) <= unit * want.magnitude);
        BOOST_TEST(std::abs(double{cosines[i]} - want.cosine) <= 2 * unit + 4 * 0x1p-24);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(nearest_are_the_best_scores_over_many_passes) {
  for_each_target([] {
    Noise noise{2};
    const std::size_t count = 1000;
    Island query{1, 24};
    Island vectors{count, 24};
    query.fill(noise);
    vectors.fill(noise);
    for (const Similarity measure : {Similarity::dot, Similarity::cosine}) {
      std::vector<float> scores(count);
      require_success(similarities(query.view().row(0), vectors.view(), measure, std::span{scores}));
      std::vector<Ranked> want(10);
      require_success(top_k(scores, want));
      std::vector<Ranked> best(10);
      const auto found = nearest(query.view().row(0), vectors.view(), measure, best);
      require_success(found);
      BOOST_TEST(*found == 10U);
      BOOST_TEST((best == want));
    }
  });
}

BOOST_AUTO_TEST_CASE(zero_vectors_are_unlike_everything_and_nan_is_never_near) {
  for_each_target([] {
    const std::vector<float> vectors = {0, 0, 0, 1, 2, 3, kNan, 1, 1, -1, -2, -3};
    const std::vector<float> query = {1, 2, 3};
    const ConstTensorView rows{vectors.data(), {4, 3}};
    std::vector<float> scores(4);
    require_success(similarities(std::span{query}, rows, Similarity::cosine, std::span{scores}));
    BOOST_TEST(scores[0] == 0.0F);
    BOOST_TEST(std::abs(scores[1] - 1.0F) < 1e-6F);
    BOOST_TEST(std::isnan(scores[2]));
    BOOST_TEST(std::abs(scores[3] + 1.0F) < 1e-6F);
    std::vector<Ranked> best(4);
    const auto found = nearest(std::span{query}, rows, Similarity::cosine, best);
    require_success(found);
    BOOST_TEST(*found == 3U);
    BOOST_TEST((best[0].index == 1 && best[1].index == 0 && best[2].index == 3));
    const std::vector<float> nothing(3);
    require_success(similarities(std::span{nothing}, rows, Similarity::cosine, std::span{scores}));
    BOOST_TEST(scores[1] == 0.0F);
  });
}

BOOST_AUTO_TEST_CASE(vectors_without_dimensions_are_alike_by_nothing) {
  std::vector<float> scores(3, 77);
  const ConstTensorView rows{nullptr, ElementType::f32, {3, 0}};
  require_success(similarities(ConstTensorView{}, rows, Similarity::cosine, std::span{scores}));
  BOOST_TEST(scores == (std::vector<float>{0, 0, 0}), boost::test_tools::per_element());
  std::vector<Ranked> best(5);
  BOOST_TEST(nearest(ConstTensorView{}, rows, Similarity::dot, best).value() == 3U);
  BOOST_TEST(
      nearest(ConstTensorView{}, ConstTensorView{nullptr, ElementType::f32, {0, 0}}, Similarity::dot, best).value() ==
      0U);
  // More of them than anybody could walk.
  const ConstTensorView countless{nullptr, ElementType::f32, {std::size_t{1} << 60U, 0}};
  BOOST_TEST(nearest(ConstTensorView{}, countless, Similarity::cosine, best).value() == 5U);
  BOOST_TEST(best[4].index == 4U);
}

BOOST_AUTO_TEST_CASE(reads_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t dim : {1U, 3U, 7U, 13U, 33U}) {
      const CliffEdge query{dim};
      const CliffEdge vectors{5 * dim};
      std::vector<float> scores(5);
      for (const Similarity measure : {Similarity::dot, Similarity::cosine}) {
        require_success(similarities(std::span<const float>{query.data(), dim},
                                     ConstTensorView{vectors.data(), {5, dim}}, measure, std::span{scores}));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(24);
  const std::span<const float> query{data.data(), 3};
  const TensorView rows{data.data() + 3, {4, 3}};
  const TensorView scores{data.data() + 16, {4}};
  const Similarity dot = Similarity::dot;
  BOOST_TEST(fails(similarities(query, rows, static_cast<Similarity>(5), scores), Errc::invalid_argument, "5"));
  BOOST_TEST(fails(similarities(query, std::span{data}, dot, scores), Errc::invalid_argument, "'vectors'"));
  BOOST_TEST(fails(similarities(std::span{data}, rows, dot, scores), Errc::shape_mismatch, "'query'"));
  BOOST_TEST(
      fails(similarities(query, rows, dot, TensorView{data.data() + 16, {3}}), Errc::shape_mismatch, "'scores'"));
  BOOST_TEST(
      fails(similarities(query, rows, dot, TensorView{data.data() + 13, {4}}), Errc::invalid_argument, "'vectors'"));
  BOOST_TEST(fails(similarities(query, rows, dot, TensorView{data.data(), {4}}), Errc::invalid_argument, "'query'"));
  BOOST_TEST(fails(nearest(query, rows, dot, {static_cast<Ranked*>(nullptr), 1}), Errc::invalid_argument, "'best'"));
  BOOST_TEST(
      fails(nearest(query, TensorView{data.data(), {4, 3}, {1, 4}}, dot, {}), Errc::invalid_argument, "'vectors'"));
}

BOOST_AUTO_TEST_SUITE_END()
