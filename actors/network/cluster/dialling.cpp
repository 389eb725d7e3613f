// How a node gets its connections: by dialling those that it knows the addresses of, again and again.
#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node_core.hpp"

namespace myelin::network {

namespace {

/// After so many failures in vain to find a node by its name, whoever answers at the seed's address is talked to.
constexpr unsigned kFailuresBeforeSeed = 3;

}  // namespace

Node::Core::Attempt& Node::Core::attempt_of(const Aim& aim) {
  return aim.is_seed ? seeds_.find(aim.key)->second.attempt : find(aim.key)->attempt;
}

std::string Node::Core::address_of(const Aim& aim) {
  const std::lock_guard guard{mutex_};
  if (!aim.is_seed) {
    const Contact& contact = contacts_.find(aim.key)->second;
    return contact.open == nullptr ? contact.address : std::string{};
  }
  const Seed& seed = seeds_.find(aim.key)->second;
  if (seed.is_this_node) return {};
  const auto known = contacts_.find(seed.status.node);
  if (known == contacts_.end()) return aim.key;
  const Contact& contact = known->second;
  const bool by_name = !contact.address.empty() && contact.attempt.failures < kFailuresBeforeSeed;
  return contact.open != nullptr || by_name ? std::string{} : aim.key;
}

void Node::Core::dial(const Aim& aim) {
  // A contact may have been removed while this call waited.
  if (stopping_ || (!aim.is_seed && find(aim.key) == nullptr) || attempt_of(aim).is_under_way()) return;
  std::string address = address_of(aim);
  if (address.empty()) return;
  attempt_of(aim).begun = Clock::now();
  if (is_numeric(address)) return dial(aim, resolve_address(address, true));
  attempt_of(aim).resolving = true;
  // The resolver ends before the loop and the core.
  resolver_->resolve(std::move(address), [this, aim](Result<SocketAddress> resolved) {
    loop_->post([this, aim, resolved = std::move(resolved)] {
      attempt_of(aim).resolving = false;
      dial(aim, resolved);
    });
  });
}

void Node::Core::dial(const Aim& aim, const Result<SocketAddress>& address) {
  if (stopping_ || address_of(aim).empty()) return;
  Attempt& attempt = attempt_of(aim);
  const auto failed = [&](const Error& why) {
    note(aim, why);
    redial_later(aim);
  };
  if (!address) return failed(address.error());
  const int socket = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return failed({Errc::io_error, text_of_errno(errno)});
  const bool connected = ::connect(socket, address->get(), address->size) == 0;
  const int cause = errno;
  Result<std::unique_ptr<Transport>> transport = transport_over(socket, TlsContext::Side::dials);
  if ((!connected && cause != EINPROGRESS) || !transport) {
    ::close(socket);
    return failed(transport ? Error{Errc::unreachable, text_of_errno(cause)} : transport.error());
  }
  attempt.connection = add({.socket = socket,
                            .transport = *std::move(transport),
                            .dialled = true,
                            .connecting = !connected,
                            .expected = aim.is_seed ? std::string{} : aim.key});
  attempt.connection->begin();
}

void Node::Core::redial_later(const Aim& aim) {
  Attempt& attempt = attempt_of(aim);
  if (stopping_ || attempt.is_under_way() || address_of(aim).empty()) return;
  attempt.waiting = true;
  Duration wait = options_.redial_min;
  for (unsigned failure = 0; failure < attempt.failures && wait < options_.redial_max; ++failure) wait *= 2;
  ++attempt.failures;
  wait = std::min(wait, options_.redial_max);
  wait -= Duration{std::uniform_int_distribution<Duration::rep>{0, wait.count() / 2}(random_)};
  loop_->at(Clock::now() + wait, [this, aim] {
    attempt_of(aim).waiting = false;
    dial(aim);
  });
}

/// A node is gone, or not to be had: perhaps its seed is of use again.
void Node::Core::redial_seeds_of(std::string_view node) {
  for (const auto& [address, seed] : seeds_) {
    if (seed.status.node == node) redial_later({true, address});
  }
}

void Node::Core::note(const Aim& aim, const Error& why) {
  const std::lock_guard guard{mutex_};
  if (aim.is_seed) {
    seeds_.find(aim.key)->second.status.last_error = to_string(why);
  } else {
    PeerStatus& status = contacts_.find(aim.key)->second.status;
    if (!status.connected) status.last_error = to_string(why);
  }
}

Node::Core::Aim Node::Core::aim_of(const Connection& connection) const {
  if (!connection.expected().empty()) return {false, connection.expected()};
  const auto seed =
      std::ranges::find_if(seeds_, [&](const auto& one) { return one.second.attempt.connection.get() == &connection; });
  return {true, seed == seeds_.end() ? std::string{} : seed->first};
}

}  // namespace myelin::network
