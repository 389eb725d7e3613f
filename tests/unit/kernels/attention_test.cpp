#include "myelin/kernels/attention.hpp"

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
using test::Noise;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Sizes {
  std::size_t batch = 1;
  std::size_t heads = 1;
  std::size_t kv_heads = 1;
  std::size_t queries = 1;
  std::size_t keys = 1;
  std::size_t dim = 1;
  std::size_t value_dim = 1;
};

// [batch, heads, tokens, dim], or [batch, tokens, heads, dim] in memory, which models make.
struct Tensor {
  Tensor(std::size_t batch, std::size_t heads, std::size_t tokens, std::size_t dim, bool heads_inside)
      : shape{batch, heads, tokens, dim}, strides(contiguous_strides(shape)), memory(batch * heads * tokens * dim) {
    if (heads_inside) strides = TensorShape{tokens * heads * dim, dim, heads * dim, 1};
  }
  Tensor& fill(Noise& noise, float scale) {
    for (float& x : memory) x = scale * noise.value();
    return *this;
  }
  float& at(std::size_t b, std::size_t h, std::size_t i, std::size_t j) {
    return memory[b * strides[0] + h * strides[1] + i * strides[2] + j];
  }
  [[nodiscard]] TensorView view() { return {memory.data(), shape, strides}; }

  TensorShape shape;
  TensorShape strides;
  std::vector<float> memory;
};

struct Example {
  Example(const Sizes& sizes_in, Noise& noise, bool heads_inside = false)
      : sizes(sizes_in),
        q(sizes.batch, sizes.heads, sizes.queries, sizes.dim, heads_inside),
        k(sizes.batch, sizes.kv_heads, sizes.keys, sizes.dim, heads_inside),
        v(sizes.batch, sizes.kv_heads, sizes.keys, sizes.value_dim, heads_inside),
        y(sizes.batch, sizes.heads, sizes.queries, sizes.value_dim, heads_inside),
        mask(sizes.batch, sizes.heads, sizes.queries, sizes.keys, false) {
    q.fill(noise, 3);
    k.fill(noise, 1);
    v.fill(noise, 1);
    mask.fill(noise, 2);
    for (float& m : mask.memory) {
      if (noise.below(4) == 0) m = -kInf;
    }
  }

  Sizes sizes;
  Tensor q, k, v, y, mask;
};

// The largest difference to sums in double. Values are below 1, so it is relative to the largest of them.
double error_of(Example& e, const AttentionOptions& options) {
  const Sizes& s = e.sizes;
  double worst = 0;
  std::vector<double> scores(s.keys);
  for (std::size_t b = 0; b < s.batch; ++b) {
    for (std::size_t h = 0; h < s.heads; ++h) {
      const std::size_t kv = h / (s.heads / s.kv_heads);
      for (std::size_t i = 0; i < s.queries; ++i) {
        double largest = -std::numeric_limits<double>::infinity();
        for (std::size_t j = 0; j < s.keys; ++j) {
          double dot = 0;
          for (std::size_t p = 0; p < s.dim; ++p) dot += double{e.q.at(b, h, i, p)} * double{e.k.at(b, kv, j, p)};
          scores[j] = dot * (options.scale ? double{*options.scale} : 1 / std::sqrt(static_cast<double>(s.dim)));
          if (options.mask) scores[j] += double{e.mask.at(b, h, i, j)};
          if (options.causal && j + s.queries > i + s.keys) scores[j] = -std::numeric_limits<double>::infinity();
          largest = std::max(largest, scores[j]);
        }
        double sum = 0;
        for (double& score : scores) {
          score = std::isinf(largest) ? 0 : std::exp(score - largest);
          sum += score;
        }
        for (std::size_t c = 0; c < s.value_dim; ++c) {
          double want = 0;
          for (std::size_t j = 0; j < s.keys; ++j) want += scores[j] * double{e.v.at(b, kv, j, c)};
          if (sum > 0) want /= sum;
          const double error = std::abs(want - double{e.y.at(b, h, i, c)});
          worst = std::isnan(error) ? kInf : std::max(worst, error);
        }
      }
    }
  }
  return worst;
}

void check(const Sizes& sizes, AttentionOptions options, Noise& noise, bool with_mask = false,
           bool heads_inside = false) {
  Example e{sizes, noise, heads_inside};
  if (with_mask) options.mask = e.mask.view();
  require_success(attention(e.q.view(), e.k.view(), e.v.view(), e.y.view(), options));
  // Scores reach some ten, and their rounding is what matters.
  const double bound = 4e-6 + 2e-7 * static_cast<double>(sizes.dim);
  BOOST_TEST_CONTEXT(sizes.queries << " queries, " << sizes.keys << " keys, dim " << sizes.dim << ", value dim "
                                   << sizes.value_dim) {
    BOOST_TEST(error_of(e, options) <= bound);
  }
}

