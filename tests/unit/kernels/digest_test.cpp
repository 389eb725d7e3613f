#include "myelin/kernels/digest.hpp"

#include <sodium.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::Result;
using myelin::test::require_success;
using test::for_each_target;
using test::Noise;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(Noise& noise, std::size_t length) {
  Bytes bytes(length);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(noise.bits() >> 13U);
  return bytes;
}

Digest256 sodium_digest(std::span<const std::uint8_t> message) {
  Digest256 digest{};
  BOOST_REQUIRE(crypto_generichash(digest.data(), digest.size(), message.data(), message.size(), nullptr, 0) == 0);
  return digest;
}

void check(const std::vector<Bytes>& messages) {
  const std::vector<std::span<const std::uint8_t>> views(messages.begin(), messages.end());
  std::vector<Digest256> digests(messages.size());
  require_success(blake2b_256(views, digests));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (digests[i] != sodium_digest(messages[i])) {
      BOOST_ERROR("message " << i << " of " << messages.size() << ", " << messages[i].size() << " bytes");
    }
  }
}

bool fails(const Result<void>& result, Errc code, const char* word) {
  return !result && result.error().code == code && result.error().message.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(digest)

BOOST_AUTO_TEST_CASE(abc_has_the_published_digest) {
  const Digest256 want = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
                          0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
                          0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
  for_each_target([&] {
    const Bytes abc = {'a', 'b', 'c'};
    const std::vector<std::span<const std::uint8_t>> messages(9, abc);
    std::vector<Digest256> digests(9);
    require_success(blake2b_256(messages, digests));
    for (const Digest256& digest : digests) BOOST_TEST((digest == want));
  });
}

BOOST_AUTO_TEST_CASE(equal_lengths_equal_libsodium_around_every_block_boundary) {
  for_each_target([] {
    Noise noise{1};
    for (const std::size_t length : {0U, 1U, 8U, 32U, 64U, 127U, 128U, 129U, 255U, 256U, 257U, 384U, 4096U}) {
      for (std::size_t count = 0; count <= 18; ++count) {
        std::vector<Bytes> messages;
        for (std::size_t i = 0; i < count; ++i) messages.push_back(random_bytes(noise, length));
        check(messages);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(mixed_lengths_equal_libsodium) {
  for_each_target([] {
    Noise noise{2};
    for (int round = 0; round < 150; ++round) {
      std::vector<Bytes> messages(noise.below(40));
      const std::size_t longest = round % 3 == 0 ? 3000 : round % 3 == 1 ? 300 : 20;
      for (Bytes& message : messages) message = random_bytes(noise, noise.below(longest));
      check(messages);
    }
    // One much longer than all others, at either end.
    std::vector<Bytes> messages(9, Bytes(5));
    messages.front() = random_bytes(noise, 100'000);
    check(messages);
    std::swap(messages.front(), messages.back());
    check(messages);
  });
}

BOOST_AUTO_TEST_CASE(messages_in_one_run_are_the_same_as_apart) {
  for_each_target([] {
    Noise noise{3};
    for (const std::size_t length : {1U, 100U, 128U, 513U}) {
      const Bytes all = random_bytes(noise, 11 * length);
      std::vector<Digest256> digests(11);
      require_success(blake2b_256(all, length, digests));
      for (std::size_t i = 0; i < 11; ++i) {
        BOOST_TEST((digests[i] == sodium_digest(std::span{all}.subspan(i * length, length))));
      }
    }
    std::vector<Digest256> digests(3);
    require_success(blake2b_256(std::span<const std::uint8_t>{}, 0, digests));
    BOOST_TEST((digests[2] == sodium_digest({})));
  });
}

BOOST_AUTO_TEST_CASE(unaligned_messages_are_fine) {
  for_each_target([] {
    Noise noise{4};
    const Bytes all = random_bytes(noise, 2000);
    std::vector<std::span<const std::uint8_t>> messages;
    for (std::size_t i = 0; i < 9; ++i) messages.push_back(std::span{all}.subspan(i, 1001 + i));
    std::vector<Digest256> digests(9);
    require_success(blake2b_256(messages, digests));
    for (std::size_t i = 0; i < 9; ++i) BOOST_TEST((digests[i] == sodium_digest(messages[i])));
  });
}

BOOST_AUTO_TEST_CASE(unsound_arguments_are_errors_that_name_them) {
  std::vector<Digest256> digests(2);
  const Bytes some(10);
  std::vector<std::span<const std::uint8_t>> messages(3, some);
  BOOST_TEST(fails(blake2b_256(messages, digests), Errc::shape_mismatch, "2 digests for 3 messages"));
  messages.resize(2);
  messages[1] = {static_cast<const std::uint8_t*>(nullptr), 7};
  BOOST_TEST(fails(blake2b_256(messages, digests), Errc::invalid_argument, "message 1"));
  messages[1] = {digests[1].data() + 31, 1};
  BOOST_TEST(fails(blake2b_256(messages, digests), Errc::invalid_argument, "overlaps"));
  messages[1] = {};
  BOOST_TEST(fails(blake2b_256(messages, {static_cast<Digest256*>(nullptr), 2}), Errc::invalid_argument, "'digests'"));
  BOOST_TEST(fails(blake2b_256(some, 4, digests), Errc::shape_mismatch, "10 bytes"));
  BOOST_TEST(fails(blake2b_256(some, 0, digests), Errc::shape_mismatch, "10 bytes"));
  BOOST_TEST(fails(blake2b_256(some, 10, digests), Errc::shape_mismatch, "10 bytes"));
  BOOST_TEST(blake2b_256(std::span<const std::span<const std::uint8_t>>{}, {}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
