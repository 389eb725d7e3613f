/// What a node is made of: whom it knows, whom it dials, and what it publishes.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "myelin/network/node.hpp"
#include "transport/listener.hpp"
#include "transport/resolver.hpp"
#include "transport/tls_transport.hpp"

namespace myelin::network {

/// **Thread-safety**: what is under `mutex_` on any thread, the rest on the loop's.
class Node::Core final : public ConnectionOwner, public std::enable_shared_from_this<Core> {
 public:
  Core(Mesh& mesh, const NodeOptions& options);

  [[nodiscard]] Result<void> start();
  void stop();

  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
  [[nodiscard]] std::string address() const { return listener_ == nullptr ? "" : listener_->address().text(); }
  [[nodiscard]] std::uint64_t incarnation() const noexcept { return settings_.incarnation; }
  [[nodiscard]] Exports& exports() noexcept { return exports_; }
  [[nodiscard]] Result<void> publish(Exports::Audience audience, std::string name, const AgentRef& agent);
  [[nodiscard]] Result<AgentRef> find_agent(std::string_view node, std::string_view agent);
  [[nodiscard]] Result<void> add_peer(const PeerAddress& peer);
  void forget_peer(std::string_view node);
  [[nodiscard]] Result<void> wait_connected(std::string_view node, Duration limit);
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] std::vector<SeedStatus> seeds() const;
  [[nodiscard]] Result<void> drain(Duration limit);

  // ConnectionOwner
  Result<void> on_greeting(Connection& connection, const Greeting& greeting) override;
  Result<std::shared_ptr<Peer>> on_agreed(Connection& connection, const Greeting& greeting) override;
  void on_own_greeting(Connection& connection) override;
  void on_open(Connection& connection) override;
  void on_closed(Connection& connection, const Error& why) override;

 private:
  /// The way to a connection. The loop's.
  struct Attempt {
    std::shared_ptr<Connection> connection;  ///< That is being set up.
    bool resolving = false;
    bool waiting = false;  ///< For the next attempt.
    unsigned failures = 0;
    TimePoint begun{};

    [[nodiscard]] bool is_under_way() const noexcept { return connection != nullptr || resolving || waiting; }
  };
  /// Another node, or a person with a tool. Removed on the loop's thread only.
  struct Contact {
    std::shared_ptr<Peer> peer;
    PeerStatus status;    // under mutex_
    std::string address;  // under mutex_; empty: it must dial us
    // The loop's.
    std::shared_ptr<Connection> open;
    Attempt attempt;
  };
  struct Seed {
    SeedStatus status;  // under mutex_
    // The loop's.
    Attempt attempt;
    bool is_this_node = false;
  };
  /// Who is dialled: a contact, by its name, or a seed, by its address.
  struct Aim {
    bool is_seed = false;
    std::string key = {};
  };

  [[nodiscard]] Result<void> check_address(const std::string& address) const;
  /// **Requires**: mutex_ is held.
  [[nodiscard]] Result<Contact*> contact(std::string_view node);
  [[nodiscard]] Contact* find(std::string_view node);
  [[nodiscard]] Contact& add_visitor(const Identity& who);
  [[nodiscard]] Result<void> check_visitors() const;
  void make_room();

  // Dialling: dialling.cpp.
  [[nodiscard]] Attempt& attempt_of(const Aim& aim);
  /// Where to dial, if there is a reason to.
  [[nodiscard]] std::string address_of(const Aim& aim);
  void dial(const Aim& aim);
  void dial(const Aim& aim, const Result<SocketAddress>& address);
  void redial_later(const Aim& aim);
  void redial_seeds_of(std::string_view node);
  void note(const Aim& aim, const Error& why);
  /// Whom a connection that was dialled was to reach.
  [[nodiscard]] Aim aim_of(const Connection& connection) const;

  [[nodiscard]] Result<void> judge_dialled(const Contact& other, const Greeting& greeting) const;
  [[nodiscard]] Result<void> judge_accepted(const Contact& other, const Greeting& greeting) const;
  void accept(int socket);
  void show_out_a_stranger();
  [[nodiscard]] Result<std::unique_ptr<Transport>> transport_over(int socket, TlsContext::Side side) const;
  std::shared_ptr<Connection> add(Connection::Opened opened);
  void close_all();
  void announce(const PeerStatus& status) const;

  Mesh& mesh_;
  const NodeOptions options_;
  Exports exports_;
  const Connection::Settings settings_;
  std::shared_ptr<const TlsContext> tls_;
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<Listener> listener_;
  std::optional<Resolver> resolver_;
  // The loop's.
  std::set<std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> closed_;
  std::size_t strangers_ = 0;        ///< Who have dialled us, and not said who they are.
  std::size_t visitors_ = 0;         ///< Who are no nodes, and connected.
  std::uint64_t visitors_ever_ = 0;  ///< Numbers them.
  bool stopping_ = false;
  std::minstd_rand random_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Contact, std::less<>> contacts_;  // under mutex_; its nodes are stable
  std::map<std::string, Seed, std::less<>> seeds_;        // never changed after start(), but for what is in them
};

}  // namespace myelin::network
