/// Cells by key: found by hash, listed in order of their keys, and summed up in a Merkle root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "execution/cell.hpp"
#include "execution/key_hash.hpp"
#include "execution/merkle_trie.hpp"
#include "execution/slab.hpp"

namespace myelin::consensus {

/// Keeps what costs more than the hash table lazily: the order of the keys until someone wants a range, the tree until
/// someone wants the root. **Thread-safety**: thread-compatible; find() and ordered() may run on many threads at once,
/// while nothing else does.
class StateTable {
 public:
  struct Entry {
    std::string key;
    std::string bytes;
    std::uint64_t hash = 0;
    std::uint32_t index = 0;  // its own, in entries_
    std::int64_t number = 0;
    ClientId holder = 0;
    WallTime expires = 0;
    WallTime listed_end = 0;  // under which it lies in ends_; 0: not there
    ValueKind kind = ValueKind::absent;
    bool is_dirty = false;     // changed since the tree was brought up to date; then in Changes::dirty
    bool is_unsaved = false;   // then in Changes::unsaved
    bool is_recent = false;    // then in Changes::recent
    bool was_absent = false;   // before it became recent
    bool is_ordered = false;   // in ordered_
    bool is_waiting = false;   // in waiting_
    bool is_relisted = false;  // then in Changes::relisted
    MerkleTrie::Leaf leaf = kNoLeaf;

    /// Valid until the entry is set again.
    [[nodiscard]] Cell cell() const noexcept { return {kind, number, holder, expires, bytes}; }
  };
  /// What was done to entries, for the sums over all.
  struct Changes {
    std::ptrdiff_t count = 0;  // keys that hold something
    std::ptrdiff_t bytes = 0;  // of keys and values
    std::vector<std::uint32_t> dirty;
    std::vector<std::uint32_t> unsaved;
    std::vector<std::uint32_t> recent;
    std::vector<std::uint32_t> relisted;  // whose end may be another than ends_ has
  };
  /// Keys that were set: those that have an entry, be it an absent one, and those that do not any more.
  struct Touched {
    std::vector<const Entry*> entries;
    std::vector<std::string> gone;
  };
  using Ordered = std::map<std::string_view, const Entry*>;

  /// `has_ends`: whether what `expires` says of a cell is its end, for take_ended().
  explicit StateTable(std::uint64_t hash_seed, bool has_ends = false) : seed_{hash_seed}, has_ends_{has_ends} {}

  [[nodiscard]] std::uint64_t hash(std::string_view key) const noexcept { return key_hash(key, seed_); }

  /// Null for a key that was never set; one that was may be absent too. Entries stay where they are until root().
  [[nodiscard]] const Entry* find(std::string_view key, std::uint64_t hash) const noexcept;
  [[nodiscard]] const Entry* find(std::string_view key) const noexcept { return find(key, hash(key)); }
  /// Says that find() will be called soon, so that its memory is at hand then.
  void expect(std::uint64_t hash) const noexcept {
    if (!places_.empty()) __builtin_prefetch(&places_[hash & (places_.size() - 1)]);
  }
  void set(std::string_view key, std::uint64_t hash, const Cell& cell);
  void set(std::string_view key, const Cell& cell) { set(key, hash(key), cell); }
  /// **Requires**: find() gave the entry, and root() was not called since.
  void set(const Entry& entry, const Cell& cell) { fill(entries_[entry.index], cell, all_); }
  /// The same, for many threads at once, each with entries and `changes` of its own. Nothing else may go on meanwhile,
  /// and absorb() must follow.
  void set_apart(const Entry& entry, const Cell& cell, Changes& changes) { fill(entries_[entry.index], cell, changes); }
  void absorb(Changes& changes);

  /// Keys that hold something, and their bytes and their values'.
  [[nodiscard]] std::size_t count() const noexcept { return static_cast<std::size_t>(all_.count); }
  [[nodiscard]] std::size_t bytes() const noexcept { return static_cast<std::size_t>(all_.bytes); }
  /// Keys set since root() was last asked for.
  [[nodiscard]] std::size_t dirty() const noexcept { return all_.dirty.size(); }

  /// Brings ordered() up to date.
  void order();
  /// Entries in order of their keys, absent ones among them. **Requires**: order() was called after the last set().
  [[nodiscard]] const Ordered& ordered() const noexcept { return ordered_; }

  /// Entries that hold something, in no particular order.
  [[nodiscard]] std::vector<const Entry*> entries() const;

  [[nodiscard]] Digest root(Workers* workers);

  /// Brings the order of ends up to date, which take_ended() does otherwise. **Cost**: of the keys whose end was set
  /// since.
  void list_ends();
  /// Makes those absent that are over by then: `keys_max` at most, the one that ended first before others, and of one
  /// time in order of their keys. Returns how many. **Cost**: a little for each key with an end that was set since.
  std::size_t take_ended(WallTime now, std::size_t keys_max);

  /// Begins to note which keys are set, for take_unsaved() and for take_recent(). Each notes what was set since it was
  /// last called, or else since this; in no particular order. **Cost**: of what was set.
  void track(bool unsaved, bool recent) noexcept;
  [[nodiscard]] Touched take_unsaved() { return take(all_.unsaved, &Entry::is_unsaved, gone_unsaved_); }
  /// Without keys that held nothing before and hold nothing now: executors differ in whether they set those.
  [[nodiscard]] Touched take_recent();

 private:
  static constexpr MerkleTrie::Leaf kNoLeaf = 0xffff'ffff;
  static constexpr std::uint32_t kFree = 0xffff'ffff;
  struct Place {
    std::uint32_t entry = kFree;
    std::uint32_t tag = 0;  // The hash's upper half.
  };

  struct End {
    WallTime time;
    const Entry* entry;
    friend bool operator<(const End& a, const End& b) noexcept {
      return a.time != b.time ? a.time < b.time : a.entry->key < b.entry->key;
    }
  };

  void fill(Entry& entry, const Cell& cell, Changes& changes) const;
  Touched take(std::vector<std::uint32_t>& indices, bool Entry::*flag, std::vector<std::string>& gone);
  void grow();
  void forget(std::uint32_t index);
  void tidy_waiting();

  std::uint64_t seed_;
  bool has_ends_;
  std::vector<Place> places_;  // Open addressing with linear probing; a power of two, at most half full.
  Slab<Entry> entries_;
  std::size_t used_ = 0;  // entries in places_
  Changes all_;
  Ordered ordered_;
  std::vector<std::uint32_t> waiting_;  // to be put in order
  std::set<End> ends_;
  MerkleTrie tree_;
  bool tracks_unsaved_ = false;
  bool tracks_recent_ = false;
  std::vector<std::string> gone_unsaved_;  // of entries that were forgotten before they were taken
  std::vector<std::string> gone_recent_;
};

}  // namespace myelin::consensus
