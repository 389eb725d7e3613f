/// What the last commits changed, for whoever watches keys.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "myelin/consensus/state_delta.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::validator {

/// Behind all changes of a commit and of those before it; or, where there is a key, behind this key's in that commit.
struct ChangePlace {
  consensus::CommitIndex commit = 0;
  std::string key{};

  friend bool operator==(const ChangePlace&, const ChangePlace&) = default;
};

/// Which changes are asked for: of keys that begin with `prefix` and match `pattern` behind it.
struct ChangesWanted {
  std::string prefix{};
  std::string pattern{};
  ChangePlace after{};
  std::size_t changes_max = 0;
};

/// A bounded memory of changes: the oldest commits are forgotten first. **Thread-safety**: thread-compatible.
class RecentChanges {
 public:
  using Change = consensus::CellChange;
  struct Commit {
    consensus::CommitIndex index = 0;
    consensus::WallTime time = 0;
    consensus::RecentCells changes;
    std::size_t bytes = 0;
  };
  /// Points into the memory: good until that is changed.
  struct Page {
    std::vector<std::pair<const Commit*, const Change*>> changes;
    ChangePlace through;  ///< All changes that are wanted, up to here, are among these.
  };

  /// Knows of nothing up to commit `through`. `bytes_max`: of keys and values, and what it takes to keep them.
  RecentChanges(std::size_t bytes_max, consensus::CommitIndex through);

  /// The changes of the next commit; of commits between, nothing changed. **Requires**: index > through().
  void add(consensus::CommitIndex index, consensus::WallTime time, consensus::RecentCells changes);
  /// What led to the state after commit `through` is not known.
  void forget(consensus::CommitIndex through);

  /// The last commit that it knows of.
  [[nodiscard]] consensus::CommitIndex through() const noexcept { return through_; }
  /// Changes behind this place are not all known any more.
  [[nodiscard]] bool is_too_old(const ChangePlace& place) const noexcept;

  /// What is wanted, as much as a page takes: whole commits, unless the first is more than that already.
  /// **Requires**: !is_too_old(wanted.after). **Cost**: looks at every change behind that place.
  [[nodiscard]] Page page(const ChangesWanted& wanted) const;
  /// All that is wanted up to `until`, that itself included. **Requires**: !is_too_old(wanted.after).
  [[nodiscard]] Page all(const ChangesWanted& wanted, const ChangePlace& until) const;

 private:
  [[nodiscard]] std::deque<Commit>::const_iterator first_behind(const ChangePlace& place) const;

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::deque<Commit> commits_;        // those that changed something
  consensus::CommitIndex forgotten_;  // up to this one, some may be missing
  consensus::CommitIndex through_;
};

}  // namespace myelin::validator
