/// A Byzantine validator: an unmodified process whose messages are tampered with, and that sends some of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "cluster/process.hpp"
#include "cluster/scenario.hpp"
#include "cluster/world.hpp"

namespace myelin::sim {

/// **Thread-safety**: thread-compatible.
class Liar final : public Tampering {
 public:
  Liar(World& world, Process& process, const ByzantinePlan& plan, Random random);

  /// From now on it also acts of its own accord.
  void start();

  bool broadcast(consensus::Epoch epoch, const consensus::VertexPtr& vertex) override;
  bool send(consensus::Epoch epoch, std::size_t to, consensus::PeerMessage& message) override;
  bool receive(const Envelope& envelope) override;
  void executed(consensus::IndexedDigest& state) override;

 private:
  [[nodiscard]] std::vector<std::size_t> peers();
  void send_to(const std::vector<std::size_t>& peers, const consensus::VertexPtr& vertex);
  [[nodiscard]] consensus::VertexPtr sign(consensus::VertexContent content, const consensus::Vertex& like);
  [[nodiscard]] consensus::VertexPtr sibling(const consensus::Vertex& vertex);
  [[nodiscard]] consensus::VertexPtr with_stale_parents(const consensus::Vertex& vertex);
  [[nodiscard]] consensus::VertexPtr with_wrong_votes(const consensus::Vertex& vertex);
  void remember(const consensus::VertexPtr& vertex);
  void hide(const consensus::VertexPtr& vertex);
  [[nodiscard]] bool attack(Attack attack, const consensus::VertexPtr& vertex);
  bool build_on_hidden(const consensus::VertexPtr& vertex);
  void send_three_versions(const consensus::VertexPtr& vertex);

  void act();
  void send_garbage(std::size_t to);
  void usurp();
  void send_old(std::size_t to);
  void flood_future(std::size_t to);
  void send_unasked(std::size_t to);
  [[nodiscard]] consensus::StatementReply common_lie(consensus::Epoch epoch);
  [[nodiscard]] consensus::StatementReply false_statement(consensus::CommitIndex index);
  [[nodiscard]] consensus::SnapshotPtr snapshot_of_theft(const consensus::SnapshotPtr& from);
  [[nodiscard]] consensus::SnapshotPtr false_snapshot(const consensus::SnapshotPtr& from);

  World& world_;
  Process& process_;
  const ByzantinePlan& plan_;
  Random random_;
  std::deque<consensus::VertexPtr> seen_;  // Anybody's, of any epoch; the last ones.
  std::map<consensus::ValidatorIndex, std::vector<consensus::VertexRef>> old_refs_;  // By author, of this epoch.
  consensus::Epoch refs_epoch_ = 0;
  std::unordered_map<consensus::Digest, consensus::VertexPtr> hidden_;  // Ours, which our own core does not know.
  consensus::VertexPtr hidden_parent_;
  consensus::SnapshotPtr last_snapshot_;
  consensus::Sequence usurpations_ = 0;
};

}  // namespace myelin::sim
