#include <fmt/format.h>

#include <cstdint>

#include "bench/messaging.capnp.h"
#include "bench/network/far_process.hpp"
#include "bench/network/myelin.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"

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

}  // namespace

Result<void> serve(const std::string& credentials) {
  network::NodeOptions options{.cluster = kCluster, .name = kFar, .insecure = credentials.empty()};
  if (!credentials.empty()) {
    auto loaded = network::load_credentials(credentials);
    if (!loaded) return tl::unexpected{loaded.error()};
    options.credentials = *std::move(loaded);
  }
  Mesh mesh;
  auto node = network::Node::start(mesh, options);
  if (!node) return tl::unexpected{node.error()};
  if (auto done = node->publish(kRecords, mesh.spawn<Sink<Record, false>>()); !done) return done;
  if (auto done = node->publish(kBatches, mesh.spawn<Sink<Record, true>>()); !done) return done;
  if (auto done = node->publish(kBuffers, mesh.spawn<Sink<Buffer, false>>()); !done) return done;
  if (auto done = node->publish(kEcho, mesh.spawn<Echo>()); !done) return done;
  say_and_wait(node->address());
  return {};
}

}  // namespace myelin::tool::network_bench
