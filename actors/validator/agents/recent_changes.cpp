#include "agents/recent_changes.hpp"

#include <algorithm>

#include "myelin/validator/key_pattern.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

namespace {

std::size_t size_of(const RecentChanges::Change& change) noexcept {
  return change.key.size() + change.cell.bytes.size();
}

bool is_wanted(const ChangesWanted& wanted, const RecentChanges::Commit& commit, std::string_view key) {
  if (commit.index == wanted.after.commit && key <= wanted.after.key) return false;  // of a commit seen in part
  return key.starts_with(wanted.prefix) && matches(wanted.pattern, key.substr(wanted.prefix.size()));
}

}  // namespace

RecentChanges::RecentChanges(std::size_t bytes_max, consensus::CommitIndex through)
    : bytes_max_{bytes_max}, forgotten_{through}, through_{through} {}

void RecentChanges::add(consensus::CommitIndex index, consensus::WallTime time, consensus::RecentCells changes) {
  through_ = index;
  if (changes.cells.empty()) return;
  std::size_t bytes = sizeof(Commit);
  for (const Change& change : changes.cells) bytes += sizeof(Change) + size_of(change);
  commits_.push_back({index, time, std::move(changes), bytes});
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    forgotten_ = commits_.front().index;
    bytes_ -= commits_.front().bytes;
    commits_.pop_front();
  }
}

void RecentChanges::forget(consensus::CommitIndex through) {
  commits_.clear();
  bytes_ = 0;
  forgotten_ = through_ = through;
}

bool RecentChanges::is_too_old(const ChangePlace& place) const noexcept {
  return place.commit < forgotten_ || (place.commit == forgotten_ && !place.key.empty());
}

std::deque<RecentChanges::Commit>::const_iterator RecentChanges::first_behind(const ChangePlace& place) const {
  // Of a commit that was looked at in part, the rest.
  const consensus::CommitIndex first = place.key.empty() ? place.commit + 1 : place.commit;
  return std::ranges::lower_bound(commits_, first, {}, &Commit::index);
}

RecentChanges::Page RecentChanges::page(const ChangesWanted& wanted) const {
  Page page;
  std::size_t bytes = 0;
  const auto has_room = [&](const Change& change) {
    return page.changes.size() < wanted.changes_max && bytes + size_of(change) <= limits::kChangesPageBytesMax;
  };
  for (auto commit = first_behind(wanted.after); commit != commits_.end(); ++commit) {
    const std::size_t begin = page.changes.size();
    for (const Change& change : commit->changes.cells) {
      if (!is_wanted(wanted, *commit, change.key)) continue;
      if (!page.changes.empty() && !has_room(change)) {
        if (begin > 0) {
          page.changes.resize(begin);
          page.through.commit = commit->index - 1;
        } else {
          page.through = {commit->index, std::string{page.changes.back().second->key}};
        }
        return page;
      }
      bytes += size_of(change);
      page.changes.emplace_back(&*commit, &change);
    }
  }
  page.through = wanted.after.commit > through_ ? wanted.after : ChangePlace{through_};
  return page;
}

RecentChanges::Page RecentChanges::all(const ChangesWanted& wanted, const ChangePlace& until) const {
  Page page;
  page.through = until;
  for (auto commit = first_behind(wanted.after); commit != commits_.end() && commit->index <= until.commit; ++commit) {
    for (const Change& change : commit->changes.cells) {
      if (commit->index == until.commit && !until.key.empty() && change.key > until.key) break;
      if (is_wanted(wanted, *commit, change.key)) page.changes.emplace_back(&*commit, &change);
    }
  }
  return page;
}

}  // namespace myelin::validator
