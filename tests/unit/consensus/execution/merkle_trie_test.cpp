#include "execution/merkle_trie.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "harness.hpp"

using namespace myelin::consensus;

namespace {

Digest digest_of(std::uint64_t number) { return Hasher{Domain::batch_leaf}.add(number).finish(); }

// A path whose first digits are given, so that paths share as many as a test wants.
Digest path_of(std::vector<unsigned> digits, std::uint64_t number) {
  Digest path = digest_of(number);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    std::uint8_t& byte = path.bytes[i / 2];
    byte = static_cast<std::uint8_t>(i % 2 == 0 ? (byte & 0x0f) | digits[i] << 4 : (byte & 0xf0) | digits[i]);
  }
  return path;
}

Digest root_of(const std::vector<std::pair<Digest, Digest>>& leaves) {
  MerkleTrie trie;
  for (const auto& [path, digest] : leaves) static_cast<void>(trie.insert(path, digest));
  return trie.root(nullptr);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(merkle_trie)

BOOST_AUTO_TEST_CASE(the_root_depends_on_the_leaves_and_not_on_their_history) {
  std::mt19937 random{1};
  for (int seed = 0; seed < 300; ++seed) {
    MerkleTrie trie;
    std::map<Digest, std::pair<Digest, MerkleTrie::Leaf>> model;
    const unsigned shared = random() % 8;  // Digits that all paths share: deep trees as well as broad ones.
    const int steps = static_cast<int>(random() % 200);
    for (int i = 0; i < steps; ++i) {
      const std::uint64_t number = random() % 60;
      const Digest path = path_of(std::vector<unsigned>(shared, 5), number);
      const Digest value = digest_of(random());
      const auto found = model.find(path);
      if (found == model.end()) {
        model[path] = {value, trie.insert(path, value)};
      } else if (random() % 2 == 0) {
        trie.update(found->second.second, value);
        found->second.first = value;
      } else {
        trie.erase(found->second.second);
        model.erase(found);
      }
      if (random() % 8 == 0) static_cast<void>(trie.root(nullptr));
    }
    std::vector<std::pair<Digest, Digest>> leaves;
    for (const auto& [path, leaf] : model) leaves.emplace_back(path, leaf.first);
    std::ranges::shuffle(leaves, random);
    BOOST_REQUIRE_EQUAL(trie.root(nullptr), root_of(leaves));
  }
}

BOOST_AUTO_TEST_CASE(every_leaf_and_its_place_count) {
  std::vector<std::pair<Digest, Digest>> leaves;
  for (std::uint64_t i = 0; i < 40; ++i) leaves.emplace_back(digest_of(i), digest_of(1000 + i));
  const Digest root = root_of(leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    auto other = leaves;
    other[i].second = digest_of(7777);
    BOOST_TEST(root_of(other) != root);
    other = leaves;
    other[i].first.bytes[0] ^= 0x10;
    BOOST_TEST(root_of(other) != root);
    other = leaves;
    other.erase(other.begin() + static_cast<std::ptrdiff_t>(i));
    BOOST_TEST(root_of(other) != root);
  }
  std::swap(leaves[3].second, leaves[4].second);
  BOOST_TEST(root_of(leaves) != root);
}

BOOST_AUTO_TEST_CASE(a_tree_that_was_emptied_is_as_one_that_was_never_filled) {
  MerkleTrie trie;
  const Digest empty = trie.root(nullptr);
  const auto first = trie.insert(path_of({1, 2, 3, 4}, 1), digest_of(1));
  const auto second = trie.insert(path_of({1, 2, 3, 5}, 2), digest_of(2));
  BOOST_TEST(trie.root(nullptr) != empty);
  trie.erase(first);
  BOOST_TEST(trie.root(nullptr) == root_of({{path_of({1, 2, 3, 5}, 2), digest_of(2)}}));
  trie.erase(second);
  BOOST_TEST(trie.root(nullptr) == empty);
}

BOOST_AUTO_TEST_CASE(workers_hash_to_the_same_root) {
  ThreadWorkers workers{3};
  MerkleTrie alone, together;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    static_cast<void>(alone.insert(digest_of(i), digest_of(i * i)));
    static_cast<void>(together.insert(digest_of(i), digest_of(i * i)));
  }
  BOOST_TEST(together.root(&workers) == alone.root(nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
