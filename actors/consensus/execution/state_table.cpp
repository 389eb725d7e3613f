#include "execution/state_table.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace myelin::consensus {

namespace {

constexpr std::size_t kPlacesMin = 64;
constexpr std::size_t kWaitingMin = 1024;

// Leaves that a worker hashes at a time: some 10 us of work.
constexpr std::size_t kLeavesAtOnce = 32;

std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

// The path stands for the key.
void add_leaf(BulkHasher& leaves, const Digest& path, const StateTable::Entry& entry) {
  leaves.begin()
      .add(path)
      .add(static_cast<std::uint64_t>(entry.kind))
      .add(static_cast<std::uint64_t>(entry.number))
      .add(entry.holder)
      .add(static_cast<std::uint64_t>(entry.expires))
      .add(entry.bytes);
}

}  // namespace

const StateTable::Entry* StateTable::find(std::string_view key, std::uint64_t hash) const noexcept {
  if (places_.empty()) return nullptr;
  const std::size_t mask = places_.size() - 1;
  for (std::size_t at = hash & mask; places_[at].entry != kFree; at = (at + 1) & mask) {
    if (places_[at].tag != tag_of(hash)) continue;
    const Entry& entry = entries_[places_[at].entry];
    if (is_same_key(entry.key, key)) return &entry;
  }
  return nullptr;
}

void StateTable::set(std::string_view key, std::uint64_t hash, const Cell& cell) {
  if (2 * (used_ + 1) > places_.size()) grow();
  const std::size_t mask = places_.size() - 1;
  std::size_t at = hash & mask;
  for (; places_[at].entry != kFree; at = (at + 1) & mask) {
    if (places_[at].tag == tag_of(hash) && is_same_key(entries_[places_[at].entry].key, key)) break;
  }
  std::uint32_t index = places_[at].entry;
  if (index == kFree) {
    if (cell.kind == ValueKind::absent) return;
    index = entries_.allocate();
    Entry& entry = entries_[index];
    entry.key = key;
    entry.hash = hash;
    entry.index = index;
    if (!entry.is_waiting) waiting_.push_back(index);
    entry.is_waiting = true;
    places_[at] = {index, tag_of(hash)};
    ++used_;
  }
  fill(entries_[index], cell, all_);
}

void StateTable::fill(Entry& entry, const Cell& cell, Changes& changes) const {
  const auto size = [&entry] { return static_cast<std::ptrdiff_t>(entry.key.size() + entry.bytes.size()); };
  if (tracks_recent_ && !entry.is_recent) entry.was_absent = entry.kind == ValueKind::absent;
  if (entry.kind != ValueKind::absent) {
    --changes.count;
    changes.bytes -= size();
  }
  entry.kind = cell.kind;
  entry.number = cell.number;
  entry.holder = cell.holder;
  entry.expires = cell.expires;
  entry.bytes.assign(cell.bytes);
  if (entry.kind != ValueKind::absent) {
    ++changes.count;
    changes.bytes += size();
  }
  if (!entry.is_dirty) changes.dirty.push_back(entry.index);
  entry.is_dirty = true;
  if (has_ends_ && entry.expires != entry.listed_end && !entry.is_relisted) {
    changes.relisted.push_back(entry.index);
    entry.is_relisted = true;
  }
  if (tracks_unsaved_ && !entry.is_unsaved) {
    changes.unsaved.push_back(entry.index);
    entry.is_unsaved = true;
  }
  if (tracks_recent_ && !entry.is_recent) {
    changes.recent.push_back(entry.index);
    entry.is_recent = true;
  }
}

void StateTable::track(bool unsaved, bool recent) noexcept {
  tracks_unsaved_ = unsaved;
  tracks_recent_ = recent;
}

