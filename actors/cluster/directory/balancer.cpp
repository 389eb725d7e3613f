#include "myelin/cluster/balancer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "myelin/cluster/limits.hpp"

#include "myelin/actors/untyped.hpp"

namespace myelin::cluster {

Balancer::Balancer(Directory directory, BalancerOptions options)
    : directory_{std::move(directory)}, options_{std::move(options)} {
  if (options_.name.empty() && options_.type.empty()) {
    throw std::invalid_argument{"a balancer needs the name or the type of the agents that it is for"};
  }
}

void Balancer::on_start() {
  refresh();
  every(options_.refresh, Repeat{.jitter = 0.2}, [this] { refresh(); });
}

void Balancer::take(Frame message, ReplyAddress reply) {
  pass(std::move(message), std::make_shared<ReplyAddress>(std::move(reply)), targets_.size());
}

/// `attempts`: how often it may be put once more, where it could not be sent.
void Balancer::pass(Frame message, std::shared_ptr<ReplyAddress> reply, std::size_t attempts) {
  const std::shared_ptr<Target> target = choose();
  if (target == nullptr) {
    if (waiting_.size() < kWaitingMax) {
      waiting_.push_back({std::move(message), std::move(reply)});
    } else if (reply->wanted()) {
      reply->fail({Errc::overloaded, fmt::format("{} messages wait for an agent to be found", waiting_.size())});
    }
    return;
  }
  if (!reply->wanted()) return send(target->agent, std::move(message));
  ++target->open;
  ask_untyped(*this, target->agent, message, std::max(Duration{0}, Duration{reply->deadline() - now()}),
              [this, target, message, reply, attempts](Result<Frame> answer) {
                --target->open;
                if (answer) return reply->send(*std::move(answer));
                if (answer.error().code == Errc::unreachable && attempts > 0) {
                  std::erase(targets_, target);  // it is found again when it is there again
                  return pass(message, reply, attempts - 1);
                }
                reply->fail(std::move(answer).error());
              });
}

std::shared_ptr<Balancer::Target> Balancer::choose() {
  std::shared_ptr<Target> best;
  const bool preferred = std::ranges::any_of(targets_, &Target::preferred);
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const std::shared_ptr<Target>& one = targets_[(next_ + i) % targets_.size()];
    if (preferred && !one->preferred) continue;
    if (best == nullptr || one->waiting + one->open < best->waiting + best->open) best = one;
  }
  ++next_;
  return best;
}

void Balancer::refresh() {
  if (std::exchange(refreshing_, true)) return;
  ask(directory_.list(options_.name, options_.type), 2 * limits::kListLimit, [this](Result<AgentListing> listing) {
    refreshing_ = false;
    if (listing) refreshed(*listing);
  });
}

void Balancer::refreshed(const AgentListing& listing) {
  const auto view = directory_.view();
  std::vector<std::shared_ptr<Target>> targets;
  for (const ListedAgent& one : listing.agents) {
    const auto known =
        std::ranges::find_if(targets_, [&](const auto& target) { return target->address == one.address; });
    std::shared_ptr<Target> target = known != targets_.end() ? *known : std::make_shared<Target>();
    if (known == targets_.end()) {
      auto agent = directory_.resolve(one.address);
      if (!agent) continue;
      target->address = one.address;
      target->agent = *std::move(agent);
    }
    const Member* const member = view->find(one.address.node);
    target->preferred = !options_.prefer_tag.empty() && member != nullptr &&
                        std::ranges::find(member->tags, options_.prefer_tag) != member->tags.end();
    target->waiting = one.waiting;
    targets.push_back(std::move(target));
  }
  targets_ = std::move(targets);
  for (std::deque<Waiting> waiting = std::exchange(waiting_, {}); !waiting.empty(); waiting.pop_front()) {
    Waiting& first = waiting.front();
    if (first.reply->wanted() && (first.reply->cancelled() || first.reply->deadline() <= now())) {
      first.reply->fail({Errc::not_found, fmt::format("no node publishes an agent '{}'",
                                                      options_.name.empty() ? options_.type : options_.name)});
    } else {
      pass(std::move(first.message), std::move(first.reply), targets_.size());
    }
  }
}

}  // namespace myelin::cluster
