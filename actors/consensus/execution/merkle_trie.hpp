/// A Merkle tree whose shape and root depend on what it holds, and not on how it came to.
#pragma once

#include <array>
#include <cstdint>

#include "execution/slab.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/consensus/workers.hpp"

namespace myelin::consensus {

/// Leaves by their paths, four bits a level. An inner node stands where two or more leaves share the path up to it, and
/// the root always; so a leaf hangs at the first level where it is alone, and the tree is about log16 of its leaves
/// deep. Nodes that changed are hashed again when the root is asked for, each once however many leaves changed below.
/// **Thread-safety**: thread-compatible.
class MerkleTrie {
 public:
  using Leaf = std::uint32_t;

  MerkleTrie();

  /// **Requires**: no leaf has this path, and the digest stands for the path too: the tree does not show where a path
  /// goes below the leaf. Paths are digests: as good as random.
  [[nodiscard]] Leaf insert(const Digest& path, const Digest& digest);
  void update(Leaf leaf, const Digest& digest);
  void erase(Leaf leaf);
  [[nodiscard]] const Digest& path(Leaf leaf) const noexcept { return leaves_[leaf].path; }

  /// **Cost**: 0.1 to 0.7 us a node that changed. `workers`: null for none.
  [[nodiscard]] Digest root(Workers* workers);

 private:
  static constexpr unsigned kFanOut = 16;
  static constexpr std::uint32_t kLeafBit = std::uint32_t{1} << 31;
  static constexpr std::uint32_t kRoot = 0;

  struct LeafNode {
    Digest path;
    Digest digest;
  };
  struct Node {
    std::array<std::uint32_t, kFanOut> children{};  // 0: none; with kLeafBit: a leaf. The root is nobody's child.
    Digest digest;
    bool is_dirty = true;
  };

  void rehash(Node& top);
  void add_node(BulkHasher& hasher, const Node& node) const;

  Slab<Node> nodes_;
  Slab<LeafNode> leaves_;
};

}  // namespace myelin::consensus
