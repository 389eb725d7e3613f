/// What a state machine gives to whoever keeps its state on disk, and takes back from there.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/cell.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::consensus {

/// A state without what its keys hold and its clients were answered.
struct StateFields {
  CommitIndex applied = 0;
  WallTime time = 0;  ///< Of that commit.
  Epoch epoch = 0;
  std::vector<PublicKey> next_validators;  ///< Not empty: the epoch has ended.
  Digest root;                             ///< Of the whole state.

  friend bool operator==(const StateFields&, const StateFields&) = default;
};

/// A key, and what it holds now. Owns neither's text.
struct CellChange {
  std::string_view key;
  Cell cell;  ///< An absent one: the key was deleted, or perhaps never there.
};

/// Keys that have changed. Owns their texts; may be read on another thread than it was made on.
struct RecentCells {
  std::vector<CellChange> cells;  ///< In order of their keys, each once.
  std::unique_ptr<char[]> text;   ///< What the keys and their bytes lie in.
};

/// What has changed from one state to a later one. Owns its texts; may be read on another thread than it was made on.
struct StateDelta {
  using Change = CellChange;

  CommitIndex since = 0;      ///< The earlier state is the one after this commit.
  bool replaces_all = false;  ///< There is no earlier state: what is not in `cells` or `sessions` is gone.
  StateFields fields;
  std::vector<Change> cells;     ///< In no particular order, each key once.
  std::vector<Change> sessions;  ///< What clients were answered: opaque, and kept like the keys.
  std::unique_ptr<char[]> text;  ///< What the changes' keys and bytes lie in.
};

/// Gives a stored state back, piece by piece, in any order.
class StateSource {
 public:
  virtual ~StateSource() = default;
  /// The next key, and what it holds; false behind the last. Both are good until the next call.
  [[nodiscard]] virtual Result<bool> next_cell(std::string_view& key, Cell& cell) = 0;
  [[nodiscard]] virtual Result<bool> next_session(std::string_view& key, Cell& cell) = 0;
};

}  // namespace myelin::consensus
