#include "myelin/network/node.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.hpp"
#include "myelin/actors/caf_interop.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/limits.hpp"
#include "transport/listener.hpp"
#include "transport/resolver.hpp"
#include "transport/tls_transport.hpp"

namespace myelin::network {

namespace {

/// A connection that was open for so long was a success: the next is dialled as if it were the first.
constexpr auto kSuccess = std::chrono::seconds{1};

/// Between two looks at whether all that was sent is handled: only while somebody waits for that.
constexpr auto kBetweenLooks = std::chrono::milliseconds{2};

std::uint64_t time_of_start() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1});
}

}  // namespace

/// **Thread-safety**: what is under `mutex_` on any thread, the rest on the loop's.
class Node::Core final : public ConnectionOwner, public std::enable_shared_from_this<Core> {
 public:
  Core(Mesh& mesh, const NodeOptions& options)
      : mesh_{mesh},
        options_{options},
        settings_{.mesh = mesh,
                  .exports = exports_,
                  .self = {options.cluster, options.name},
                  .incarnation = options.incarnation != 0 ? options.incarnation : time_of_start(),
                  .set_up_max = options.set_up_max,
                  .heartbeat = options.heartbeat,
                  .silence_max = options.silence_max} {}

  [[nodiscard]] Result<void> start();
  void stop();

  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
  [[nodiscard]] std::string address() const { return listener_ == nullptr ? "" : listener_->address().text(); }
  [[nodiscard]] Exports& exports() noexcept { return exports_; }
  /// `node`: for it alone; empty for all.
  [[nodiscard]] Result<void> publish(std::string node, std::string name, const AgentRef& agent);
  [[nodiscard]] Result<std::shared_ptr<Peer>> peer(std::string_view node);
  [[nodiscard]] Result<void> add_peer(const PeerAddress& peer);
  [[nodiscard]] Result<void> wait_connected(std::string_view node, Duration limit);
  [[nodiscard]] std::vector<PeerStatus> peers() const;
  [[nodiscard]] Result<void> drain(Duration limit);

  // ConnectionOwner
  Result<std::shared_ptr<Peer>> on_greeting(Connection& connection, const Greeting& greeting) override;
  void on_open(Connection& connection) override;
  void on_closed(Connection& connection, const Error& why) override;

 private:
  /// Another node. Never removed before stop().
  struct Contact {
    std::shared_ptr<Peer> peer;
    PeerStatus status;    // under mutex_
    std::string address;  // under mutex_; empty: it must dial us
    // The loop's.
    std::shared_ptr<Connection> open;
    std::shared_ptr<Connection> dialling;
    bool resolving = false;
    bool waiting = false;  ///< For the next attempt.
    unsigned failures = 0;
  };

  [[nodiscard]] Result<Contact*> contact(std::string_view node);
  [[nodiscard]] Contact* find(std::string_view node);
  void dial(const std::string& node);
  void dial(const std::string& node, const Result<SocketAddress>& address);
  void redial_later(const std::string& node, Contact& contact);
  void note(Contact& contact, const Error& why);
  void accept(int socket);
  [[nodiscard]] Result<std::unique_ptr<Transport>> transport_over(int socket, TlsContext::Side side) const;
  std::shared_ptr<Connection> add(Connection::Opened opened);
  void close_all();

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
  std::size_t strangers_ = 0;  ///< Who have dialled us, and not said who they are.
  bool stopping_ = false;
  std::minstd_rand random_{std::random_device{}()};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Contact, std::less<>> contacts_;  // under mutex_; its nodes are stable
};

Result<void> Node::Core::start() {
  if (Result<void> named = check_name("cluster", options_.cluster); !named) return named;
  if (Result<void> named = check_name("node", options_.name); !named) return named;
  if (options_.heartbeat <= Duration{0} || options_.silence_max < options_.heartbeat) {
    return fail(Errc::invalid_argument, "silence_max must not be below heartbeat, which is above 0");
  }
  if (options_.credentials) {
    auto made = TlsContext::make(*options_.credentials, settings_.self);
    if (!made) return tl::unexpected{std::move(made).error()};
    tls_ = *std::move(made);
  } else if (!options_.insecure) {
    return fail(Errc::invalid_argument,
                fmt::format("node '{}' has no credentials: make some, or say insecure on loopback", options_.name));
  }
  std::optional<SocketAddress> address;
  if (!options_.listen.empty()) {
    const Result<SocketAddress> resolved = resolve_address(options_.listen, false);
    if (!resolved) return tl::unexpected{resolved.error()};
    if (tls_ == nullptr && !resolved->is_loopback()) {
      return fail(Errc::invalid_argument,
                  fmt::format("{} can be reached from other machines: that takes credentials", resolved->text()));
    }
    address = *resolved;
  }
  loop_ = EventLoop::start(caf_system(mesh_));
  resolver_.emplace();
  if (address) {
    // Without a reference to the core, which has one to the listener: it is ended before the core is.
    auto listener = Listener::make(loop_, *address, [this](int socket) { accept(socket); });
    if (!listener) return tl::unexpected{std::move(listener).error()};
    listener_ = *std::move(listener);
  }
  for (const PeerAddress& peer : options_.peers) {
    if (Result<void> added = add_peer(peer); !added) return added;
  }
  if (listener_ != nullptr)
    loop_->post([listener = std::weak_ptr{listener_}] {
      if (const auto begun = listener.lock()) begun->begin();
    });
  return {};
}

