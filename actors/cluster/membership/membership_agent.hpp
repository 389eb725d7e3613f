/// Tells other nodes what this one knows of the cluster, and takes in what they know.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "membership/board.hpp"
#include "membership/records.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/cluster.capnp.h"

namespace myelin::network {
class Node;
}  // namespace myelin::network

namespace myelin::cluster {

/// What is new goes to all connected nodes at once, and on from them; besides, each node tells one other everything
/// now and then. Nodes that it hears of are dialled; those that have left are not any more.
class MembershipAgent final : public Agent {
 public:
  /// By which it is published on every node.
  static constexpr const char* kName = "myelin.membership";

  struct Parts {
    network::Node& node;  ///< Outlives it.
    std::shared_ptr<Board> board;
    std::function<void(const View&)> on_view;  ///< Called with each new one; may be empty.
    Duration gossip_period;
    std::uint64_t seed;  ///< Decides whom it tells everything.
  };
  MembershipAgent(Record own, Parts parts);

  static void handlers(Handlers<MembershipAgent>& on) {
    on.message<&MembershipAgent::take>();
    on.message<&MembershipAgent::peer_changed>();
    on.message<&MembershipAgent::leave>();
  }

  void on_start() override;
  void on_turn_end() override;

 private:
  void take(schema::Gossip::Reader gossip);
  void peer_changed(schema::PeerChange::Reader change);
  void leave(schema::Leave::Reader, Reply<schema::Left> reply);
  void gossip();
  void send_records(const std::string& node, const std::set<std::string>* only);
  /// What follows from a record that has changed.
  void act_on(const Record& record);

  const Parts parts_;
  Records records_;
  std::set<std::string> news_;  ///< Nodes whose records the others are to be told of.
  std::minstd_rand random_;
};

}  // namespace myelin::cluster
