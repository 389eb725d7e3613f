#include "myelin/kernels/reference.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

using namespace myelin::kernels;

// The oracle itself is held against numbers worked out by hand.
BOOST_AUTO_TEST_SUITE(reference_kernels)

BOOST_AUTO_TEST_CASE(product_of_small_integers) {
  const std::vector<float> a{1, 2, 3, 4, 5, 6};           // [2, 3]
  const std::vector<float> a_columns{1, 4, 2, 5, 3, 6};   // its transpose
  const std::vector<float> b{1, 0, 2, -1, 0, 3};          // [3, 2]
  const std::vector<float> b_columns{1, 2, 0, 0, -1, 3};  // its transpose
  const std::vector<float> expected{5, 7, 14, 13};
  std::vector<float> c(4);
  reference::sgemm({a.data(), 2, 3}, {b.data(), 3, 2}, {c.data(), 2, 2});
  BOOST_TEST(c == expected, boost::test_tools::per_element());
  reference::sgemm({a_columns.data(), 3, 2}, {b_columns.data(), 2, 3}, {c.data(), 2, 2}, {true, true});
  BOOST_TEST(c == expected, boost::test_tools::per_element());
  const std::vector<float> bias{-6, 1};
  reference::sgemm({a.data(), 2, 3}, {b.data(), 3, 2}, {c.data(), 2, 2}, {}, {bias, Activation::relu});
  BOOST_TEST(c == (std::vector<float>{0, 8, 8, 14}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(product_wider_than_the_columns_that_are_summed_at_a_time) {
  const std::vector<float> a{2};
  std::vector<float> b(300), c(300);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i);
  reference::sgemm({a.data(), 1, 1}, {b.data(), 1, 300}, {c.data(), 1, 300});
  for (std::size_t i = 0; i < c.size(); ++i) BOOST_TEST(c[i] == static_cast<float>(2 * i));
}

BOOST_AUTO_TEST_CASE(softmax_of_known_logits) {
  std::vector<float> x{0, std::log(2.0F), std::log(5.0F)};
  reference::softmax_rows({x.data(), 1, 3});
  BOOST_TEST(x[0] == 0.125F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(x[1] == 0.25F, boost::test_tools::tolerance(1e-6F));
  BOOST_TEST(x[2] == 0.625F, boost::test_tools::tolerance(1e-6F));
}

// Found by a fuzzer: it went through 2^60 rows without columns.
BOOST_AUTO_TEST_CASE(rows_without_columns_are_not_walked) {
  const MatrixView rows{nullptr, std::size_t{1} << 60U, 0};
  reference::sgemm(rows, {nullptr, 0, 0}, rows);
  reference::relu(rows);
  reference::add_bias(rows, {});
  reference::softmax_rows(rows);
}

BOOST_AUTO_TEST_SUITE_END()
