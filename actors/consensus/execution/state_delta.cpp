// What has changed of a state, taken out of it.
#include "myelin/consensus/state_delta.hpp"

#include <algorithm>
#include <utility>

#include "execution/state.hpp"

namespace myelin::consensus {

namespace {

std::size_t text_bytes(const StateTable::Touched& touched) {
  std::size_t bytes = 0;
  for (const StateTable::Entry* entry : touched.entries) bytes += entry->key.size() + entry->bytes.size();
  for (const std::string& key : touched.gone) bytes += key.size();
  return bytes;
}

/// Puts copies of texts one behind the other.
class Copier {
 public:
  explicit Copier(char* to) noexcept : to_{to} {}

  std::vector<StateDelta::Change> copy(const StateTable::Touched& touched) {
    std::vector<StateDelta::Change> changes;
    changes.reserve(touched.entries.size() + touched.gone.size());
    for (const StateTable::Entry* entry : touched.entries) {
      StateDelta::Change& change = changes.emplace_back(StateDelta::Change{copy(entry->key), entry->cell()});
      change.cell.bytes = copy(entry->bytes);
    }
    for (const std::string& key : touched.gone) changes.push_back({copy(key), {}});
    return changes;
  }

 private:
  std::string_view copy(std::string_view text) noexcept {
    const std::string_view copied{to_, text.copy(to_, text.size())};
    to_ += text.size();
    return copied;
  }

  char* to_;
};

}  // namespace

void State::track(bool unsaved, bool recent, bool is_saved) {
  tracks_unsaved_ = unsaved;
  tracks_recent_ = recent;
  cells.track(unsaved, recent);
  sessions_.track(unsaved, false);
  saved_ = is_saved ? applied : 0;
  is_replaced_ = !is_saved;
  has_lost_recent_ = applied > 0;
}

StateDelta State::take_changes(Workers* workers) {
  StateDelta delta;
  delta.fields = {applied, time, epoch, next_validators, root(workers)};
  delta.replaces_all = is_replaced_ || !tracks_unsaved_;
  delta.since = delta.replaces_all ? 0 : saved_;
  StateTable::Touched touched = cells.take_unsaved(), answered = sessions_.take_unsaved();
  if (delta.replaces_all) {
    touched = {cells.entries(), {}};
    answered = {sessions_.entries(), {}};
  }
  delta.text = std::make_unique_for_overwrite<char[]>(text_bytes(touched) + text_bytes(answered));
  Copier copier{delta.text.get()};
  delta.cells = copier.copy(touched);
  delta.sessions = copier.copy(answered);
  saved_ = applied;
  is_replaced_ = false;
  return delta;
}

std::optional<RecentCells> State::take_recent() {
  const StateTable::Touched touched = cells.take_recent();
  if (std::exchange(has_lost_recent_, false) || !tracks_recent_) return std::nullopt;
  RecentCells recent;
  recent.text = std::make_unique_for_overwrite<char[]>(text_bytes(touched));
  recent.cells = Copier{recent.text.get()}.copy(touched);
  for (CellChange& change : recent.cells) change.cell = in_force(change.cell, [this] { return time; });
  std::ranges::sort(recent.cells, {}, &CellChange::key);
  return recent;
}

}  // namespace myelin::consensus