void Node::Core::stop() {
  if (loop_ == nullptr) return;
  resolver_.reset();
  loop_->post([this] { close_all(); });
  loop_->stop();
  connections_.clear();
  closed_.clear();
  const std::lock_guard guard{mutex_};
  for (auto& [node, contact] : contacts_) contact.peer->forget();
}

void Node::Core::close_all() {
  stopping_ = true;
  if (listener_ != nullptr) listener_->end();
  const std::set<std::shared_ptr<Connection>> all = connections_;
  for (const auto& connection : all) connection->close({Errc::unreachable, "this node has been stopped"});
}

// -- other nodes -----------------------------------------------------------------------------------------------------

Result<Node::Core::Contact*> Node::Core::contact(std::string_view node) {
  if (Result<void> named = check_name("node", node); !named) return tl::unexpected{named.error()};
  if (node == options_.name) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is this node itself: use the agents' own handles", node));
  }
  const std::lock_guard guard{mutex_};
  if (const auto found = contacts_.find(node); found != contacts_.end()) return &found->second;
  if (contacts_.size() == limits::kPeersMax) {
    return fail(Errc::overloaded, fmt::format("{} nodes are known already: no more may be", contacts_.size()));
  }
  Contact& added = contacts_[std::string{node}];
  added.peer = std::make_shared<Peer>(mesh_, std::string{node});
  added.status.node = node;
  return &added;
}

Node::Core::Contact* Node::Core::find(std::string_view node) {
  const std::lock_guard guard{mutex_};
  const auto found = contacts_.find(node);
  return found == contacts_.end() ? nullptr : &found->second;
}

Result<std::shared_ptr<Peer>> Node::Core::peer(std::string_view node) {
  const Result<Contact*> known = contact(node);
  if (!known) return tl::unexpected{known.error()};
  return (*known)->peer;
}

Result<void> Node::Core::add_peer(const PeerAddress& peer) {
  if (const Result<SocketAddress> numeric = resolve_address(peer.address, true); numeric) {
    if (tls_ == nullptr && !numeric->is_loopback()) {
      return fail(Errc::invalid_argument,
                  fmt::format("{} is on another machine: that takes credentials", peer.address));
    }
  } else if (numeric.error().code == Errc::invalid_argument) {
    return tl::unexpected{numeric.error()};
  }
  const Result<Contact*> known = contact(peer.node);
  if (!known) return tl::unexpected{known.error()};
  {
    const std::lock_guard guard{mutex_};
    (*known)->address = peer.address;
  }
  loop_->post([this, node = peer.node] { dial(node); });
  return {};
}

Result<void> Node::Core::wait_connected(std::string_view node, Duration limit) {
  std::unique_lock guard{mutex_};
  const auto connected = [&] {
    const auto found = contacts_.find(node);
    return found != contacts_.end() && found->second.status.connected;
  };
  if (changed_.wait_until(guard, time_after(Clock::now(), limit), connected)) return {};
  const auto found = contacts_.find(node);
  return fail(Errc::timeout, fmt::format("there is no connection to node '{}': {}", node,
                                         found == contacts_.end() || found->second.status.last_error.empty()
                                             ? "nothing is known of it"
                                             : found->second.status.last_error));
}

std::vector<PeerStatus> Node::Core::peers() const {
  const std::lock_guard guard{mutex_};
  std::vector<PeerStatus> all;
  for (const auto& [node, contact] : contacts_) all.push_back(contact.status);
  return all;
}

