#include "myelin/kernels/embedding.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::test::require_success;
using test::Island;
using test::Noise;

namespace {

bool fails(const myelin::Result<void>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(embedding)

BOOST_AUTO_TEST_CASE(rows_come_in_the_order_of_their_ids) {
  Noise noise{1};
  Island table{9, 5, 2};
  table.fill(noise);
  const std::vector<std::int32_t> ids{8, 0, 3, 3, 7, 1};
  Island y{6, 5, 4};
  require_success(embed(table.view(), ConstTensorView{ids.data(), {6}}, y.view()));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t j = 0; j < 5; ++j) {
      BOOST_TEST(y.view()(i, j) == table.view()(static_cast<std::size_t>(ids[i]), j));
    }
  }
  BOOST_TEST(y.is_untouched_around());
}

BOOST_AUTO_TEST_CASE(ids_may_have_any_rank_below_four_and_any_strides) {
  const std::vector<float> table{10, 11, 20, 21, 30, 31};
  const std::vector<std::int32_t> ids{0, 1, 2, 2, 1, 0};
  std::vector<float> y(12);
  // Read down the columns of [2, 3].
  const ConstTensorView turned{ids.data(), ElementType::i32, {3, 1, 2}, {1, 0, 3}};
  require_success(embed(ConstTensorView{table.data(), {3, 2}}, turned, TensorView{y.data(), {3, 1, 2, 2}}));
  BOOST_TEST(y == (std::vector<float>{10, 11, 30, 31, 20, 21, 20, 21, 30, 31, 10, 11}),
             boost::test_tools::per_element());
  const std::int32_t one = 1;
  require_success(
      embed(ConstTensorView{table.data(), {3, 2}}, ConstTensorView{&one, TensorShape{}}, TensorView{y.data(), {2}}));
  BOOST_TEST(y[1] == 21.0F);
}

BOOST_AUTO_TEST_CASE(a_bad_id_is_named_and_leaves_the_output_alone) {
  const std::vector<float> table(6, 1.0F);
  for (const std::int32_t bad : {-1, 3, std::numeric_limits<std::int32_t>::min()}) {
    const std::vector<std::int32_t> ids{0, bad};
    std::vector<float> y(4, 7.0F);
    const auto result =
        embed(ConstTensorView{table.data(), {3, 2}}, ConstTensorView{ids.data(), {2}}, TensorView{y.data(), {2, 2}});
    BOOST_TEST(fails(result, Errc::invalid_argument, std::to_string(bad).c_str()));
    BOOST_TEST(y == std::vector<float>(4, 7.0F), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(empty_input_is_nothing_to_do_but_ids_are_checked) {
  const std::int32_t id = 2;
  const ConstTensorView table{static_cast<const float*>(nullptr), {3, 0}};
  const TensorView y{static_cast<float*>(nullptr), {1, 0}};
  require_success(embed(table, ConstTensorView{&id, {1}}, y));
  const std::int32_t bad = 3;
  BOOST_TEST(fails(embed(table, ConstTensorView{&bad, {1}}, y), Errc::invalid_argument, "'ids'"));
  const ConstTensorView none{static_cast<const std::int32_t*>(nullptr), {0}};
  require_success(embed(table, none, TensorView{static_cast<float*>(nullptr), {0, 0}}));
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<float> data(30);
  const std::vector<std::int32_t> ids(4);
  const ConstTensorView table{data.data(), {3, 2}};
  const ConstTensorView four{ids.data(), {4}};
  const TensorView y{data.data() + 10, {4, 2}};
  require_success(embed(table, four, y));
  BOOST_TEST(fails(embed(ConstTensorView{data.data(), {6}}, four, y), Errc::shape_mismatch, "'table'"));
  BOOST_TEST(fails(embed(table, table, y), Errc::invalid_argument, "'ids'"));
  BOOST_TEST(fails(embed(table, ConstTensorView{ids.data(), {1, 1, 1, 4}}, y), Errc::shape_mismatch, "'ids'"));
  BOOST_TEST(fails(embed(table, four, TensorView{data.data() + 10, {4, 3}}), Errc::shape_mismatch, "'y'"));
  BOOST_TEST(fails(embed(table, four, TensorView{data.data() + 5, {4, 2}}), Errc::invalid_argument, "'table'"));
  BOOST_TEST(fails(embed(table, four, TensorView{data.data() + 10, {4, 2}, {0, 1}}), Errc::invalid_argument, "'y'"));
}

BOOST_AUTO_TEST_SUITE_END()
