#include <fmt/format.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bench/messaging.capnp.h"
#include "bench/network/myelin.hpp"

namespace myelin::tool::network_bench {

namespace {

using messaging::Buffer;
using messaging::Number;
using messaging::Record;

std::uint64_t look_at(Record::Reader record) { return record.getFirst() + record.getLast(); }
std::uint64_t look_at(Buffer::Reader buffer) {
  const capnp::Data::Reader bytes = buffer.getBytes();
  return std::uint64_t{bytes.front()} + bytes.back();
}

/// Counts items, and says on a question how many there were since the last.
template <class T, bool kInBatches>
class Sink : public Agent {
 public:
  static void handlers(Handlers<Sink>& on) {
    if constexpr (kInBatches) {
      on.template message<&Sink::batch>();
    } else {
      on.template message<&Sink::one>();
    }
    on.template message<&Sink::report>();
  }

 private:
  void one(typename T::Reader item) {
    checksum_ += look_at(item);
    ++count_;
  }
  void batch(const Batch<T>& items) {
    for (const typename T::Reader item : items) checksum_ += look_at(item);
    count_ += items.size();
  }
  void report(Number::Reader /*question*/, Reply<Number> reply) {
    reply.send([this](Number::Builder answer) { answer.setValue(std::exchange(count_, 0)); });
  }

  std::uint64_t count_ = 0;
  std::uint64_t checksum_ = 0;
};

class Echo : public Agent {
 public:
  static void handlers(Handlers<Echo>& on) { on.message<&Echo::number>(); }

 private:
  void number(Number::Reader question, Reply<Number> reply) {
    reply.send([&](Number::Builder answer) { answer.setValue(question.getValue()); });
  }
};

class ControlEcho : public Agent {
 public:
  static void handlers(Handlers<ControlEcho>& on) { on.message<&ControlEcho::number>(); }
  explicit ControlEcho(AgentRef player) : player_{std::move(player)} {}

 private:
  void number(Number::Reader question) {
    send(player_, make_frame<Number>([&](Number::Builder answer) { answer.setValue(question.getValue()); },
                                     {.lane = Lane::control}));
  }
  const AgentRef player_;
};

class Silent : public Agent {
 public:
  static void handlers(Handlers<Silent>& on) { on.message<&Silent::number>(); }

 private:
  void number(Number::Reader /*question*/, Reply<Number> reply) { unanswered_.push_back(std::move(reply)); }
  std::vector<Reply<Number>> unanswered_;
};

Result<void> publish_all(Mesh& mesh, network::Node& node) {
  const auto player = node.find(kNear, kPlayer);
  if (!player) return tl::unexpected{player.error()};
  std::vector<std::pair<std::string, AgentRef>> agents{
      {kRecords, mesh.spawn<Sink<Record, false>>()},    {kBatches, mesh.spawn<Sink<Record, true>>()},
      {kBuffers, mesh.spawn<Sink<Buffer, false>>()},    {kEcho, mesh.spawn<Echo>()},
      {kControlEcho, mesh.spawn<ControlEcho>(*player)}, {kSilent, mesh.spawn<Silent>()}};
  for (std::size_t i = 0; i < kMembers; ++i) agents.emplace_back(member_name(i), mesh.spawn<Echo>());
  for (const auto& [name, agent] : agents) {
    if (auto done = node.publish(name, agent); !done) return done;
  }
  return {};
}

}  // namespace

std::string member_name(std::size_t i) { return fmt::format("member-{}", i); }

Result<void> serve(const std::string& credentials, std::uint16_t port) {
  network::NodeOptions options{
      .cluster = kCluster, .name = kFar, .listen = fmt::format("127.0.0.1:{}", port), .insecure = credentials.empty()};
  if (!credentials.empty()) {
    auto loaded = network::load_credentials(credentials);
    if (!loaded) return tl::unexpected{loaded.error()};
    options.credentials = *std::move(loaded);
  }
  Mesh mesh;
  auto node = network::Node::start(mesh, options);
  if (!node) return tl::unexpected{node.error()};
  if (auto published = publish_all(mesh, *node); !published) return published;
  say_and_wait(node->address());
  return {};
}

}  // namespace myelin::tool::network_bench
