#include "execution/merkle_trie.hpp"

#include <atomic>
#include <span>
#include <vector>

namespace myelin::consensus {

namespace {

constexpr unsigned kLevels = 64;  // 256 bits, four a level

unsigned branch(const Digest& path, unsigned level) noexcept {
  const std::uint8_t byte = path.bytes[level / 2];
  return level % 2 == 0 ? byte >> 4 : byte & 15;
}

}  // namespace

MerkleTrie::MerkleTrie() { static_cast<void>(nodes_.allocate()); }

MerkleTrie::Leaf MerkleTrie::insert(const Digest& path, const Digest& digest) {
  const Leaf leaf = leaves_.allocate();
  leaves_[leaf] = {path, digest};
  std::uint32_t index = kRoot;
  for (unsigned level = 0;; ++level) {
    Node& node = nodes_[index];
    node.is_dirty = true;
    std::uint32_t& child = node.children[branch(path, level)];
    if (child == 0) {
      child = leaf | kLeafBit;
      return leaf;
    }
    if (child & kLeafBit) {
      // The leaf that was alone here moves one level down; once more, where the paths still agree.
      const std::uint32_t other = child;
      child = nodes_.allocate();
      nodes_[child].children[branch(leaves_[other & ~kLeafBit].path, level + 1)] = other;
    }
    index = child;
  }
}

void MerkleTrie::update(Leaf leaf, const Digest& digest) {
  leaves_[leaf].digest = digest;
  const Digest& path = leaves_[leaf].path;
  std::uint32_t index = kRoot;
  for (unsigned level = 0; !(index & kLeafBit); ++level) {
    nodes_[index].is_dirty = true;
    index = nodes_[index].children[branch(path, level)];
  }
}

void MerkleTrie::erase(Leaf leaf) {
  const Digest path = leaves_[leaf].path;
  std::array<std::uint32_t, kLevels> trail{};
  unsigned depth = 0;
  for (std::uint32_t index = kRoot; !(index & kLeafBit); ++depth) {
    trail[depth] = index;
    nodes_[index].is_dirty = true;
    index = nodes_[index].children[branch(path, depth)];
  }
  leaves_.free(leaf);
  nodes_[trail[depth - 1]].children[branch(path, depth - 1)] = 0;
  // A leaf left alone moves up.
  for (unsigned level = depth - 1; level > 0; --level) {
    std::uint32_t only = 0;
    for (const std::uint32_t child : nodes_[trail[level]].children) {
      if (child == 0) continue;
      if (only != 0 || !(child & kLeafBit)) return;
      only = child;
    }
    nodes_.free(trail[level]);
    nodes_[trail[level - 1]].children[branch(path, level - 1)] = only;
  }
}

void MerkleTrie::rehash(Node& node) {
  std::array<Digest, kFanOut> digests;
  std::size_t count = 0;
  std::uint64_t present = 0;
  for (unsigned place = 0; place < kFanOut; ++place) {
    const std::uint32_t child = node.children[place];
    if (child == 0) continue;
    present |= std::uint64_t{1} << place;
    if (child & kLeafBit) {
      digests[count++] = leaves_[child & ~kLeafBit].digest;
    } else {
      Node& below = nodes_[child];
      if (below.is_dirty) rehash(below);
      digests[count++] = below.digest;
    }
  }
  node.digest = Hasher{Domain::state_node}.add(present).add(std::as_bytes(std::span{digests.data(), count})).finish();
  node.is_dirty = false;
}

Digest MerkleTrie::root(Workers* workers) {
  Node& root = nodes_[kRoot];
  if (!root.is_dirty) return root.digest;
  if (workers && workers->size() > 1) {
    std::array<Node*, kFanOut> dirty{};
    std::size_t count = 0;
    for (const std::uint32_t child : root.children) {
      if (child != 0 && !(child & kLeafBit) && nodes_[child].is_dirty) dirty[count++] = &nodes_[child];
    }
    std::atomic<std::size_t> next{0};
    workers->run([&](std::size_t) {
      for (std::size_t at = next++; at < count; at = next++) rehash(*dirty[at]);
    });
  }
  rehash(root);
  return root.digest;
}

}  // namespace myelin::consensus
