#include "membership/records.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "myelin/cluster/limits.hpp"
#include "myelin/network/certificates.hpp"

namespace myelin::cluster {

namespace {

std::pair<std::uint64_t, std::uint64_t> age_of(const Record& record) { return {record.incarnation, record.version}; }

}  // namespace

Result<void> check(const Record& record) {
  if (Result<void> named = network::check_name("node", record.node); !named) return named;
  if (record.address.size() > limits::kAddressBytesMax) {
    return fail(Errc::invalid_argument,
                fmt::format("an address of {} bytes; {} are allowed", record.address.size(), limits::kAddressBytesMax));
  }
  if (record.connected_to.size() > limits::kMembersMax) {
    return fail(Errc::invalid_argument, fmt::format("node '{}' has {} connections; {} are allowed", record.node,
                                                    record.connected_to.size(), limits::kMembersMax));
  }
  for (const std::string& node : record.connected_to) {
    if (Result<void> named = network::check_name("node", node); !named) return named;
  }
  if (record.tags.size() > limits::kTagsMax) {
    return fail(Errc::invalid_argument, fmt::format("node '{}' has {} tags; {} are allowed", record.node,
                                                    record.tags.size(), limits::kTagsMax));
  }
  for (const std::string& tag : record.tags) {
    if (tag.empty() || tag.size() > limits::kTagBytesMax) {
      return fail(Errc::invalid_argument,
                  fmt::format("a tag of {} bytes; it has 1 to {}", tag.size(), limits::kTagBytesMax));
    }
  }
  return {};
}

Records::Records(Record own) : self_{own.node} { records_.emplace(self_, std::move(own)); }

const Record* Records::find(std::string_view node) const {
  const auto found = records_.find(node);
  return found == records_.end() ? nullptr : &found->second;
}

bool Records::set_connected(std::string_view node, bool connected) {
  Record& own = records_.find(self_)->second;
  const bool changed =
      connected ? own.connected_to.emplace(node).second : own.connected_to.erase(std::string{node}) != 0;
  if (changed) ++own.version;
  return changed;
}

void Records::leave() {
  Record& own = records_.find(self_)->second;
  own.has_left = true;
  ++own.version;
}

bool Records::merge(const Record& record) {
  if (record.node == self_) {
    // What was said of this node in an earlier life, by its clock or another's, must not outlast it.
    Record& own = records_.find(self_)->second;
    if (age_of(record) < age_of(own) || record == own) return false;
    own.incarnation = record.incarnation + 1;
    own.version = 0;
    return true;
  }
  const auto known = records_.find(record.node);
  if (known == records_.end()) {
    if (records_.size() >= limits::kMembersMax && !make_room()) return false;
    records_.emplace(record.node, record);
    return true;
  }
  if (age_of(record) <= age_of(known->second)) return false;
  known->second = record;
  return true;
}

/// Forgets a node that has left, or else one that is down.
bool Records::make_room() {
  const std::set<std::string_view> up = reached();
  for (const bool left_only : {true, false}) {
    const auto gone = std::ranges::find_if(records_, [&](const auto& one) {
      return one.first != self_ && (one.second.has_left || (!left_only && !up.contains(one.first)));
    });
    if (gone == records_.end()) continue;
    records_.erase(gone);
    return true;
  }
  return false;
}

std::set<std::string_view> Records::reached() const {
  std::set<std::string_view> reached{self_};
  for (std::vector<std::string_view> next{self_}; !next.empty();) {
    const Record& record = records_.find(next.back())->second;
    next.pop_back();
    for (const std::string& other : record.connected_to) {
      const auto known = records_.find(other);
      if (known == records_.end() || known->second.has_left) continue;
      if (reached.insert(known->first).second) next.push_back(known->first);
    }
  }
  return reached;
}

View Records::view() const {
  const std::set<std::string_view> up = reached();
  View view;
  view.members.reserve(records_.size());
  for (const auto& [node, record] : records_) {
    const MemberState state = record.has_left     ? MemberState::left
                              : up.contains(node) ? MemberState::up
                                                  : MemberState::down;
    view.members.push_back({.node = node,
                            .address = record.address,
                            .state = state,
                            .connected = node == self_ || own().connected_to.contains(node),
                            .incarnation = record.incarnation,
                            .tags = record.tags});
  }
  return view;
}

}  // namespace myelin::cluster
