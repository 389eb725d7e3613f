#include "execution/merkle_trie.hpp"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>
#include <vector>

namespace myelin::consensus {

namespace {

constexpr std::size_t kNodesAtOnce = 64;
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

// From the deepest level up: what lies side by side is hashed together.
void MerkleTrie::rehash(Node& top) {
  std::vector<std::vector<Node*>> levels{{&top}};
  while (!levels.back().empty()) {
    std::vector<Node*> below;
    for (const Node* node : levels.back()) {
      for (const std::uint32_t child : node->children) {
        if (child != 0 && !(child & kLeafBit) && nodes_[child].is_dirty) below.push_back(&nodes_[child]);
      }
    }
    levels.push_back(std::move(below));
  }
  BulkHasher hasher{Domain::state_node};
  for (auto level = levels.rbegin() + 1; level != levels.rend(); ++level) {
    for (std::size_t begin = 0; begin < level->size(); begin += kNodesAtOnce) {
      const std::span nodes = std::span{*level}.subspan(begin, std::min(kNodesAtOnce, level->size() - begin));
      for (const Node* node : nodes) add_node(hasher, *node);
      const auto digests = hasher.finish();
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        nodes[i]->digest = digests[i];
        nodes[i]->is_dirty = false;
      }
    }
  }
}

void MerkleTrie::add_node(BulkHasher& hasher, const Node& node) const {
  std::uint64_t present = 0;
  for (unsigned place = 0; place < kFanOut; ++place) {
    if (node.children[place] != 0) present |= std::uint64_t{1} << place;
  }
  hasher.begin().add(present);
  for (const std::uint32_t child : node.children) {
    if (child == 0) continue;
    hasher.add(child & kLeafBit ? leaves_[child & ~kLeafBit].digest : nodes_[child].digest);
  }
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
