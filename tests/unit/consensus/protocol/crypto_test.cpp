// Digests and signatures against what others compute, and signatures that some libraries take and others do not.
#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "group.hpp"
#include "myelin/consensus/crypto.hpp"

using namespace consensus_test;

namespace {

template <std::size_t kSize>
std::array<std::uint8_t, kSize> from_hex(std::string_view text) {
  BOOST_REQUIRE(text.size() == 2 * kSize);
  std::array<std::uint8_t, kSize> bytes{};
  for (std::size_t i = 0; i < kSize; ++i) {
    bytes[i] = static_cast<std::uint8_t>(std::stoul(std::string{text.substr(2 * i, 2)}, nullptr, 16));
  }
  return bytes;
}

std::vector<std::byte> counting_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 251);
  return bytes;
}

bool is_valid(const SignedDigest& item) {
  bool valid = false;
  Ed25519Checker{}.check({&item, 1}, {&valid, 1});
  return valid;
}

// RFC 8032, 7.1, TEST 1.
constexpr std::string_view kSeed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kPublic = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

SignedDigest sound() {
  const KeyPair pair{from_hex<32>(kSeed)};
  SignedDigest item;
  for (std::size_t i = 0; i < 32; ++i) item.digest.bytes[i] = static_cast<std::uint8_t>(i);
  item.signature = pair.sign(item.digest);
  item.key = pair.public_key();
  return item;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(digests)

// Computed with Python's hashlib.blake2b(digest_size=32) over the domain as eight bytes and what follows.
BOOST_AUTO_TEST_CASE(are_blake2b_256_over_domain_and_bytes) {
  BOOST_TEST(to_hex(Hasher{Domain::payload}.finish()) ==
             "5e67cbdaec7beb4171fe7dbc33e029c014774cbd6b22f125efca486f7664a0ff");
  BOOST_TEST(to_hex(Hasher{Domain::payload}.add("abc").finish()) ==
             "d334050cf06dafac8c97d672ebc9d80b2bfd8a97540f7ad510054c3a517fb305");
  BOOST_TEST(to_hex(Hasher{Domain::payload}.add("a").add("").add("bc").finish()) ==
             to_hex(Hasher{Domain::payload}.add("abc").finish()));
}

BOOST_AUTO_TEST_CASE(of_a_payload_are_a_tree_over_leaves_of_4_kib) {
  const std::pair<std::size_t, std::string_view> known[] = {
      {1, "5c3cd7b696e23b2d800734e78972f333448955cdd73bedd7061bb3e8c6e4edd0"},
      {4096, "9171a76bf5f0569b358b49edfc5f1ada8b1cedfe3644f55b9dce7f5fc3a891e6"},
      {4097, "27e6a0652b3011d5ea9d6cc6e4404a88ddc971c029e290401de8ae11f384cd1d"},
      {12'288, "19686fc1c1d5206187cd05907814968c912104721ea69acc71e19a36e8cc61db"},
      {20'489, "fb1c78b3e44e8b407b7888c20b960ec4772f7185314f8497fec629fe434ce4c8"},
  };
  for (const auto& [size, root] : known) BOOST_TEST(to_hex(batch_digest(counting_bytes(size))) == root);
  BOOST_TEST((batch_digest({}) == Digest{}));
}

BOOST_AUTO_TEST_CASE(of_many_messages_at_once_are_those_of_each_alone) {
  std::mt19937_64 random{5};
  BulkHasher bulk{Domain::state_leaf};
  for (const std::size_t count : {1, 2, 3, 4, 5, 33, 200}) {
    std::vector<Digest> expected;
    for (std::size_t i = 0; i < count; ++i) {
      const std::vector<std::byte> bytes = counting_bytes(random() % 700);
      const std::uint64_t number = random();
      expected.push_back(Hasher{Domain::state_leaf}.add(number).add(bytes).add("end").finish());
      bulk.begin().add(number).add(bytes).add("end");
    }
    const auto digests = bulk.finish();
    BOOST_TEST(std::ranges::equal(digests, expected));
  }
}

BOOST_AUTO_TEST_CASE(of_many_batches_at_once_are_those_of_each_alone) {
  std::vector<std::vector<std::byte>> batches;
  for (const std::size_t size : {0, 1, 4095, 4096, 4097, 8192, 12'289, 0, 200'001, 50}) {
    batches.push_back(counting_bytes(size));
  }
  const std::vector<std::span<const std::byte>> views{batches.begin(), batches.end()};
  const std::vector<Digest> together = batch_digests(views);
  BOOST_REQUIRE(together.size() == batches.size());
  for (std::size_t i = 0; i < batches.size(); ++i) BOOST_TEST((together[i] == batch_digest(views[i])));
  BOOST_TEST(batch_digests({}).empty());
}

BOOST_AUTO_TEST_CASE(of_different_domains_differ) {
  BOOST_TEST((Hasher{Domain::batch_leaf}.finish() != Hasher{Domain::batch_node}.finish()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(signatures)

BOOST_AUTO_TEST_CASE(keys_are_those_of_the_standard) {
  BOOST_TEST((KeyPair{from_hex<32>(kSeed)}.public_key().bytes == from_hex<32>(kPublic)));
  // TEST 2 and TEST 3.
  const KeyPair second{from_hex<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")};
  BOOST_TEST(
      (second.public_key().bytes == from_hex<32>("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")));
  const KeyPair third{from_hex<32>("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")};
  BOOST_TEST(
      (third.public_key().bytes == from_hex<32>("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")));
}

// Computed with OpenSSL 3 (pkeyutl -sign -rawin) over the bytes 0 to 31.
BOOST_AUTO_TEST_CASE(are_those_that_another_library_makes) {
  BOOST_TEST(
      (sound().signature.bytes == from_hex<64>("00c1db988bb12fd7351a6054ae3fac90fab7e4fc56b1651c7181f5f55f896f66"
                                               "3933d3a90605d9058e9d0ac45950ee2d3c9c9b14857415587179fe0ccac35f09")));
  BOOST_TEST(is_valid(sound()));
}

BOOST_AUTO_TEST_CASE(with_one_wrong_bit_are_refused) {
  for (std::size_t bit = 0; bit < 512; ++bit) {
    SignedDigest item = sound();
    item.signature.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    BOOST_TEST(!is_valid(item), "bit " << bit << " of the signature");
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    SignedDigest other_digest = sound();
    other_digest.digest.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    BOOST_TEST(!is_valid(other_digest), "bit " << bit << " of the digest");
    SignedDigest other_key = sound();
    other_key.key.bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    BOOST_TEST(!is_valid(other_key), "bit " << bit << " of the key");
  }
}

BOOST_AUTO_TEST_CASE(with_the_groups_order_added_are_refused) {
  // S and S + L satisfy the same equation; taking both would let anybody make a second signature of a first.
  constexpr std::string_view kOrder = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
  const auto order = from_hex<32>(kOrder);
  SignedDigest item = sound();
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += unsigned{item.signature.bytes[32 + i]} + order[i];
    item.signature.bytes[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  BOOST_TEST_REQUIRE(carry == 0U);
  BOOST_TEST(!is_valid(item));
}

BOOST_AUTO_TEST_CASE(of_keys_of_small_order_are_refused) {
  // With such a key R = (identity), S = 0 satisfies the equation for every digest of a multiple of the order.
  // The points of order 1, 2, 4 and 8, and their encodings beyond the field's prime.
  constexpr std::string_view kSmall[] = {
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  };
  for (const std::string_view key : kSmall) {
    for (const std::string_view point : kSmall) {
      for (unsigned digest = 0; digest < 16; ++digest) {
        SignedDigest item;
        item.digest = digest_of(digest);
        item.key.bytes = from_hex<32>(key);
        std::ranges::copy(from_hex<32>(point), item.signature.bytes.begin());
        BOOST_TEST(!is_valid(item), key << " with " << point);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(of_keys_beyond_the_fields_prime_are_refused) {
  // Encodings of y >= p, which reduce to points that have another encoding.
  SignedDigest item = sound();
  item.key.bytes.fill(0xff);
  BOOST_TEST(!is_valid(item));
  item.key.bytes[31] = 0x7f;
  BOOST_TEST(!is_valid(item));
  item.key.bytes[0] = 0xf0;
  BOOST_TEST(!is_valid(item));
}

BOOST_AUTO_TEST_CASE(are_checked_each_for_itself) {
  SignedDigest items[] = {sound(), sound(), sound()};
  items[1].digest.bytes[0] ^= 1;
  bool valid[3] = {};
  Ed25519Checker{}.check(items, valid);
  BOOST_TEST(valid[0]);
  BOOST_TEST(!valid[1]);
  BOOST_TEST(valid[2]);
}

BOOST_AUTO_TEST_CASE(of_a_vertex_are_by_the_key_of_its_author) {
  const std::array seeds{from_hex<32>(kSeed),
                         from_hex<32>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")};
  const KeyPair first{seeds[0]};
  const KeyPair second{seeds[1]};
  const Committee committee = Committee::create(0, {first.public_key(), second.public_key()}, {}).value();
  VertexContent content;
  content.round = 1;
  content.parents = {committee.genesis(0), committee.genesis(1)};
  const VertexPtr good = make_vertex(content, {}, first);
  BOOST_TEST(read_vertex(bytes_of_vertex(*good), committee, Ed25519Checker{}).has_value());
  const VertexPtr forged = make_vertex(content, {}, second);
  BOOST_TEST((read_vertex(bytes_of_vertex(*forged), committee, Ed25519Checker{}).error() == Refusal::bad_signature));
}

BOOST_AUTO_TEST_SUITE_END()
