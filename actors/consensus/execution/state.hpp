/// All that validators agree on: what the keys hold, what clients were answered, which epoch it is.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "execution/state_table.hpp"
#include "myelin/base/result.hpp"
#include "myelin/consensus/state_delta.hpp"
#include "myelin/consensus/state_machine.hpp"

namespace myelin::consensus {

/// What is kept of a client's batch.
struct SessionEntry {
  Sequence sequence = 0;
  bool is_cut = false;       // only the statuses were kept
  Digest batch;              // names what was executed
  std::string_view replies;  // as encode_replies() has them
};

/// **Thread-safety**: thread-compatible.
class State {
 public:
  explicit State(std::uint64_t hash_seed) : cells{hash_seed, true}, sessions_{hash_seed} {}

  StateTable cells;
  Epoch epoch = 0;
  std::vector<PublicKey> next_validators;  ///< Not empty: the epoch has ended.
  CommitIndex applied = 0;
  WallTime time = 0;  ///< Of the last commit.

  /// The batch that holds this one's place: an earlier one of the client's, itself, or a later one.
  [[nodiscard]] std::optional<SessionEntry> session(ClientId client, Sequence sequence) const;
  void set_session(ClientId client, const SessionEntry& entry, WallTime time);
  [[nodiscard]] bool knows(ClientId client) const { return clients_.contains(client); }
  [[nodiscard]] std::size_t client_count() const noexcept { return clients_.size(); }
  /// Forgets clients that were silent for kSessionIdle.
  void forget_idle(WallTime now);

  [[nodiscard]] Digest root(Workers* workers);
  /// Whether so much has changed that the root should be brought up to date, to free what is gone.
  [[nodiscard]] bool is_behind() const noexcept { return cells.dirty() + sessions_.dirty() > kDirtyMax; }

  [[nodiscard]] std::vector<std::byte> encode() const;
  /// **Errors**: corrupt_file. The root is the caller's to compare.
  [[nodiscard]] static Result<State> decode(std::span<const std::byte> bytes, std::uint64_t hash_seed);
  /// **Errors**: corrupt_file, and those of the source. The root is the caller's to compare.
  [[nodiscard]] static Result<State> load(const StateFields& fields, StateSource& source, std::uint64_t hash_seed);

  /// Notes from now on what changes, for take_changes() and take_recent(). `is_saved`: so far nothing has.
  void track(bool unsaved, bool recent, bool is_saved);
  [[nodiscard]] StateDelta take_changes(Workers* workers);
  [[nodiscard]] std::optional<RecentCells> take_recent();

 private:
  static constexpr std::size_t kDirtyMax = std::size_t{1} << 18;

  void note_client(ClientId client, WallTime time);
  /// Whether it can be what the key holds; takes it over if so.
  [[nodiscard]] bool add_cell(std::string_view key, const Cell& cell);
  [[nodiscard]] bool add_session(std::string_view key, const Cell& cell);

  StateTable sessions_;                             // by client and place: kSessionWindow a client
  std::unordered_map<ClientId, WallTime> clients_;  // when each was last heard of; made from sessions_
  WallTime oldest_ = 0;                             // no client was last heard of before this
  CommitIndex saved_ = 0;                           // what take_changes() goes on from
  bool tracks_unsaved_ = false;
  bool tracks_recent_ = false;
  bool is_replaced_ = false;      // since take_changes()
  bool has_lost_recent_ = false;  // it was replaced since take_recent()
};

}  // namespace myelin::consensus
