/// One process among others: its agents are reached by those of other nodes, and reach theirs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"
#include "myelin/network/certificates.hpp"
#include "myelin/network/role.hpp"

namespace myelin {
class Mesh;
}  // namespace myelin

namespace myelin::network {

/// Another node, and where it listens.
struct PeerAddress {
  std::string node;
  std::string address;  ///< "host:port".
};

/// An agent that another node publishes.
struct AgentName {
  std::string node;
  std::string agent;
};

/// What is known of another node.
struct PeerStatus {
  /// Its name; for who is no node, one that no node can have.
  std::string node;
  Role role = Role::node;
  bool connected = false;
  std::uint64_t incarnation = 0;  ///< Of the last connection; 0 where there was none.
  std::uint64_t connections = 0;  ///< So far.
  /// Sent to it over all of them: messages, or batches of such, questions and answers.
  std::uint64_t frames_sent = 0;
  /// How long it took to set up the last one, with TCP, TLS and names.
  Duration set_up = Duration{0};
  std::string last_error = {};  ///< Why the last attempt, or connection, ended; empty where none has.
};

/// What is known of a seed.
struct SeedStatus {
  std::string address;
  std::string node = {};        ///< Who has answered there last; empty where nobody has.
  std::string last_error = {};  ///< Why the last attempt failed; empty where none has.
};

struct NodeOptions {
  /// Only nodes of one cluster talk to each other.
  std::string cluster = "myelin";
  /// Different for each node of the cluster.
  std::string name;
  /// "host:port"; with port 0 a free one is chosen. Empty: nobody can dial this node.
  std::string listen = "127.0.0.1:0";
  /// What this node proves itself with; without them it starts only if `insecure` says so.
  std::optional<Credentials> credentials = {};
  /// No TLS: anybody who reaches the port may say he is any node, and anybody between can read and change what is sent.
  bool insecure = false;
  /// Without credentials, what this one says that it is; with them, it is what they say.
  Role role = Role::node;
  /// Nodes that this one keeps a connection to. Either side may know the other; both may.
  std::vector<PeerAddress> peers = {};
  /// "host:port" of nodes whose names are not known: whoever answers there is kept a connection to. This node's own
  /// address may be among them.
  std::vector<std::string> seeds = {};
  /// Called when a connection to another has been made, or has ended, in that order, on the network's thread: it must
  /// not block, nor destroy the node.
  std::function<void(const PeerStatus&)> on_change = {};
  /// Called when somebody has dialled this node and was not let in, with where he came from and why, on the network's
  /// thread: it must not block, nor destroy the node. Anybody can have it called, as often as he likes.
  std::function<void(const std::string& address, const Error& why)> on_refused = {};
  /// How often a node that has nothing to say shows that it lives.
  Duration heartbeat = std::chrono::milliseconds{500};
  /// A node that nothing has come from for longer is given up, at its next heartbeat.
  Duration silence_max = std::chrono::seconds{2};
  /// A connection that is not set up by then, with TLS and names, is closed.
  Duration set_up_max = std::chrono::seconds{5};
  /// Before the second attempt to dial a node, and at most; doubled each time, and then shortened at random by up to
  /// half.
  Duration redial_min = std::chrono::milliseconds{50};
  Duration redial_max = std::chrono::seconds{5};
  /// Another one each time a node of this name starts; 0: the time.
  std::uint64_t incarnation = 0;
};

/// What agents of other nodes can count on is in docs/network.md.
///
/// **Requires**: destroyed before its mesh, which is not deterministic.
/// **Thread-safety**: thread-safe, but for construction, moves and destruction. Not to be destroyed by an agent.
class Node {
 public:
  /// Listens, and dials its peers from now on. Others may know it before this returns.
  /// **Errors**: invalid_argument for names, addresses, credentials, or neither credentials nor `insecure`; io_error
  /// where the address cannot be listened on.
  [[nodiscard]] static Result<Node> start(Mesh& mesh, const NodeOptions& options);
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;
  /// Closes all connections: who waits for an answer from another node gets an error. Handles stay valid, and reach
  /// nobody.
  ~Node();

  [[nodiscard]] const std::string& name() const noexcept;
  /// Where it listens, with the port that was chosen; empty if it does not.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::uint64_t incarnation() const noexcept;

  /// Lets agents of other nodes find this one by its name. It is withdrawn by name, or when the node stops; meanwhile
  /// it is kept as by any handle. **Errors**: invalid_argument for a bad name, one in use, or an agent of another
  /// process.
  [[nodiscard]] Result<void> publish(std::string name, const AgentRef& agent);
  /// The same for agents of one other node, which find this one and not what is published for all. So an agent can
  /// know from which node it is sent to: as far as certificates, or `insecure`, let anybody know.
  /// **Errors**: as publish(); invalid_argument for a bad name of a node.
  [[nodiscard]] Result<void> publish_to(std::string node, std::string name, const AgentRef& agent);
  /// The same for those of one role, and nobody else: people who operate the cluster, or look.
  [[nodiscard]] Result<void> publish_for(Role role, std::string name, const AgentRef& agent);
  /// Whatever is published by this name, for whomever.
  void withdraw(std::string_view name);

  /// A handle to an agent of another node: tell, send and ask work as with a local one. It is the same handle each
  /// time, stands for whichever agent is published there by that name, also after that node was started anew, and is
  /// there before the node is. Where there is no connection, questions fail at once (unreachable).
  /// **Errors**: invalid_argument for bad names, or this node's own; overloaded beyond limits::kPeersMax nodes.
  [[nodiscard]] Result<AgentRef> find(std::string_view node, std::string_view agent);

  /// Which agent a handle from find() stands for; nothing for any other.
  [[nodiscard]] static std::optional<AgentName> name_of(const AgentRef& agent);

  /// Keeps a connection to a node from now on. **Errors**: as NodeOptions::peers.
  [[nodiscard]] Result<void> add_peer(const PeerAddress& peer);
  /// Ends the connection to a node, and dials it no more; it may yet dial this one. Handles to its agents stay valid.
  /// Does nothing for one that is not known.
  void forget_peer(std::string_view node);
  /// Waits until there is a connection to that node. Never call this in an agent. **Errors**: timeout.
  [[nodiscard]] Result<void> wait_connected(std::string_view node, Duration limit);
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] std::vector<SeedStatus> seeds() const;
  /// Waits until everything that was sent to connected nodes has been handled there, or waits in a mailbox: before a
  /// process ends. Questions are not waited for. Never call this in an agent. **Errors**: timeout.
  [[nodiscard]] Result<void> drain(Duration limit);

 private:
  class Core;
  explicit Node(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace myelin::network