// The numbers of forgotten entries are still among the indices, and may be others' by now: the flags tell.
StateTable::Touched StateTable::take(std::vector<std::uint32_t>& indices, bool Entry::*flag,
                                     std::vector<std::string>& gone) {
  Touched touched;
  touched.entries.reserve(indices.size());
  for (const std::uint32_t index : indices) {
    Entry& entry = entries_[index];
    if (!(entry.*flag)) continue;
    entry.*flag = false;
    touched.entries.push_back(&entry);
  }
  indices.clear();
  // One that was set again has an entry again.
  std::erase_if(gone, [this](const std::string& key) { return find(key) != nullptr; });
  std::ranges::sort(gone);
  gone.erase(std::unique(gone.begin(), gone.end()), gone.end());
  touched.gone = std::exchange(gone, {});
  return touched;
}

StateTable::Touched StateTable::take_recent() {
  // One that was forgotten and set again held something before.
  for (const std::string& key : gone_recent_) {
    if (const Entry* const again = find(key)) entries_[again->index].was_absent = false;
  }
  Touched touched = take(all_.recent, &Entry::is_recent, gone_recent_);
  std::erase_if(touched.entries,
                [](const Entry* entry) { return entry->was_absent && entry->kind == ValueKind::absent; });
  return touched;
}

void StateTable::absorb(Changes& changes) {
  all_.count += changes.count;
  all_.bytes += changes.bytes;
  const auto move_all = [](std::vector<std::uint32_t>& from, std::vector<std::uint32_t>& to) {
    to.insert(to.end(), from.begin(), from.end());
    from.clear();
  };
  move_all(changes.dirty, all_.dirty);
  move_all(changes.unsaved, all_.unsaved);
  move_all(changes.recent, all_.recent);
  move_all(changes.relisted, all_.relisted);
  changes.count = 0;
  changes.bytes = 0;
}

// Numbers of forgotten entries are among the indices here, too.
void StateTable::list_ends() {
  for (const std::uint32_t index : all_.relisted) {
    Entry& entry = entries_[index];
    if (!entry.is_relisted) continue;
    entry.is_relisted = false;
    if (entry.expires == entry.listed_end) continue;
    if (entry.listed_end != 0) ends_.erase({entry.listed_end, &entry});
    entry.listed_end = entry.expires;
    if (entry.listed_end != 0) ends_.insert({entry.listed_end, &entry});
  }
  all_.relisted.clear();
}

std::size_t StateTable::take_ended(WallTime now, std::size_t keys_max) {
  list_ends();
  std::size_t taken = 0;
  for (; taken < keys_max && !ends_.empty() && is_over(ends_.begin()->time, now); ++taken) {
    Entry& entry = entries_[ends_.begin()->entry->index];
    ends_.erase(ends_.begin());
    entry.listed_end = 0;
    fill(entry, {}, all_);
  }
  return taken;
}

void StateTable::grow() {
  std::vector<Place> places(std::max(kPlacesMin, 2 * places_.size()));
  const std::size_t mask = places.size() - 1;
  for (const Place& place : places_) {
    if (place.entry == kFree) continue;
    std::size_t at = entries_[place.entry].hash & mask;
    while (places[at].entry != kFree) at = (at + 1) & mask;
    places[at] = place;
  }
  places_ = std::move(places);
}

void StateTable::order() {
  for (const std::uint32_t index : waiting_) {
    Entry& entry = entries_[index];
    entry.is_waiting = false;
    if (entry.is_ordered || entry.key.empty()) continue;
    entry.is_ordered = true;
    ordered_.emplace(entry.key, &entry);
  }
  waiting_.clear();
}

std::vector<const StateTable::Entry*> StateTable::entries() const {
  std::vector<const Entry*> entries;
  entries.reserve(count());
  for (const Place& place : places_) {
    if (place.entry == kFree || entries_[place.entry].kind == ValueKind::absent) continue;
    entries.push_back(&entries_[place.entry]);
  }
  return entries;
}

// Numbers of forgotten entries stay in waiting_; before they are the most of it, they go.
void StateTable::tidy_waiting() {
  if (waiting_.size() < 2 * used_ + kWaitingMin) return;
  std::vector<std::uint32_t> waiting;
  for (const std::uint32_t index : waiting_) {
    if (!entries_[index].is_waiting) continue;
    entries_[index].is_waiting = false;
    waiting.push_back(index);
  }
  for (const std::uint32_t index : waiting) entries_[index].is_waiting = true;
  waiting_ = std::move(waiting);
}