Result<void> Node::Core::drain(Duration limit) {
  std::vector<std::shared_ptr<Peer>> waiting;
  {
    const std::lock_guard guard{mutex_};
    for (const auto& [node, contact] : contacts_) waiting.push_back(contact.peer);
  }
  for (const TimePoint end = time_after(Clock::now(), limit);;) {
    std::erase_if(waiting, [](const std::shared_ptr<Peer>& peer) { return peer->ping(); });
    if (waiting.empty()) return {};
    if (Clock::now() >= end) {
      return fail(Errc::timeout,
                  fmt::format("what was sent to node '{}' was not handled in time", waiting.front()->node()));
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

Result<void> Node::Core::publish(std::string node, std::string name, const AgentRef& agent) {
  if (Result<void> named = check_name("agent", name); !named) return named;
  if (!agent.is_local()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no agent of this process: others reach it where it is", name));
  }
  if (exports_.add(name, agent, std::move(node))) return {};
  return fail(Errc::invalid_argument, fmt::format("the name '{}' is in use: withdraw it first", name));
}

// -- dialling --------------------------------------------------------------------------------------------------------

void Node::Core::dial(const std::string& node) {
  Contact& contact = *find(node);
  if (stopping_ || contact.open != nullptr || contact.dialling != nullptr || contact.resolving || contact.waiting)
    return;
  std::string address;
  {
    const std::lock_guard guard{mutex_};
    address = contact.address;
  }
  if (address.empty()) return;
  if (is_numeric(address)) return dial(node, resolve_address(address, true));
  contact.resolving = true;
  // The resolver ends before the loop and the core.
  resolver_->resolve(std::move(address), [this, node](Result<SocketAddress> resolved) {
    loop_->post([this, node, resolved = std::move(resolved)] {
      find(node)->resolving = false;
      dial(node, resolved);
    });
  });
}

void Node::Core::dial(const std::string& node, const Result<SocketAddress>& address) {
  Contact& contact = *find(node);
  if (stopping_ || contact.open != nullptr || contact.dialling != nullptr) return;
  const auto failed = [&](const Error& why) {
    note(contact, why);
    redial_later(node, contact);
  };
  if (!address) return failed(address.error());
  if (tls_ == nullptr && !address->is_loopback()) {
    return failed(
        {Errc::invalid_argument, fmt::format("{} is on another machine: that takes credentials", address->text())});
  }
  const int socket = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return failed({Errc::io_error, text_of_errno(errno)});
  const bool connected = ::connect(socket, address->get(), address->size) == 0;
  const int cause = errno;
  Result<std::unique_ptr<Transport>> transport = transport_over(socket, TlsContext::Side::dials);
  if ((!connected && cause != EINPROGRESS) || !transport) {
    ::close(socket);
    return failed(transport ? Error{Errc::unreachable, text_of_errno(cause)} : transport.error());
  }
  contact.dialling = add({.socket = socket,
                          .transport = *std::move(transport),
                          .dialled = true,
                          .connecting = !connected,
                          .expected = node});
  contact.dialling->begin();
}

void Node::Core::redial_later(const std::string& node, Contact& contact) {
  if (stopping_ || contact.waiting) return;
  contact.waiting = true;
  Duration wait = options_.redial_min;
  for (unsigned failure = 0; failure < contact.failures && wait < options_.redial_max; ++failure) wait *= 2;
  ++contact.failures;
  wait = std::min(wait, options_.redial_max);
  wait -= Duration{std::uniform_int_distribution<Duration::rep>{0, wait.count() / 2}(random_)};
  loop_->at(Clock::now() + wait, [this, node] {
    find(node)->waiting = false;
    dial(node);
  });
}

void Node::Core::note(Contact& contact, const Error& why) {
  const std::lock_guard guard{mutex_};
  contact.status.last_error = to_string(why);
}

// -- connections -----------------------------------------------------------------------------------------------------

Result<std::unique_ptr<Transport>> Node::Core::transport_over(int socket, TlsContext::Side side) const {
  if (tls_ == nullptr) return make_plain_transport(socket);
  return tls_->open(socket, side);
}

std::shared_ptr<Connection> Node::Core::add(Connection::Opened opened) {
  auto connection = std::make_shared<Connection>(loop_, *this, settings_, std::move(opened));
  connections_.insert(connection);
  return connection;
}

void Node::Core::accept(int socket) {
  Result<std::unique_ptr<Transport>> transport = transport_over(socket, TlsContext::Side::listens);
  if (stopping_ || strangers_ == limits::kStrangersMax || !transport) {
    ::close(socket);
    return;
  }
  ++strangers_;
  add({.socket = socket, .transport = *std::move(transport)})->begin();
}

Result<std::shared_ptr<Peer>> Node::Core::on_greeting(Connection& connection, const Greeting& greeting) {
  if (stopping_) return fail(Errc::unreachable, "the node is being stopped");
  const Result<Contact*> known = contact(greeting.who.node);
  if (!known) return tl::unexpected{known.error()};
  Contact& other = **known;
  // Both may dial at once: then the connection stays that the node with the lesser name has dialled.
  const bool dialled_here = other.dialling != nullptr && other.dialling.get() != &connection;
  if (!connection.was_dialled() && dialled_here && options_.name < greeting.who.node) {
    return fail(Errc::cancelled, "this node is dialling that one itself");
  }
  // Whoever comes anew has given up, or forgotten, the connection before: what is on its way there must not come after
  // what comes now.
  if (other.open != nullptr) {
    other.open->close({Errc::unreachable, fmt::format("node '{}' has connected anew", greeting.who.node)});
  }
  return other.peer;
}

void Node::Core::on_open(Connection& connection) {
  Contact& contact = *find(connection.other());
  contact.open = connection.shared_from_this();
  if (!connection.was_dialled()) {
    --strangers_;
    if (contact.dialling != nullptr) {
      contact.dialling->close({Errc::cancelled, "the other node has dialled meanwhile"});
    }
  } else {
    contact.dialling.reset();
  }
  {
    const std::lock_guard guard{mutex_};
    contact.status.connected = true;
    contact.status.incarnation = connection.other_incarnation();
    ++contact.status.connections;
  }
  changed_.notify_all();
}

void Node::Core::on_closed(Connection& connection, const Error& why) {
  // It is destroyed later, and not with others that were closed before: it may be on the stack, and the multiplexer has
  // yet to take it out.
  const auto keep = connection.shared_from_this();
  connections_.erase(keep);
  closed_.push_back(keep);
  loop_->post(
      [this, closed = &connection] { std::erase_if(closed_, [&](const auto& one) { return one.get() == closed; }); });
  const std::string& node = connection.was_dialled() ? connection.expected() : connection.other();
  if (Contact* contact = node.empty() ? nullptr : find(node); contact != nullptr) {
    const bool was_open = contact->open == keep;
    if (was_open) {
      contact->open.reset();
      if (connection.age(Clock::now()) >= kSuccess) contact->failures = 0;
    }
    if (contact->dialling == keep) contact->dialling.reset();
    {
      const std::lock_guard guard{mutex_};
      if (was_open) contact->status.connected = false;
      if (was_open || !contact->status.connected) contact->status.last_error = to_string(why);
    }
    if (contact->open == nullptr) redial_later(node, *contact);
  }
  if (!connection.was_dialled() && connection.other().empty()) --strangers_;
}

// -- Node ------------------------------------------------------------------------------------------------------------

Node::Node(std::shared_ptr<Core> core) : core_{std::move(core)} {}
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&& other) noexcept {
  if (this == &other) return *this;
  if (core_ != nullptr) core_->stop();
  core_ = std::move(other.core_);
  return *this;
}
Node::~Node() {
  if (core_ != nullptr) core_->stop();
}

Result<Node> Node::start(Mesh& mesh, const NodeOptions& options) {
  auto core = std::make_shared<Core>(mesh, options);
  Result<void> started = core->start();
  if (!started) {
    core->stop();
    return tl::unexpected{std::move(started).error()};
  }
  return Node{std::move(core)};
}

const std::string& Node::name() const noexcept { return core_->name(); }
std::string Node::address() const { return core_->address(); }

Result<void> Node::publish(std::string name, const AgentRef& agent) {
  return core_->publish({}, std::move(name), agent);
}

Result<void> Node::publish_to(std::string node, std::string name, const AgentRef& agent) {
  if (Result<void> named = check_name("node", node); !named) return named;
  return core_->publish(std::move(node), std::move(name), agent);
}

void Node::withdraw(std::string_view name) { core_->exports().remove(name); }

Result<AgentRef> Node::find(std::string_view node, std::string_view agent) {
  if (Result<void> named = check_name("agent", agent); !named) return tl::unexpected{named.error()};
  const Result<std::shared_ptr<Peer>> peer = core_->peer(node);
  if (!peer) return tl::unexpected{peer.error()};
  return (*peer)->find(agent);
}

Result<void> Node::add_peer(const PeerAddress& peer) { return core_->add_peer(peer); }
Result<void> Node::wait_connected(std::string_view node, Duration limit) { return core_->wait_connected(node, limit); }
std::vector<PeerStatus> Node::peers() const { return core_->peers(); }
Result<void> Node::drain(Duration limit) { return core_->drain(limit); }

}  // namespace myelin::network
