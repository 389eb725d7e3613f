#include "node/event_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "myelin/actors/interceptor.hpp"

namespace myelin::tool {

namespace {

constexpr std::chrono::minutes kBetweenRefusals{1};

}  // namespace

void ViewLog::explain_by(std::function<std::string(const std::string& node)> reason) {
  const std::lock_guard guard{mutex_};
  reason_ = std::move(reason);
}

void ViewLog::end() {
  const std::lock_guard guard{mutex_};
  ended_ = true;
  reason_ = nullptr;
}

void ViewLog::look_at(const cluster::View& view) {
  const std::lock_guard guard{mutex_};
  if (ended_) return;
  for (const cluster::Member& member : view.members) {
    if (member.node == self_) continue;
    Known& known = known_[member.node];
    const bool changes = known.state != cluster::to_string(member.state);
    // Where it is it says itself, a moment after it is up.
    const bool moves = member.state == cluster::MemberState::up && known.address != member.address;
    if (changes) {
      known.state = cluster::to_string(member.state);
      log_state(member);
    }
    if (!moves) continue;
    known.address = member.address;
    log_->info("node '{}' {}", member.node,
               member.address.empty() ? "has no address: it dials others" : fmt::format("is at {}", member.address));
  }
}

void ViewLog::log_state(const cluster::Member& member) {
  switch (member.state) {
    case cluster::MemberState::up: return log_->info("node '{}' is up", member.node);
    case cluster::MemberState::left: return log_->info("node '{}' has left", member.node);
    case cluster::MemberState::down: break;
  }
  const std::string reason = reason_ ? reason_(member.node) : std::string{};
  log_->warn("node '{}' is down{}{}", member.node, reason.empty() ? "" : ": ", reason);
}

void SeedLog::look_at(const std::vector<network::SeedStatus>& seeds) {
  for (const network::SeedStatus& seed : seeds) {
    std::set<std::string>& told = told_[seed.address];
    if (seed.last_error.empty()) {
      told.clear();
    } else if (told.size() < kReasonsMax && told.insert(seed.last_error).second) {
      log_->warn("seed {} cannot be had, and is dialled again: {}", seed.address, seed.last_error);
    }
  }
}

void RefusalLog::add(const std::string& address, const Error& why, TimePoint now) {
  if (now - minute_ >= kBetweenRefusals) {
    if (untold_ != 0) log_->warn("{} others were not let in within a minute", untold_);
    minute_ = now;
    lines_ = untold_ = 0;
  }
  auto found = told_.find(why.message);
  if (found == told_.end()) {
    if (lines_ == kLinesAMinute) {
      ++untold_;
      return;
    }
    if (told_.size() == kReasonsMax) {
      told_.erase(std::ranges::min_element(told_, {}, [](const auto& one) { return one.second.at; }));
    }
    found = told_.emplace(why.message, Told{}).first;
  } else if (now - found->second.at < kBetweenRefusals) {
    ++found->second.since;
    return;
  }
  ++lines_;
  const std::uint64_t others = std::exchange(found->second, {now, 0}).since;
  log_->warn("{} was not let in{}: {}", address,
             others == 0 ? "" : fmt::format(", as {} others since that was said last", others), why.message);
}

void log_failure(spdlog::logger& log, const cluster::Directory& directory, const ChildFailure& failure) {
  if (!failure.returns) return;
  const auto all = directory.published();
  const auto found = std::ranges::find(all, failure.child, &cluster::PublishedAgent::agent);
  const std::string who = found == all.end()    ? fmt::format("an agent of class {}", class_name_of(failure.child))
                          : found->type.empty() ? fmt::format("agent '{}'", found->name)
                                                : fmt::format("agent '{}' of type '{}'", found->name, found->type);
  log.warn("{} has failed, and is started again{}: {}", who,
           failure.attempt < 2 ? "" : fmt::format(", time {} in a row", failure.attempt), failure.error.message);
}

void QuorumLog::look_at(const validator::CommitteeFile& committee, const std::vector<network::PeerStatus>& peers) {
  const std::size_t all = committee.members.size();
  const auto is_there = [&](const auto& member) {
    return member.name == self_ || std::ranges::any_of(peers, [&](const network::PeerStatus& peer) {
             return peer.connected && peer.node == member.name;
           });
  };
  const auto there = static_cast<std::size_t>(std::ranges::count_if(committee.members, is_there));
  const std::size_t quorum = all - (all - 1) / 3;
  const bool has_quorum = there >= quorum;
  if (has_quorum == has_quorum_ && looked_) return;
  if (has_quorum) {
    log_->info("{} of {} validators are there: the shared memory goes on", there, all);
  } else {
    log_->warn("{} of {} validators are there: the shared memory takes nothing until {} are", there, all, quorum);
  }
  has_quorum_ = has_quorum;
  looked_ = true;
}

}  // namespace myelin::tool
