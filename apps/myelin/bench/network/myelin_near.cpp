#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "bench/messaging.capnp.h"
#include "bench/network/far_process.hpp"
#include "bench/network/myelin.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"

namespace myelin::tool::network_bench {

namespace {

using messaging::Buffer;
using messaging::Go;
using messaging::Number;
using messaging::Record;

constexpr std::chrono::seconds kLimit{30};
/// What a sender sends in one turn, before others of its process have theirs.
constexpr std::size_t kBytesATurn = std::size_t{64} << 10;

Frame go() {
  return make_frame<Go>([](Go::Builder) {});
}

/// A node of this process that is connected to one of another.
class Pair {
 public:
  static Result<std::unique_ptr<Pair>> open(std::string_view side, const Proofs& proofs) {
    auto far = FarProcess::start(side, proofs.far_folder);
    if (!far) return tl::unexpected{far.error()};
    std::unique_ptr<Pair> pair{new Pair{*std::move(far)}};
    network::NodeOptions options{.cluster = kCluster, .name = kNear, .insecure = !proofs.near};
    options.credentials = proofs.near;
    options.peers = {{kFar, pair->far_.address()}};
    auto started = network::Node::start(pair->mesh_, options);
    if (!started) return tl::unexpected{started.error()};
    pair->node_.emplace(*std::move(started));
    if (auto there = pair->node_->wait_connected(kFar, kLimit); !there) return tl::unexpected{there.error()};
    return pair;
  }

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] Result<AgentRef> find(const char* agent) { return node_->find(kFar, agent); }

 private:
  explicit Pair(FarProcess far) : far_{std::move(far)} {}

  FarProcess far_;
  Mesh mesh_;
  std::optional<network::Node> node_;
};

void fill_in(Record::Builder record, std::uint64_t i, const std::vector<char>& /*content*/) {
  record.setFirst(i);
  record.setSecond(i);
  record.setThird(i);
  record.setFourth(i);
  record.setFifth(i);
  record.setSixth(i);
  record.setSeventh(i);
  record.setLast(i);
}
void fill_in(Buffer::Builder buffer, std::uint64_t /*i*/, const std::vector<char>& content) {
  std::memcpy(buffer.initBytes(static_cast<unsigned int>(content.size())).begin(), content.data(), content.size());
}

struct Flowed {
  std::uint64_t items = 0;
  Duration time{};
};

/// Sends items for a while, then asks how many were handled.
template <class T, bool kTold>
class Source : public Agent {
 public:
  static void handlers(Handlers<Source>& on) { on.template message<&Source::go_on>(); }

  Source(AgentRef to, const Stream& stream, std::promise<Result<Flowed>>& flowed)
      : to_{std::move(to)}, stream_{stream}, content_(stream.bytes, 'm'), flowed_{flowed} {}

 private:
  void go_on(Go::Reader /*go*/) {
    const TimePoint time = now();
    if (sent_ == 0) began_ = time;
    if (time - began_ >= stream_.time || stream_.stop.stop_requested()) return finish();
    const std::uint64_t turn = std::max<std::uint64_t>(kBytesATurn / stream_.bytes, 1);
    for (std::uint64_t i = 0; i < turn; ++i) send_one();
    flush();
    send(self(), go());
  }

  void send_one() {
    const auto fill = [this](typename T::Builder item) { fill_in(item, sent_, content_); };
    if constexpr (kTold) {
      tell(to_, fill);
    } else {
      // In one segment: the root, the pointer, the bytes.
      constexpr std::size_t kWords = 3;
      send(to_, make_frame<T>(fill, {.lane = lane_}, kWords + content_.size() / sizeof(capnp::word)));
    }
    ++sent_;
  }

  void finish() {
    ask<Number>(
        to_, [](Number::Builder question) { question.setValue(0); }, kLimit,
        [this](Result<Held<Number>> answer) {
          if (!answer) return flowed_.set_value(tl::unexpected{answer.error()});
          const std::uint64_t handled = (*answer)->getValue();
          if (handled != sent_) {
            return flowed_.set_value(
                myelin::fail(Errc::io_error, fmt::format("{} messages were sent, and {} came", sent_, handled)));
          }
          flowed_.set_value(Flowed{sent_, Clock::now() - began_});
        });
  }

  const AgentRef to_;
  const Stream stream_;
  const std::vector<char> content_;
  const Lane lane_ = Lane::normal;
  std::promise<Result<Flowed>>& flowed_;
  TimePoint began_{};
  std::uint64_t sent_ = 0;
};

template <class T, bool kTold>
Result<double> run_stream(Pair& pair, const char* sink, const Stream& stream) {
  const auto to = pair.find(sink);
  if (!to) return tl::unexpected{to.error()};
  std::promise<Result<Flowed>> flowed;
  const AgentRef source = pair.mesh().spawn<Source<T, kTold>>(*to, stream, flowed);
  pair.mesh().send(source, go());
  auto outcome = flowed.get_future().get();
  if (!outcome) return tl::unexpected{outcome.error()};
  return std::chrono::duration<double, std::nano>(outcome->time).count() / static_cast<double>(outcome->items);
}

}  // namespace

Result<double> one_way_ns(std::string_view side, const Proofs& proofs, const Stream& stream) {
  auto pair = Pair::open(side, proofs);
  if (!pair) return tl::unexpected{pair.error()};
  if (stream.bytes != 8 * sizeof(std::uint64_t)) return run_stream<Buffer, false>(**pair, kBuffers, stream);
  if (stream.batch == 1) return run_stream<Record, false>(**pair, kRecords, stream);
  return run_stream<Record, true>(**pair, kBatches, stream);
}

}  // namespace myelin::tool::network_bench
