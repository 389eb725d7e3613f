#include "myelin/kernels/matrix.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <vector>

using namespace myelin::kernels;
using myelin::Errc;

BOOST_AUTO_TEST_SUITE(matrix)

BOOST_AUTO_TEST_CASE(a_view_finds_its_elements) {
  std::vector<float> data(12);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i);
  const MatrixView view{data.data(), 3, 2, 4};
  BOOST_TEST(view(2, 1) == 9.0F);
  BOOST_TEST(view.row(1)[0] == 4.0F);
  BOOST_TEST(view.row(1).size() == 2U);
  const ConstMatrixView rows = ConstMatrixView{view}.row_range(1, 2);
  BOOST_TEST(rows(1, 1) == 9.0F);
  BOOST_TEST(rows.rows == 2U);
}

BOOST_AUTO_TEST_CASE(null_data_is_allowed_only_under_an_empty_shape) {
  BOOST_TEST(check_view("a", {}).has_value());
  BOOST_TEST(check_view("a", {nullptr, 0, 5}).has_value());
  BOOST_TEST(check_view("a", {nullptr, 5, 0}).has_value());
  const auto null = check_view("a", {nullptr, 2, 3});
  BOOST_REQUIRE(!null.has_value());
  BOOST_TEST((null.error().code == Errc::invalid_argument));
  BOOST_TEST(null.error().message == "matrix 'a' of shape [2, 3] points to no data");
}

BOOST_AUTO_TEST_CASE(a_stride_below_the_columns_is_refused) {
  const std::vector<float> data(6);
  const auto narrow = check_view("b", {data.data(), 2, 3, 2});
  BOOST_REQUIRE(!narrow.has_value());
  BOOST_TEST((narrow.error().code == Errc::invalid_argument));
  BOOST_TEST(narrow.error().message == "matrix 'b' has stride 2, less than its 3 columns");
}

BOOST_AUTO_TEST_CASE(a_size_that_overflows_is_refused) {
  const float one = 0;
  for (const ConstMatrixView view :
       {ConstMatrixView{&one, SIZE_MAX, 2}, ConstMatrixView{&one, 2, SIZE_MAX},
        ConstMatrixView{&one, SIZE_MAX / 2, SIZE_MAX / 2}, ConstMatrixView{&one, 3, 1, SIZE_MAX / 2}}) {
    const auto checked = check_view("c", view);
    BOOST_REQUIRE(!checked.has_value());
    BOOST_TEST((checked.error().code == Errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()
