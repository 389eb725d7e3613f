// What no kernel may stumble over at its border: lists that point nowhere, strides that lead nowhere, results over
// operands. Each kernel's own tests have the rest.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "matrices.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/attention.hpp"
#include "myelin/kernels/convolution.hpp"
#include "myelin/kernels/digest.hpp"
#include "myelin/kernels/gemm_batch.hpp"
#include "myelin/kernels/int8.hpp"
#include "myelin/kernels/normalization.hpp"
#include "myelin/kernels/reduction.hpp"
#include "myelin/kernels/similarity.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using test::for_each_target;

namespace {

template <class T>
std::string message(const myelin::Result<T>& result) {
  return result ? "" : result.error().message;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class T>
std::span<T> nowhere(std::size_t size) {
  return {static_cast<T*>(nullptr), size};
}

constexpr std::size_t kFarAway = std::size_t{1} << 61U;

}  // namespace

BOOST_AUTO_TEST_SUITE(border)

BOOST_AUTO_TEST_CASE(lists_that_point_nowhere_are_named) {
  std::vector<float> floats(12);
  std::vector<std::int8_t> bytes(12);
  const ConstTensorView integers{bytes.data(), ElementType::i8, {3, 4}};
  BOOST_TEST(holds(message(add_bias({floats.data(), 3, 4}, nowhere<const float>(4))), "'bias'"));
  BOOST_TEST(holds(message(PackedInt8::make(integers, nowhere<const float>(4))), "'scales'"));
  BOOST_TEST(
      holds(message(quantize_rows({floats.data(), 3, 4}, {bytes.data(), ElementType::i8, {3, 4}}, nowhere<float>(3))),
            "'scales'"));
  const PackedInt8 packed = PackedInt8::make({bytes.data(), ElementType::i8, {4, 3}}, std::vector<float>(3)).value();
  BOOST_TEST(holds(message(int8_gemm(integers, nowhere<const float>(3), packed, {floats.data(), 3, 3})), "'a_scales'"));
  BOOST_TEST(holds(message(sgemm_batch(nowhere<const GemmItem>(2))), "'items'"));
  std::array<Digest256, 2> digests{};
  BOOST_TEST(holds(message(blake2b_256(nowhere<const std::span<const std::uint8_t>>(2), digests)), "'messages'"));
  BOOST_TEST(!argmax(nowhere<const float>(8)).has_value());
}

BOOST_AUTO_TEST_CASE(messages_larger_than_memory_are_refused) {
  std::array<Digest256, 2> digests{};
  const std::uint8_t byte = 0;
  for (const std::size_t size : {std::numeric_limits<std::size_t>::max(), std::size_t{1} << 63U}) {
    const std::array<std::span<const std::uint8_t>, 2> messages{std::span{&byte, 1}, std::span{&byte, size}};
    BOOST_TEST(holds(message(blake2b_256(messages, digests)), "message 1"));
  }
  BOOST_TEST(holds(message(blake2b_256({}, 0, std::span{digests.data(), kFarAway})), "'digests'"));
}

BOOST_AUTO_TEST_CASE(a_list_of_messages_in_the_digests_memory_is_refused) {
  std::array<Digest256, 4> digests{};
  auto* const list = reinterpret_cast<std::span<const std::uint8_t>*>(digests.data());
  BOOST_TEST(holds(message(blake2b_256(std::span{list, 4}, digests)), "overlaps 'digests'"));
}

BOOST_AUTO_TEST_CASE(the_best_ones_are_not_written_over_what_they_are_of) {
  std::vector<float> values(64, 1.0F);
  const std::span best{reinterpret_cast<Ranked*>(values.data()), 2};
  BOOST_TEST(holds(message(top_k(values, best)), "'best' overlaps input 'values'"));
  std::vector<float> query(4);
  BOOST_TEST(holds(message(nearest(std::span{query}, {values.data(), {16, 4}}, Similarity::dot, best)),
                   "'best' overlaps input 'vectors'"));
}

BOOST_AUTO_TEST_CASE(misaligned_matrices_are_refused) {
  std::vector<float> memory(20);
  auto* const odd = reinterpret_cast<float*>(reinterpret_cast<char*>(memory.data()) + 1);
  BOOST_TEST(holds(message(relu({odd, 2, 3})), "not aligned"));
}

BOOST_AUTO_TEST_CASE(more_columns_than_scales_have_memory_for_are_refused) {
  const auto packed = PackedInt8::quantize({nullptr, 0, std::size_t{1} << 50U});
  BOOST_REQUIRE(!packed.has_value());
  BOOST_TEST((packed.error().code == Errc::invalid_argument));
}

// The stride of a length of 1 leads nowhere, and may be anything.
BOOST_AUTO_TEST_CASE(strides_of_single_elements_do_not_matter) {
  for_each_target([] {
    test::Noise noise{8};
    std::vector<float> x(2 * 40), w(3 * 3), plain(40), odd(40);
    for (float& v : x) v = noise.value();
    for (float& v : w) v = noise.value();
    BOOST_REQUIRE(softmax({x.data(), {1, 40}}, {plain.data(), {1, 40}}));
    BOOST_REQUIRE(softmax({x.data(), {1, 40}, {kFarAway, 1}}, {odd.data(), {1, 40}, {kFarAway, 1}}));
    BOOST_TEST((plain == odd));
    for (const std::size_t queries : {1, 8}) {
      const TensorShape q_shape{1, 1, queries, 5}, k_shape{1, 1, 1, 5};
      const TensorShape far{kFarAway, kFarAway, 5, 1}, far_key{kFarAway, kFarAway, kFarAway, 1};
      BOOST_REQUIRE(
          attention({x.data(), q_shape}, {x.data() + 40, k_shape}, {x.data() + 45, k_shape}, {plain.data(), q_shape}));
      BOOST_REQUIRE(attention({x.data(), q_shape, far}, {x.data() + 40, k_shape, far_key},
                              {x.data() + 45, k_shape, far_key}, {odd.data(), q_shape, far}));
      BOOST_TEST((plain == odd));
    }
    const PackedFilter filter = PackedFilter::make({w.data(), {3, 3, 1, 1}}).value();
    for (const Activation activation : {Activation::relu, Activation::tanh}) {
      BOOST_REQUIRE(
          conv2d({x.data(), {1, 6, 3, 1}}, filter, {plain.data(), {1, 4, 1, 1}}, {}, {.activation = activation}));
      BOOST_REQUIRE(conv2d({x.data(), {1, 6, 3, 1}, {kFarAway, 3, 1, kFarAway}}, filter,
                           {odd.data(), {1, 4, 1, 1}, {kFarAway, 1, kFarAway, kFarAway}}, {},
                           {.activation = activation}));
      BOOST_TEST((plain == odd));
    }
  });
}

BOOST_AUTO_TEST_CASE(attention_without_dimensions_is_the_mean_of_the_values) {
  for_each_target([] {
    const std::vector<float> v(2 * 100 * 3, 2.0F);
    for (const std::size_t queries : {1, 8}) {
      std::vector<float> y(2 * queries * 3);
      BOOST_REQUIRE(attention({static_cast<const float*>(nullptr), {1, 2, queries, 0}},
                              {static_cast<const float*>(nullptr), {1, 2, 100, 0}}, {v.data(), {1, 2, 100, 3}},
                              {y.data(), {1, 2, queries, 3}}));
      for (const float value : y) BOOST_TEST(std::abs(value - 2.0F) <= 1e-5F);
    }
  });
}

// One query reads keys and values where they lie; more of them want both packed, which is more than a call may take.
BOOST_AUTO_TEST_CASE(what_attention_takes_depends_on_what_it_needs) {
  constexpr std::size_t kKeys = std::size_t{1} << 20U;
  const std::vector<float> x(65 * 128, 0.5F);
  std::vector<float> y(65 * 128);
  const TensorView keys{const_cast<float*>(x.data()), ElementType::f32, {1, 1, kKeys, 128}, {0, 0, 0, 1}};
  BOOST_REQUIRE(attention({x.data(), {1, 1, 1, 128}}, keys, keys, {y.data(), {1, 1, 1, 128}}));
  for (std::size_t i = 0; i < 128; ++i) BOOST_TEST(std::abs(y[i] - 0.5F) <= 1e-3F);
  const std::string refused = message(attention({x.data(), {1, 1, 65, 128}}, keys, keys, {y.data(), {1, 1, 65, 128}}));
  BOOST_TEST(holds(refused, "'k'"));
  BOOST_TEST(holds(refused, "work memory"));
}

BOOST_AUTO_TEST_SUITE_END()