// Takes an entry out of the table. Later ones of the same run move up, so that no mark of the dead is needed.
void StateTable::forget(std::uint32_t index) {
  const std::size_t mask = places_.size() - 1;
  std::size_t hole = entries_[index].hash & mask;
  while (places_[hole].entry != index) hole = (hole + 1) & mask;
  for (std::size_t at = (hole + 1) & mask; places_[at].entry != kFree; at = (at + 1) & mask) {
    const std::size_t home = entries_[places_[at].entry].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;  // Its home lies behind the hole.
    places_[hole] = places_[at];
    hole = at;
  }
  places_[hole] = {};
  --used_;
  if (entries_[index].is_ordered) ordered_.erase(entries_[index].key);
  if (entries_[index].listed_end != 0) ends_.erase({entries_[index].listed_end, &entries_[index]});
  if (entries_[index].is_unsaved) gone_unsaved_.push_back(entries_[index].key);
  if (entries_[index].is_recent && !entries_[index].was_absent) gone_recent_.push_back(entries_[index].key);
  entries_.free(index);
}

Digest StateTable::root(Workers* workers) {
  std::vector<Digest> digests(all_.dirty.size());
  std::vector<Digest> paths(all_.dirty.size());
  std::atomic<std::size_t> next{0};
  const auto hash_leaves = [&](std::size_t) {
    BulkHasher new_paths{Domain::state_path};
    BulkHasher leaves{Domain::state_leaf};
    for (std::size_t begin = next.fetch_add(kLeavesAtOnce); begin < all_.dirty.size();
         begin = next.fetch_add(kLeavesAtOnce)) {
      const std::size_t end = std::min(begin + kLeavesAtOnce, all_.dirty.size());
      // Those that have a leaf: the others' paths, then all leaves.
      const auto for_each = [&](const auto& act) {
        for (std::size_t i = begin; i < end; ++i) {
          const Entry& entry = entries_[all_.dirty[i]];
          if (entry.kind != ValueKind::absent) act(entry, i);
        }
      };
      bool are_new = false;
      for_each([&](const Entry& entry, std::size_t i) {
        if (entry.leaf != kNoLeaf) {
          paths[i] = tree_.path(entry.leaf);
        } else {
          new_paths.begin().add(entry.key);
          are_new = true;
        }
      });
      if (are_new) {
        const Digest* path = new_paths.finish().data();
        for_each([&](const Entry& entry, std::size_t i) {
          if (entry.leaf == kNoLeaf) paths[i] = *path++;
        });
      }
      bool are_leaves = false;
      for_each([&](const Entry& entry, std::size_t i) {
        add_leaf(leaves, paths[i], entry);
        are_leaves = true;
      });
      if (!are_leaves) continue;
      const Digest* digest = leaves.finish().data();
      for_each([&](const Entry&, std::size_t i) { digests[i] = *digest++; });
    }
  };
  const bool is_large = all_.dirty.size() > 8 * kLeavesAtOnce;
  if (workers && is_large) {
    workers->run(hash_leaves);
  } else {
    hash_leaves(0);
  }
  for (std::size_t i = 0; i < all_.dirty.size(); ++i) {
    Entry& entry = entries_[all_.dirty[i]];
    entry.is_dirty = false;
    if (entry.kind == ValueKind::absent) {
      if (entry.leaf != kNoLeaf) tree_.erase(entry.leaf);
      forget(all_.dirty[i]);
    } else if (entry.leaf == kNoLeaf) {
      entry.leaf = tree_.insert(paths[i], digests[i]);
    } else {
      tree_.update(entry.leaf, digests[i]);
    }
  }
  all_.dirty.clear();
  tidy_waiting();
  return tree_.root(is_large ? workers : nullptr);
}

}  // namespace myelin::consensus
