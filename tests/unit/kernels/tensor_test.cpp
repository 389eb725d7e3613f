#include "myelin/kernels/tensor.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <vector>

using namespace myelin::kernels;
using myelin::Errc;
using myelin::Error;
using myelin::Result;

namespace {

constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max();

// The check fails with that code, and its message holds each of the words.
template <class T>
bool fails(const Result<T>& result, Errc code, std::initializer_list<std::string_view> words) {
  if (result || result.error().code != code) return false;
  for (const std::string_view word : words) {
    if (result.error().message.find(word) == std::string::npos) return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor)

BOOST_AUTO_TEST_CASE(strides_of_a_contiguous_tensor_are_products_of_inner_lengths) {
  BOOST_TEST((contiguous_strides({2, 3, 5}) == TensorShape{15, 5, 1}));
  BOOST_TEST((contiguous_strides({7}) == TensorShape{1}));
  BOOST_TEST((contiguous_strides({}) == TensorShape{}));
  BOOST_TEST((contiguous_strides({4, 0, 3}) == TensorShape{3, 3, 1}));
  BOOST_TEST(TensorShape({2, 3, 5}).elements() == 30U);
  BOOST_TEST(TensorShape({}).elements() == 1U);
  BOOST_TEST((TensorShape({2, 3, 5}).without_last() == TensorShape{2, 3}));
  BOOST_TEST(to_string(TensorShape{2, 3}) == "[2, 3]");
  BOOST_TEST(to_string(TensorShape{}) == "[]");
}

BOOST_AUTO_TEST_CASE(matrices_and_spans_are_tensors_and_back) {
  std::vector<float> data(20);
  const MatrixView matrix{data.data(), 3, 4, 6};
  const TensorView tensor{matrix};
  BOOST_TEST((tensor.shape == TensorShape{3, 4}));
  BOOST_TEST((tensor.strides == TensorShape{6, 1}));
  const auto back = as_matrix("t", tensor);
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST((back->data == data.data() && back->rows == 3 && back->cols == 4 && back->stride == 6));
  const auto row = as_matrix("t", ConstTensorView{std::span<const float>{data}});
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST((row->rows == 1 && row->cols == 20));
  BOOST_TEST(fails(as_matrix("t", TensorView{data.data(), {2, 2, 2}}), Errc::invalid_argument, {"'t'", "rank 3"}));
  BOOST_TEST(fails(as_matrix("t", TensorView{data.data(), {2, 3}, {1, 2}}), Errc::invalid_argument, {"'t'", "stride"}));
  BOOST_TEST(fails(as_matrix("t", TensorView{data.data(), {2, 3}, {2, 1}}), Errc::invalid_argument, {"'t'", "stride"}));
}

BOOST_AUTO_TEST_CASE(sound_tensors_pass) {
  std::vector<float> data(60);
  BOOST_TEST(check_tensor("x", TensorView{data.data(), {3, 4, 5}}).has_value());
  BOOST_TEST(check_tensor("x", TensorView{data.data(), {}}).has_value());                   // one element
  BOOST_TEST(check_tensor("x", ConstTensorView{data.data(), {9, 4}, {0, 1}}).has_value());  // the same row again
  BOOST_TEST(check_tensor("x", TensorView{nullptr, ElementType::f32, {3, 0}}).has_value());
  BOOST_TEST(check_tensor("x", ConstTensorView{}).has_value());
  BOOST_TEST(check_output("y", TensorView{data.data(), {3, 4, 5}, {5, 15, 1}}, {3, 4, 5}).has_value());  // permuted
  BOOST_TEST(check_output("y", TensorView{data.data(), {1, 4}, {0, 1}}, {1, 4}).has_value());
}

BOOST_AUTO_TEST_CASE(unsound_tensors_are_errors_that_name_them) {
  std::vector<float> data(60);
  const Errc bad = Errc::invalid_argument;
  BOOST_TEST(fails(check_tensor("keys", TensorView{nullptr, ElementType::f32, {3, 4}}), bad, {"'keys'", "no data"}));
  BOOST_TEST(fails(check_tensor("keys", TensorView{data.data(), {1, 2, 3, 4, 5}}), bad, {"'keys'", "5 lengths"}));
  BOOST_TEST(fails(check_tensor("keys", TensorView{data.data(), {3, 4}, {1}}), bad, {"'keys'", "1 strides"}));
  BOOST_TEST(fails(check_tensor("keys", TensorView{data.data(), ElementType::bf16, {3}}), bad, {"bf16", "f32"}));
  const auto unknown = static_cast<ElementType>(77);
  BOOST_TEST(fails(check_tensor("keys", TensorView{data.data(), unknown, {3}}, unknown), bad, {"'keys'", "unknown"}));
  const auto* askew = static_cast<const void*>(reinterpret_cast<const char*>(data.data()) + 1);
  BOOST_TEST(fails(check_tensor("keys", ConstTensorView{askew, ElementType::f32, {3}}), bad, {"'keys'", "aligned"}));
  BOOST_TEST(fails(check_tensor("keys", TensorView{data.data(), {3, 4}}, {4, 3}), Errc::shape_mismatch,
                   {"'keys'", "[3, 4]", "[4, 3]"}));
}

BOOST_AUTO_TEST_CASE(sizes_beyond_the_address_space_are_errors) {
  std::vector<float> data(4);
  const auto too_large = [](const Result<void>& result) {
    return fails(result, Errc::invalid_argument, {"'x'", "larger than the address space"});
  };
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {kHuge}})));
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {kHuge / 8 + 1}})));  // 2^63 bytes
  BOOST_TEST(!too_large(check_tensor("x", TensorView{data.data(), {kHuge / 8}})));
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {1UL << 32U, 1UL << 32U, 4, 4}})));
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {2, 2}, {kHuge, 1}})));
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {3, 3}, {kHuge / 2, kHuge / 2}})));
  BOOST_TEST(too_large(check_tensor("x", ConstTensorView{data.data(), {kHuge, kHuge}, {0, 0}})));
  BOOST_TEST(too_large(check_tensor("x", TensorView{data.data(), {0, kHuge, kHuge}})));  // empty, but not countable
}