template <class T>
bool fails(const Result<T>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention_kernel)

BOOST_AUTO_TEST_CASE(agrees_with_sums_in_double_on_every_target) {
  for_each_target([] {
    Noise noise{1};
    for (int round = 0; round < 80; ++round) {
      const std::size_t kv_heads = 1 + noise.below(2);
      const Sizes sizes{.batch = 1 + noise.below(2),
                        .heads = kv_heads * (1 + noise.below(2)),
                        .kv_heads = kv_heads,
                        .queries = 1 + noise.below(round % 2 == 0 ? 6 : 60),
                        .keys = 1 + noise.below(70),
                        .dim = 1 + noise.below(40),
                        .value_dim = 1 + noise.below(90)};
      check(sizes, {.causal = round % 3 == 0}, noise, round % 5 == 0, round % 7 == 0);
    }
  });
}

BOOST_AUTO_TEST_CASE(long_sequences_go_in_several_blocks_of_queries) {
  for_each_target([] {
    Noise noise{2};
    check({.heads = 2, .kv_heads = 2, .queries = 50, .keys = 5000, .dim = 8, .value_dim = 8}, {}, noise);
    check({.queries = 300, .keys = 300, .dim = 16, .value_dim = 16}, {.causal = true}, noise);
    check({.queries = 1, .keys = 3000, .dim = 64, .value_dim = 64}, {.causal = true}, noise);
  });
}

BOOST_AUTO_TEST_CASE(the_scale_can_be_given) {
  Noise noise{3};
  for (const std::size_t queries : {2U, 9U}) {
    check({.queries = queries, .keys = 20, .dim = 16, .value_dim = 4}, {.scale = 0.5F}, noise);
    check({.queries = queries, .keys = 20, .dim = 16, .value_dim = 4}, {.scale = 0.0F}, noise);
  }
}

BOOST_AUTO_TEST_CASE(queries_that_may_look_at_nothing_get_zeros) {
  for_each_target([] {
    Noise noise{4};
    for (const std::size_t queries : {3U, 40U}) {
      Example e{{.queries = queries, .keys = 10, .dim = 5, .value_dim = 7}, noise};
      std::fill(e.mask.memory.begin(), e.mask.memory.end(), -kInf);
      std::fill(e.y.memory.begin(), e.y.memory.end(), kNan);
      require_success(attention(e.q.view(), e.k.view(), e.v.view(), e.y.view(), {.mask = e.mask.view()}));
      for (const float y : e.y.memory) BOOST_TEST(y == 0.0F);
      // No key at all.
      std::fill(e.y.memory.begin(), e.y.memory.end(), kNan);
      const ConstTensorView no_keys{nullptr, ElementType::f32, {1, 1, 0, 5}};
      const ConstTensorView no_values{nullptr, ElementType::f32, {1, 1, 0, 7}};
      require_success(attention(e.q.view(), no_keys, no_values, e.y.view()));
      for (const float y : e.y.memory) BOOST_TEST(y == 0.0F);
    }
    // More queries than keys: the first ones come before all keys.
    check({.queries = 60, .keys = 10, .dim = 5, .value_dim = 7}, {.causal = true}, noise);
    check({.queries = 3, .keys = 1, .dim = 5, .value_dim = 7}, {.causal = true}, noise);
  });
}

