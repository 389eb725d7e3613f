/// Keys in order, added to by many threads at once and never taken out: a skip list.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include "execution/arena.hpp"

namespace myelin::consensus {

/// **Thread-safety**: thread-safe, but for clear(). **Source**: the skip list of LevelDB, whose readers need no lock;
/// here writers need none either, for they only add.
class KeyOrder {
 public:
  static constexpr unsigned kLevels = 12;

  struct Node {
    std::string_view key;
    const void* slot = nullptr;
    std::atomic<Node*>* next = nullptr;  // one a level
  };

  /// Forgets all; the nodes' memory is the arenas'.
  void clear() noexcept {
    for (std::atomic<Node*>& link : head_) link.store(nullptr, std::memory_order_relaxed);
  }

  /// Adds a key, if it is not there. `random`: decides the node's height. **Requires**: the key lives as long.
  void insert(std::string_view key, std::uint64_t random, const void* slot, Arena& arena) {
    std::array<std::atomic<Node*>*, kLevels> links{};
    if (find(key, links)) return;
    // One node in four is one level higher.
    const unsigned height =
        1 + std::min<unsigned>(kLevels - 1, static_cast<unsigned>(std::countr_zero(random | 1ULL << 40)) / 2);
    auto* node = new (arena.allocate(sizeof(Node), alignof(Node))) Node{key, slot, nullptr};
    using Link = std::atomic<Node*>;
    node->next = static_cast<Link*>(arena.allocate(height * sizeof(Link), alignof(Link)));
    for (unsigned level = 0; level < height; ++level) new (&node->next[level]) Link{nullptr};
    for (unsigned level = 0; level < height; ++level) {
      while (true) {
        Node* after = links[level]->load(std::memory_order_acquire);
        if (after && after->key < key) {  // Somebody was faster: further on.
          links[level] = &after->next[level];
          continue;
        }
        if (after && after->key == key) {
          if (level == 0) return;
          break;  // Cannot be: whoever is at a higher level is at the lowest.
        }
        node->next[level].store(after, std::memory_order_relaxed);
        if (links[level]->compare_exchange_strong(after, node, std::memory_order_acq_rel)) break;
      }
    }
  }

  /// The first node whose key is not below `key`; null for none.
  [[nodiscard]] const Node* lower_bound(std::string_view key) const noexcept {
    std::array<std::atomic<Node*>*, kLevels> links{};
    static_cast<void>(const_cast<KeyOrder*>(this)->find(key, links));
    return links[0]->load(std::memory_order_acquire);
  }
  [[nodiscard]] static const Node* next(const Node* node) noexcept {
    return node->next[0].load(std::memory_order_acquire);
  }

 private:
  /// On each level, the link that leads to the first node not below `key`, as things were. Whether the key is there.
  bool find(std::string_view key, std::array<std::atomic<Node*>*, kLevels>& links) noexcept {
    std::atomic<Node*>* tower = head_.data();
    Node* after = nullptr;
    for (unsigned level = kLevels; level-- > 0;) {
      after = tower[level].load(std::memory_order_acquire);
      while (after && after->key < key) {
        tower = after->next;
        after = tower[level].load(std::memory_order_acquire);
      }
      links[level] = &tower[level];
    }
    return after && after->key == key;
  }

  std::array<std::atomic<Node*>, kLevels> head_{};
};

}  // namespace myelin::consensus
