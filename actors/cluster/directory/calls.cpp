#include "myelin/cluster/calls.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace myelin::cluster {

namespace {

Result<AgentListing> read_list(const Result<Held<schema::AgentList>>& answer) {
  if (!answer) return tl::unexpected{answer.error()};
  AgentListing listing;
  for (const auto entry : (*answer)->getAgents()) {
    Result<AgentAddress> address = read_address(entry.getAddress());
    if (!address) return tl::unexpected{std::move(address).error()};
    listing.agents.push_back({*std::move(address), entry.getType(), entry.getState(), entry.getWaiting()});
  }
  for (const auto node : (*answer)->getUnreachable()) listing.unreachable.emplace_back(node.cStr(), node.size());
  return listing;
}

}  // namespace

Result<AgentListing> ListCall::read(Result<Held<Answer>> answer) const { return read_list(answer); }

Result<AgentRef> FindCall::read(Result<Held<Answer>> answer) const {
  const Result<AgentListing> listing = read_list(answer);
  if (!listing) return tl::unexpected{listing.error()};
  const auto here = std::ranges::find_if(listing->agents, [&](const auto& one) { return one.address.node == self_; });
  if (here != listing->agents.end()) return resolve_(here->address);
  if (!listing->agents.empty()) return resolve_(listing->agents.front().address);
  if (listing->unreachable.empty()) {
    return fail(Errc::not_found, fmt::format("no node publishes an agent '{}'", name_));
  }
  return fail(Errc::unreachable, fmt::format("no node that answers publishes an agent '{}'; {} did not answer", name_,
                                             fmt::join(listing->unreachable, ", ")));
}

Result<AgentAddress> SpawnCall::read(Result<Held<Answer>> answer) const {
  if (!answer) return tl::unexpected{std::move(answer).error()};
  return read_address(**answer);
}

Result<std::monostate> StopCall::read(Result<Held<Answer>> answer) const {
  if (!answer) return tl::unexpected{std::move(answer).error()};
  return std::monostate{};
}

Result<AgentEnd> MonitorCall::read(Result<Held<Answer>> answer) const {
  if (!answer) {
    const Errc code = answer.error().code;
    // The connection broke, there is none, or the node's directory has ended: either way nothing more will be heard.
    if (code == Errc::unreachable || code == Errc::outcome_unknown || code == Errc::receiver_dead) {
      return AgentEnd{AgentEnd::Cause::node_lost, std::move(answer).error().message};
    }
    return tl::unexpected{std::move(answer).error()};
  }
  const schema::AgentEnded::Reader ended = **answer;
  const auto cause = ended.getIsUnknown()   ? AgentEnd::Cause::unknown
                     : ended.getHasFailed() ? AgentEnd::Cause::failed
                                            : AgentEnd::Cause::stopped;
  return AgentEnd{cause, ended.getReason()};
}

}  // namespace myelin::cluster
