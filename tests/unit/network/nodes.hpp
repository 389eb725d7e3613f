/// Two nodes in this process, each with a mesh of its own, and what their agents say.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "../../support/expect_success.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"
#include "samples.capnp.h"

namespace myelin::test {

/// Generous: nothing waits for it but on failure.
inline constexpr Duration kLimit = std::chrono::seconds{60};

/// Looks again and again, for things that happen on other threads.
template <class Condition>
bool eventually(Condition&& condition) {
  for (const TimePoint end = Clock::now() + kLimit; Clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return false;
}

inline network::Validity this_year() {
  const auto now = std::chrono::system_clock::now();
  return {now - std::chrono::hours{1}, now + std::chrono::hours{24 * 365}};
}

/// One authority for all tests: a key takes its time.
inline const network::CertificateAndKey& authority() {
  static const network::CertificateAndKey made = *network::make_authority("cluster", this_year());
  return made;
}

inline network::NodeOptions options_of(const std::string& name, bool tls) {
  network::NodeOptions options{.cluster = "cluster", .name = name, .insecure = !tls};
  if (tls) options.credentials = *network::make_credentials(authority(), "cluster", name, this_year());
  return options;
}

/// A mesh and its node.
struct NodeFixture {
  explicit NodeFixture(const network::NodeOptions& options) : mesh{{.workers = 1}} {
    auto started = network::Node::start(mesh, options);
    require_success(started);
    node.emplace(std::move(*started));
  }
  AgentRef find(const std::string& other, const std::string& agent) {
    auto found = node->find(other, agent);
    require_success(found);
    return *found;
  }
  template <class Answer, class Fill>
  Result<Held<Answer>> ask(const AgentRef& to, Fill&& fill, Duration limit = kLimit) {
    return mesh.ask<Answer>(to, std::forward<Fill>(fill), limit);
  }

  Mesh mesh;
  std::optional<network::Node> node;
};

/// "left" and "right"; left dials.
struct PairFixture {
  explicit PairFixture(bool tls = false) : right{options_of("right", tls)}, left{dialling(tls)} { connect(); }
  network::NodeOptions dialling(bool tls) {
    network::NodeOptions options = options_of("left", tls);
    options.peers = {{"right", right.node->address()}};
    return options;
  }
  void connect() {
    require_success(left.node->wait_connected("right", kLimit));
    require_success(right.node->wait_connected("left", kLimit));
  }

  NodeFixture right;
  NodeFixture left;
};

/// Answers a Note with its text and payload, and a Tick with its double. Keeps what it is told.
class Echo : public Agent {
 public:
  static void handlers(Handlers<Echo>& on) {
    on.message<&Echo::note>();
    on.message<&Echo::tick>();
  }

 private:
  void note(samples::Note::Reader note, Reply<samples::Note> reply) {
    reply.send([&](samples::Note::Builder answer) {
      answer.setId(note.getId() + 1);
      answer.setText(note.getText());
      answer.setPayload(note.getPayload());
    });
  }
  void tick(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(2 * tick.getValue()); });
  }
};

}  // namespace myelin::test