BOOST_AUTO_TEST_CASE(outputs_with_shared_elements_are_errors) {
  std::vector<float> data(60);
  const auto shared = [](const Result<void>& result) {
    return fails(result, Errc::invalid_argument, {"'y'", "share memory"});
  };
  BOOST_TEST(shared(check_output("y", TensorView{data.data(), {3, 4}, {0, 1}}, {3, 4})));
  BOOST_TEST(shared(check_output("y", TensorView{data.data(), {3, 4}, {3, 1}}, {3, 4})));
  BOOST_TEST(shared(check_output("y", TensorView{data.data(), {3, 4}, {1, 1}}, {3, 4})));
  BOOST_TEST(shared(check_output("y", TensorView{data.data(), {2, 2, 2}, {1, 4, 1}}, {2, 2, 2})));
}

BOOST_AUTO_TEST_CASE(overlap_counts_from_the_first_to_the_last_element) {
  std::vector<float> data(100);
  const auto at = [&](std::size_t first, const TensorShape& shape) { return TensorView{data.data() + first, shape}; };
  BOOST_TEST(check_disjoint("y", at(0, {5, 2}), "x", at(10, {10})).has_value());
  BOOST_TEST(check_disjoint("y", at(10, {10}), "x", at(0, {5, 2})).has_value());
  BOOST_TEST(fails(check_disjoint("y", at(0, {5, 2}), "x", at(9, {10})), Errc::invalid_argument, {"'y'", "'x'"}));
  BOOST_TEST(fails(check_disjoint("y", at(3, {}), "x", at(0, {4})), Errc::invalid_argument, {"'y'", "'x'"}));
  BOOST_TEST(check_disjoint("y", at(4, {}), "x", at(0, {4})).has_value());
  BOOST_TEST(check_disjoint("y", at(3, {0}), "x", at(0, {10})).has_value());
  BOOST_TEST(check_disjoint_or_same("y", at(0, {5, 2}), "x", at(0, {5, 2})).has_value());
  BOOST_TEST(!check_disjoint_or_same("y", at(0, {5, 2}), "x", at(1, {5, 2})).has_value());
  BOOST_TEST(!check_disjoint_or_same("y", at(0, {2, 5}), "x", at(0, {5, 2})).has_value());
  // The same memory walked in another order.
  const TensorView turned{data.data(), {3, 3}, {1, 3}};
  BOOST_TEST(!check_disjoint_or_same("y", turned, "x", at(0, {3, 3})).has_value());
}

BOOST_AUTO_TEST_CASE(element_types_have_names_and_sizes) {
  BOOST_TEST(to_string(ElementType::f32) == "f32");
  BOOST_TEST(to_string(ElementType::bf16) == "bf16");
  BOOST_TEST(to_string(ElementType::i8) == "i8");
  BOOST_TEST(to_string(ElementType::i32) == "i32");
  BOOST_TEST(to_string(static_cast<ElementType>(77)) == "unknown");
  BOOST_TEST(size_of(ElementType::f32) == sizeof(float));
  BOOST_TEST(size_of(ElementType::bf16) == sizeof(std::uint16_t));
  BOOST_TEST(size_of(ElementType::i8) == sizeof(std::int8_t));
  BOOST_TEST(size_of(ElementType::i32) == sizeof(std::int32_t));
  BOOST_TEST(size_of(static_cast<ElementType>(77)) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
