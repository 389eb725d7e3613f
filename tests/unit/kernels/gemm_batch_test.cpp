#include "myelin/kernels/gemm_batch.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::Noise;

namespace {

std::vector<float> values(std::size_t count, Noise& noise) {
  std::vector<float> result(count);
  for (float& x : result) x = noise.value();
  return result;
}

std::string message(const myelin::Result<void>& result) { return result ? "" : result.error().message; }

}  // namespace

BOOST_AUTO_TEST_SUITE(gemm_batch)

BOOST_AUTO_TEST_CASE(a_strided_batch_is_its_products_one_by_one) {
  test::for_each_target([] {
    Noise noise{21};
    // Heads side by side: 4 matrices of 8 columns in rows of 32, B shared.
    const std::vector<float> a = values(5 * 32, noise);
    const std::vector<float> b = values(8 * 8, noise);
    std::vector<float> c(5 * 32);
    const ConstMatrixBatch heads{{a.data(), 5, 8, 32}, 4, 8};
    BOOST_REQUIRE(sgemm_batch(heads, {{b.data(), 8, 8}, 4, 0}, {{c.data(), 5, 8, 32}, 4, 8}));
    for (std::size_t head = 0; head < 4; ++head) {
      std::vector<float> one(5 * 8);
      BOOST_REQUIRE(sgemm({a.data() + 8 * head, 5, 8, 32}, {b.data(), 8, 8}, {one.data(), 5, 8}));
      for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t j = 0; j < 8; ++j) BOOST_TEST(c[i * 32 + head * 8 + j] == one[i * 8 + j]);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(helpers_do_not_show_in_a_batch) {
  const auto workers = Workers::make({.threads = 2}).value();
  Noise noise{22};
  const std::vector<float> a = values(40 * 30 * 20, noise);
  const std::vector<float> b = values(40 * 20 * 25, noise);
  std::vector<float> alone(40 * 30 * 25, 1.0F);
  std::vector<float> together(alone);
  const ConstMatrixBatch left{{a.data(), 30, 20}, 40, 600};
  const ConstMatrixBatch right{{b.data(), 20, 25}, 40, 500};
  BOOST_REQUIRE(sgemm_batch(left, right, {{alone.data(), 30, 25}, 40, 750}, {.beta = 2.0F}));
  BOOST_REQUIRE(
      sgemm_batch(left, right, {{together.data(), 30, 25}, 40, 750}, {.beta = 2.0F, .workers = workers.get()}));
  BOOST_TEST((alone == together));
}

BOOST_AUTO_TEST_CASE(a_list_may_hold_products_of_any_shapes) {
  Noise noise{23};
  const std::vector<float> a = values(100, noise);
  const std::vector<float> b = values(100, noise);
  std::vector<float> c(100), one(100);
  const std::vector<GemmItem> items{{{a.data(), 4, 5}, {b.data(), 5, 6}, {c.data(), 4, 6}},
                                    {{a.data(), 1, 7}, {b.data(), 7, 2}, {c.data() + 24, 1, 2}},
                                    {{nullptr, 0, 3}, {b.data(), 3, 2}, {nullptr, 0, 2}},
                                    {{a.data(), 3, 3}, {b.data(), 3, 3}, {c.data() + 26, 3, 3}}};
  BOOST_REQUIRE(sgemm_batch(items));
  BOOST_REQUIRE(sgemm(items[0].a, items[0].b, {one.data(), 4, 6}));
  BOOST_REQUIRE(sgemm(items[1].a, items[1].b, {one.data() + 24, 1, 2}));
  BOOST_REQUIRE(sgemm(items[3].a, items[3].b, {one.data() + 26, 3, 3}));
  BOOST_TEST((c == one));
}

BOOST_AUTO_TEST_CASE(results_that_overlap_are_refused) {
  std::vector<float> a(100), b(100), c(100);
  const ConstMatrixBatch left{{a.data(), 4, 4}, 3, 16};
  const ConstMatrixBatch right{{b.data(), 4, 4}, 3, 16};
  BOOST_TEST(message(sgemm_batch(left, right, {{c.data(), 4, 4}, 3, 15})).find("matrices of batch 'c' overlap") !=
             std::string::npos);
  BOOST_TEST(!sgemm_batch(left, right, {{c.data(), 4, 4}, 3, 0}).has_value());
  BOOST_TEST(!sgemm_batch(left, right, {{c.data(), 4, 4, 10}, 3, 4}).has_value());  // the third runs into the next row
  BOOST_TEST(sgemm_batch(left, right, {{c.data(), 4, 4, 12}, 3, 4}).has_value());
  BOOST_TEST(message(sgemm_batch(left, right, {{a.data() + 47, 4, 4}, 3, 16})).find("'c' overlaps input 'a'") !=
             std::string::npos);
  const std::vector<GemmItem> items{{{a.data(), 2, 2}, {b.data(), 2, 2}, {c.data(), 2, 2}},
                                    {{a.data(), 2, 2}, {b.data(), 2, 2}, {c.data() + 3, 2, 2}}};
  BOOST_TEST(message(sgemm_batch(items)).find("output 'c' of item 1 overlaps 'c' of item 0") != std::string::npos);
  const std::vector<GemmItem> crossed{{{a.data(), 2, 2}, {b.data(), 2, 2}, {c.data(), 2, 2}},
                                      {{c.data(), 2, 2}, {b.data(), 2, 2}, {c.data() + 8, 2, 2}}};
  BOOST_TEST(message(sgemm_batch(crossed)).find("output 'c' of item 0 overlaps 'a' of item 1") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(counts_and_sizes_that_make_no_sense_are_named) {
  std::vector<float> a(100), b(100), c(100);
  const ConstMatrixBatch left{{a.data(), 2, 2}, 3, 4};
  BOOST_TEST(message(sgemm_batch(left, {{b.data(), 2, 2}, 2, 4}, {{c.data(), 2, 2}, 3, 4})) ==
             "batch 'b' has 2 matrices where 'c' has 3");
  const std::size_t huge = std::size_t{1} << 62U;
  BOOST_TEST(message(sgemm_batch(left, {{b.data(), 2, 2}, 3, 4}, {{c.data(), 2, 2}, 3, huge})).find("address space") !=
             std::string::npos);
  BOOST_TEST(message(sgemm_batch({{a.data(), 2, 2}, 3, huge}, {{b.data(), 2, 2}, 3, 4}, {{c.data(), 2, 2}, 3, 4}))
                 .find("batch 'a'") != std::string::npos);
  BOOST_TEST(sgemm_batch(ConstMatrixBatch{}, {}, {}).has_value());
  const std::vector<GemmItem> items{{{a.data(), 2, 2}, {b.data(), 2, 2}, {c.data(), 2, 2}},
                                    {{a.data(), 2, 3}, {b.data(), 2, 2}, {c.data() + 4, 2, 2}}};
  BOOST_TEST(message(sgemm_batch(items)) == "item 1: matrix 'b' has shape [2, 2] where [3, 2] is needed");
}

BOOST_AUTO_TEST_SUITE_END()