BOOST_AUTO_TEST_CASE(a_query_with_nan_spoils_itself_only) {
  for_each_target([] {
    Noise noise{5};
    for (const std::size_t queries : {3U, 40U}) {
      for (const float bad : {kNan, kInf}) {
        Example e{{.queries = queries, .keys = 10, .dim = 5, .value_dim = 7}, noise};
        for (float& x : e.k.memory) x = std::abs(x) + 0.1F;
        e.q.at(0, 0, 1, 2) = bad;
        require_success(attention(e.q.view(), e.k.view(), e.v.view(), e.y.view()));
        for (std::size_t i = 0; i < queries; ++i) {
          for (std::size_t c = 0; c < 7; ++c) BOOST_TEST(std::isnan(e.y.at(0, 0, i, c)) == (i == 1));
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(one_mask_serves_all_heads) {
  Noise noise{6};
  Example e{{.batch = 2, .heads = 3, .kv_heads = 3, .queries = 5, .keys = 9, .dim = 4, .value_dim = 4}, noise};
  const std::vector<float> mask(e.mask.memory.begin(), e.mask.memory.begin() + 45);
  const ConstTensorView same{mask.data(), e.mask.shape, {0, 0, 9, 1}};
  require_success(attention(e.q.view(), e.k.view(), e.v.view(), e.y.view(), {.mask = same}));
  for (std::size_t i = 0; i < e.mask.memory.size(); ++i) e.mask.memory[i] = mask[i % 45];
  BOOST_TEST(error_of(e, {.mask = e.mask.view()}) < 1e-5);
}

BOOST_AUTO_TEST_CASE(reads_and_writes_nothing_past_the_end) {
  for_each_target([] {
    for (const std::size_t dim : {1U, 5U, 8U, 19U}) {
      for (const std::size_t queries : {1U, 13U}) {
        const CliffEdge q{queries * dim};
        const CliffEdge k{11 * dim};
        const CliffEdge v{11 * dim};
        const CliffEdge y{queries * dim};
        const CliffEdge mask{queries * 11};
        const TensorShape keys{1, 1, 11, dim};
        const TensorShape rows{1, 1, queries, dim};
        require_success(attention(ConstTensorView{q.data(), rows}, ConstTensorView{k.data(), keys},
                                  ConstTensorView{v.data(), keys}, TensorView{y.data(), rows},
                                  {.mask = ConstTensorView{mask.data(), {1, 1, queries, 11}}}));
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(600);
  const auto at = [&](std::size_t first, const TensorShape& shape) { return TensorView{data.data() + first, shape}; };
  const Errc bad = Errc::invalid_argument;
  const Errc mismatch = Errc::shape_mismatch;
  const TensorView q = at(0, {1, 2, 3, 4});
  const TensorView k = at(100, {1, 2, 5, 4});
  const TensorView v = at(200, {1, 2, 5, 6});
  const TensorView y = at(300, {1, 2, 3, 6});
  BOOST_TEST(attention(q, k, v, y).has_value());
  BOOST_TEST(fails(attention(at(0, {6, 4}), k, v, y), mismatch, "'q'"));
  BOOST_TEST(fails(attention(q, at(100, {1, 2, 5, 3}), v, y), mismatch, "'k'"));
  BOOST_TEST(fails(attention(q, k, at(200, {1, 2, 4, 6}), y), mismatch, "'v'"));
  BOOST_TEST(fails(attention(q, k, v, at(300, {1, 2, 3, 5})), mismatch, "'y'"));
  BOOST_TEST(fails(attention(q, k, v, at(300, {36})), mismatch, "'y'"));
  BOOST_TEST(fails(attention(q, at(100, {1, 3, 5, 4}), at(200, {1, 3, 5, 6}), y), mismatch, "heads"));
  BOOST_TEST(fails(attention(q, at(100, {1, 0, 5, 4}), at(200, {1, 0, 5, 6}), y), mismatch, "heads"));
  BOOST_TEST(fails(attention(q, k, v, at(20, {1, 2, 3, 6})), bad, "'q'"));
  BOOST_TEST(fails(attention(q, k, v, at(110, {1, 2, 3, 6})), bad, "'k'"));
  BOOST_TEST(fails(attention(q, k, v, at(210, {1, 2, 3, 6})), bad, "'v'"));
  BOOST_TEST(fails(attention(TensorView{data.data(), {1, 2, 3, 4}, {24, 12, 1, 3}}, k, v, y), bad, "'q'"));
  BOOST_TEST(fails(attention(q, k, v, y, {.scale = kInf}), bad, "scale"));
  BOOST_TEST(fails(attention(q, k, v, y, {.mask = at(400, {3, 5})}), mismatch, "'mask'"));
  BOOST_TEST(fails(attention(q, k, v, y, {.mask = at(310, {1, 2, 3, 5})}), bad, "'mask'"));
  // The same row again and again: huge, without memory of that size.
  const std::size_t many = (std::size_t{1} << 22U) + 1;
  const ConstTensorView keys{data.data() + 100, {1, 2, many, 4}, {0, 0, 0, 1}};
  const ConstTensorView values{data.data() + 200, {1, 2, many, 6}, {0, 0, 0, 1}};
  BOOST_TEST(fails(attention(q, keys, values, y), bad, "keys"));
}

BOOST_AUTO_TEST_SUITE_END()
