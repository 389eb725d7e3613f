#include "greeting.hpp"

#include <fmt/format.h>

#include "myelin/network/certificates.hpp"
#include "myelin/node.capnp.h"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"

namespace myelin::network {

std::unique_ptr<Outgoing> hello_record(const Greeting& greeting) {
  const Frame frame = make_frame<schema::Hello>([&](schema::Hello::Builder hello) {
    hello.setProtocol(greeting.protocol);
    hello.setCluster(greeting.who.cluster);
    hello.setNode(greeting.who.node);
    hello.setIncarnation(greeting.incarnation);
    hello.setRole(static_cast<schema::Hello::Role>(greeting.who.role));
  });
  const std::vector<std::byte> bytes = encode(frame, TimePoint{});
  auto record = std::make_unique<Outgoing>();
  record->kind = RecordKind::hello;
  record->payload.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return record;
}

std::unique_ptr<Outgoing> refusal_record(const Error& error) {
  auto record = std::make_unique<Outgoing>();
  record->kind = RecordKind::refusal;
  record->payload = encode_error(error);
  return record;
}

Result<Greeting> read_hello(std::span<const std::byte> payload) {
  const Result<Frame> frame = open_foreign(payload, TimePoint{});
  if (!frame) return tl::unexpected{frame.error()};
  if (const Result<void> checked = check_as<schema::Hello>(*frame); !checked) return tl::unexpected{checked.error()};
  const Held<schema::Hello> held{*frame};
  const schema::Hello::Reader hello = *held;
  if (hello.getRole() > schema::Hello::Role::READ_ONLY) {
    return fail(Errc::unsupported_version, fmt::format("role {}", static_cast<unsigned>(hello.getRole())));
  }
  return Greeting{
      .protocol = hello.getProtocol(),
      .who = {.cluster = hello.getCluster(), .node = hello.getNode(), .role = static_cast<Role>(hello.getRole())},
      .incarnation = hello.getIncarnation()};
}

Result<void> check_greeting(const Greeting& greeting, const std::optional<Identity>& proved, const Identity& self,
                            bool answered, std::string_view expected) {
  if (greeting.protocol != kProtocolVersion) {
    return fail(Errc::unsupported_version,
                fmt::format("protocol {}; this node speaks {}", greeting.protocol, kProtocolVersion));
  }
  if (Result<void> named = check_name("cluster", greeting.who.cluster); !named) return named;
  if (Result<void> named = check_name("node", greeting.who.node); !named) return named;
  if (greeting.who.cluster != self.cluster) {
    return fail(Errc::access_denied,
                fmt::format("a node of cluster '{}'; this one is of '{}'", greeting.who.cluster, self.cluster));
  }
  if (proved && *proved != greeting.who) {
    return fail(Errc::access_denied,
                fmt::format("says that it is {} '{}' with the certificate of {} '{}/{}'", to_string(greeting.who.role),
                            greeting.who.node, to_string(proved->role), proved->cluster, proved->node));
  }
  if (greeting.who.role != Role::node) {
    if (!answered) return {};
    return fail(Errc::access_denied,
                fmt::format("{} '{}' answers where a node should", to_string(greeting.who.role), greeting.who.node));
  }
  if (greeting.who.node == self.node && self.role == Role::node) {
    return fail(Errc::access_denied,
                fmt::format("says that it is node '{}', as this one: each needs a name of its own", self.node));
  }
  if (!expected.empty() && greeting.who.node != expected) {
    return fail(Errc::access_denied, fmt::format("node '{}' is where '{}' was expected", greeting.who.node, expected));
  }
  return {};
}

}  // namespace myelin::network
