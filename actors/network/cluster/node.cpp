#include "myelin/network/node.hpp"

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "myelin/actors/caf_interop.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/limits.hpp"
#include "node_core.hpp"

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

Node::Core::Core(Mesh& mesh, const NodeOptions& options)
    : mesh_{mesh},
      options_{options},
      settings_{.mesh = mesh,
                .exports = exports_,
                .self = {options.cluster, options.name, options.role},
                .incarnation = options.incarnation != 0 ? options.incarnation : time_of_start(),
                .set_up_max = options.set_up_max,
                .heartbeat = options.heartbeat,
                .silence_max = options.silence_max} {}

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
                fmt::format("node '{}' has no credentials: make some, or say that it is insecure", options_.name));
  }
  std::optional<SocketAddress> address;
  if (!options_.listen.empty()) {
    const Result<SocketAddress> resolved = resolve_address(options_.listen, false);
    if (!resolved) return tl::unexpected{resolved.error()};
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
  for (const std::string& seed : options_.seeds) {
    if (Result<void> checked = check_address(seed); !checked) return checked;
    // Where this node itself listens it need not look; under another name of that address it will meet itself.
    if (seed != this->address()) seeds_[seed].status.address = seed;
  }
  for (const auto& [seed, unused] : seeds_) loop_->post([this, aim = Aim{true, seed}] { dial(aim); });
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
  if (node == options_.name && options_.role == Role::node) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is this node itself: use the agents' own handles", node));
  }
  if (const auto found = contacts_.find(node); found != contacts_.end()) return &found->second;
  if (contacts_.size() >= limits::kPeersMax) {
    return fail(Errc::overloaded, fmt::format("{} nodes are known already: no more may be", contacts_.size()));
  }
  Contact& added = contacts_[std::string{node}];
  added.peer = std::make_shared<Peer>(mesh_, std::string{node}, Role::node);
  added.status.node = node;
  return &added;
}

Node::Core::Contact* Node::Core::find(std::string_view node) {
  const std::lock_guard guard{mutex_};
  const auto found = contacts_.find(node);
  return found == contacts_.end() ? nullptr : &found->second;
}

/// Who is no node is somebody else with each connection. **Requires**: mutex_ is held.
Node::Core::Contact& Node::Core::add_visitor(const Identity& who) {
  // A colon is in no node's name.
  std::string name = fmt::format("{}:{}:{}", to_string(who.role), who.node, ++visitors_ever_);
  Contact& added = contacts_[name];
  added.peer = std::make_shared<Peer>(mesh_, name, who.role);
  added.status.node = std::move(name);
  added.status.role = who.role;
  return added;
}

/// **Requires**: mutex_ is held.
Result<void> Node::Core::check_visitors() const {
  if (visitors_ < limits::kVisitorsMax) return {};
  return fail(Errc::overloaded, fmt::format("{} tools are connected already: no more may be", visitors_));
}

/// Forgets a node that came of its own accord, has gone, and that nobody here has a handle to, if there are too many.
/// **Requires**: mutex_ is held.
void Node::Core::make_room() {
  if (contacts_.size() < limits::kPeersMax) return;
  const auto gone = std::ranges::find_if(contacts_, [](const auto& one) {
    const Contact& contact = one.second;
    return contact.address.empty() && contact.open == nullptr && !contact.attempt.is_under_way() &&
           !contact.peer->has_routes();
  });
  if (gone != contacts_.end()) contacts_.erase(gone);
}

Result<AgentRef> Node::Core::find_agent(std::string_view node, std::string_view agent) {
  if (Result<void> named = check_name("agent", agent); !named) return tl::unexpected{named.error()};
  // The lock is kept until the handle is made: then the contact stays.
  const std::lock_guard guard{mutex_};
  const Result<Contact*> known = contact(node);
  if (!known) return tl::unexpected{known.error()};
  return (*known)->peer->find(agent);
}

Result<void> Node::Core::check_address(const std::string& address) const {
  const Result<SocketAddress> numeric = resolve_address(address, true);
  if (numeric || numeric.error().code != Errc::invalid_argument) return {};
  return tl::unexpected{numeric.error()};
}

Result<void> Node::Core::add_peer(const PeerAddress& peer) {
  if (Result<void> checked = check_address(peer.address); !checked) return checked;
  {
    const std::lock_guard guard{mutex_};
    const Result<Contact*> known = contact(peer.node);
    if (!known) return tl::unexpected{known.error()};
    (*known)->address = peer.address;
  }
  loop_->post([this, aim = Aim{false, peer.node}] { dial(aim); });
  return {};
}

void Node::Core::forget_peer(std::string_view node) {
  {
    const std::lock_guard guard{mutex_};
    const auto found = contacts_.find(node);
    if (found == contacts_.end()) return;
    found->second.address.clear();
  }
  loop_->post([this, name = std::string{node}] {
    Contact* const contact = find(name);
    if (contact == nullptr) return;
    const Error why{Errc::unreachable, fmt::format("node '{}' has been forgotten", name)};
    if (const auto open = contact->open) open->close(why);
    if (const auto connection = contact->attempt.connection) connection->close(why);
  });
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
  for (const auto& [node, contact] : contacts_) {
    all.push_back(contact.status);
    all.back().frames_sent = contact.peer->frames_sent();
  }
  return all;
}

std::vector<SeedStatus> Node::Core::seeds() const {
  const std::lock_guard guard{mutex_};
  std::vector<SeedStatus> all;
  for (const auto& [address, seed] : seeds_) {
    if (!seed.is_this_node) all.push_back(seed.status);
  }
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

Result<void> Node::Core::publish(Exports::Audience audience, std::string name, const AgentRef& agent) {
  if (Result<void> named = check_name("agent", name); !named) return named;
  if (!agent.is_local()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no agent of this process: others reach it where it is", name));
  }
  if (exports_.add(name, agent, std::move(audience))) return {};
  return fail(Errc::invalid_argument, fmt::format("the name '{}' is in use: withdraw it first", name));
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
  if (stopping_ || !transport) {
    ::close(socket);
    return;
  }
  if (strangers_ == limits::kStrangersMax) show_out_a_stranger();
  ++strangers_;
  add({.socket = socket, .transport = *std::move(transport)})->begin();
}

/// The one that has been at it longest, for whoever means well is through by then; but first those of whom nothing is
/// known, then those whose certificate is believed, and at last those who have been answered, and take the connection
/// for open.
void Node::Core::show_out_a_stranger() {
  std::shared_ptr<Connection> first;
  const auto order = [](const Connection& one) {
    return std::tuple{one.is_offered(), one.is_secured(), one.begun_at()};
  };
  for (const auto& one : connections_) {
    if (one->was_dialled() || !one->other().empty()) continue;
    if (first == nullptr || order(*one) < order(*first)) first = one;
  }
  if (first != nullptr) first->close({Errc::overloaded, "too many others were to be let in"});
}

Result<void> Node::Core::on_greeting(Connection& connection, const Greeting& greeting) {
  if (stopping_) return fail(Errc::unreachable, "the node is being stopped");
  const Contact* other = nullptr;
  {
    const std::lock_guard guard{mutex_};
    if (greeting.who.role != Role::node) return check_visitors();
    make_room();
    const Result<Contact*> known = contact(greeting.who.node);
    if (!known) return tl::unexpected{known.error()};
    other = *known;
    // Whether or not this connection is taken: the seed need not be dialled while there is another.
    if (const Aim aim = connection.was_dialled() ? aim_of(connection) : Aim{}; aim.is_seed && !aim.key.empty()) {
      seeds_.find(aim.key)->second.status = {aim.key, greeting.who.node, {}};
    }
  }
  // Started later, or, after the clock was set back, earlier: then it gets in when the other's connection has ended.
  if (other->open != nullptr && greeting.incarnation < other->open->other_incarnation()) {
    return fail(Errc::access_denied,
                fmt::format("another node calls itself '{}' too, at {}, and was started later: give each a name of its "
                            "own",
                            greeting.who.node, other->open->remote_address().text()));
  }
  return connection.was_dialled() ? judge_dialled(*other, greeting) : judge_accepted(*other, greeting);
}

/// The other side has answered, and may have dialled as well: then the connection stays that the node with the lesser
/// name has dialled, and both come to that end by themselves.
Result<void> Node::Core::judge_dialled(const Contact& other, const Greeting& greeting) const {
  if (other.open != nullptr && other.open->other_incarnation() == greeting.incarnation) {
    return fail(Errc::cancelled, fmt::format("node '{}' is connected already", greeting.who.node));
  }
  const bool dials_too = std::ranges::any_of(
      connections_, [&](const auto& one) { return one->is_offered_by(greeting.who, greeting.incarnation); });
  if (dials_too && greeting.who.node < options_.name) {
    return fail(Errc::cancelled, "the other node has dialled meanwhile");
  }
  return {};
}

/// The other side has dialled. It decides when it has the answer, but is spared it where the outcome is clear. It is
/// not while nobody answers this node, which may be the one of both that cannot dial.
Result<void> Node::Core::judge_accepted(const Contact& other, const Greeting& greeting) const {
  const auto& dialled = other.attempt.connection;
  if (dialled != nullptr && !dialled->is_connecting() && options_.name < greeting.who.node) {
    return fail(Errc::cancelled, "this node is dialling that one itself");
  }
  // It has not yet heard that the connection that this node dialled is open. Once it has, and dials all the same, it
  // has given that one up, or does not know whom it dials.
  if (other.open != nullptr && other.open->was_dialled() && !other.open->is_confirmed() &&
      other.open->other_incarnation() == greeting.incarnation) {
    return fail(Errc::cancelled, "this node has dialled that one itself");
  }
  return {};
}

Result<std::shared_ptr<Peer>> Node::Core::on_agreed(Connection& connection, const Greeting& greeting) {
  if (stopping_) return fail(Errc::unreachable, "the node is being stopped");
  Contact* other = nullptr;
  {
    const std::lock_guard guard{mutex_};
    if (greeting.who.role != Role::node) {
      if (const Result<void> room = check_visitors(); !room) return tl::unexpected{room.error()};
      ++visitors_;
      return add_visitor(greeting.who).peer;
    }
    const Result<Contact*> known = contact(greeting.who.node);
    if (!known) return tl::unexpected{known.error()};
    other = *known;
  }
  // Whoever comes anew has given up, or forgotten, the connection before: what is on its way there must not come after
  // what comes now.
  if (other->open != nullptr) {
    other->open->close({Errc::unreachable, fmt::format("node '{}' has connected anew", greeting.who.node)});
  }
  // Others that it offers are not taken up.
  std::vector<std::shared_ptr<Connection>> offered;
  for (const auto& one : connections_) {
    if (one.get() != &connection && one->is_offered_by(greeting.who, one->other_incarnation())) offered.push_back(one);
  }
  for (const auto& one : offered) one->close({Errc::cancelled, "there is another connection to that node"});
  return other->peer;
}

void Node::Core::on_own_greeting(Connection& connection) {
  const std::string other_end = connection.remote_address().text();
  for (auto& [address, seed] : seeds_) {
    const auto& dialled = seed.attempt.connection;
    if (dialled == nullptr || dialled->local_address().text() != other_end) continue;
    const std::lock_guard guard{mutex_};
    seed.is_this_node = true;
  }
}

void Node::Core::on_open(Connection& connection) {
  Contact& contact = *find(connection.other());
  contact.open = connection.shared_from_this();
  TimePoint begun = connection.begun_at();
  if (!connection.was_dialled()) {
    --strangers_;
    if (contact.attempt.connection != nullptr) {
      contact.attempt.connection->close({Errc::cancelled, "the other node has dialled meanwhile"});
    }
  } else {
    const Aim aim = aim_of(connection);
    Attempt& attempt = attempt_of(aim);
    begun = attempt.begun;
    attempt.connection.reset();
    if (aim.is_seed) attempt.failures = 0;
  }
  PeerStatus status;
  {
    const std::lock_guard guard{mutex_};
    contact.status.connected = true;
    contact.status.incarnation = connection.other_incarnation();
    contact.status.set_up = Clock::now() - begun;
    ++contact.status.connections;
    status = contact.status;
  }
  changed_.notify_all();
  announce(status);
}

void Node::Core::on_closed(Connection& connection, const Error& why) {
  // It is destroyed later, and not with others that were closed before: it may be on the stack, and the multiplexer has
  // yet to take it out.
  const auto keep = connection.shared_from_this();
  connections_.erase(keep);
  closed_.push_back(keep);
  loop_->post(
      [this, closed = &connection] { std::erase_if(closed_, [&](const auto& one) { return one.get() == closed; }); });
  const std::string other = connection.other();
  if (!connection.was_dialled() && other.empty()) {
    --strangers_;
    if (options_.on_refused && !stopping_ && why.code != Errc::cancelled) {
      const std::optional<Error>& told = connection.refusal();
      options_.on_refused(connection.came_from(), told ? *told : why);
    }
  }
  if (connection.was_dialled()) {
    if (const Aim aim = aim_of(connection); !aim.key.empty()) {
      Attempt& attempt = attempt_of(aim);
      if (attempt.connection == keep) {
        attempt.connection.reset();
        // Given up for another connection: no failure.
        if (why.code != Errc::cancelled) note(aim, why);
        redial_later(aim);
        if (!aim.is_seed) redial_seeds_of(aim.key);
      }
    }
  }
  Contact* const contact = other.empty() ? nullptr : find(other);
  if (contact == nullptr || contact->open != keep) return;
  contact->open.reset();
  if (connection.age(Clock::now()) >= kSuccess) contact->attempt.failures = 0;
  PeerStatus status;
  {
    const std::lock_guard guard{mutex_};
    contact->status.connected = false;
    contact->status.last_error = to_string(why);
    status = contact->status;
    if (status.role != Role::node) {
      --visitors_;
      contacts_.erase(other);
    }
  }
  if (status.role == Role::node) {
    redial_later({false, other});
    redial_seeds_of(other);
  }
  announce(status);
}

void Node::Core::announce(const PeerStatus& status) const {
  if (options_.on_change && !stopping_) options_.on_change(status);
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
  NodeOptions completed = options;
  if (options.credentials) {
    const Result<Role> role = role_of(*options.credentials);
    if (!role) return tl::unexpected{role.error()};
    completed.role = *role;
  }
  auto core = std::make_shared<Core>(mesh, completed);
  Result<void> started = core->start();
  if (!started) {
    core->stop();
    return tl::unexpected{std::move(started).error()};
  }
  return Node{std::move(core)};
}

const std::string& Node::name() const noexcept { return core_->name(); }
std::string Node::address() const { return core_->address(); }
std::uint64_t Node::incarnation() const noexcept { return core_->incarnation(); }

Result<void> Node::publish(std::string name, const AgentRef& agent) {
  return core_->publish({}, std::move(name), agent);
}

Result<void> Node::publish_to(std::string node, std::string name, const AgentRef& agent) {
  if (Result<void> named = check_name("node", node); !named) return named;
  return core_->publish({.node = std::move(node)}, std::move(name), agent);
}

Result<void> Node::publish_for(Role role, std::string name, const AgentRef& agent) {
  return core_->publish({.role = role}, std::move(name), agent);
}

void Node::withdraw(std::string_view name) { core_->exports().remove(name); }

Result<AgentRef> Node::find(std::string_view node, std::string_view agent) { return core_->find_agent(node, agent); }

std::optional<AgentName> Node::name_of(const AgentRef& agent) {
  const auto* const route = agent ? dynamic_cast<const PeerRoute*>(route_of(agent)) : nullptr;
  return route == nullptr ? std::nullopt : std::optional{AgentName{route->peer().node(), route->name()}};
}

Result<void> Node::add_peer(const PeerAddress& peer) { return core_->add_peer(peer); }
void Node::forget_peer(std::string_view node) { core_->forget_peer(node); }
Result<void> Node::wait_connected(std::string_view node, Duration limit) { return core_->wait_connected(node, limit); }
std::vector<PeerStatus> Node::peers() const { return core_->peers(); }
std::vector<SeedStatus> Node::seeds() const { return core_->seeds(); }
Result<void> Node::drain(Duration limit) { return core_->drain(limit); }

}  // namespace myelin::network
