// The near node, and what it sends one way.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <limits>
#include <utility>
#include <vector>

#include "bench/messaging.capnp.h"
#include "bench/network/myelin.hpp"

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

  Source(AgentRef to, const Stream& stream, Lane lane, Promised<Flowed> flowed)
      : to_{std::move(to)}, stream_{stream}, content_(stream.bytes, 'm'), lane_{lane}, flowed_{std::move(flowed)} {}

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
      tell(to_, fill, lane_);
    } else {
      // In one segment: the root, the pointer, the bytes.
      constexpr std::size_t kWords = 3;
      send(to_, make_frame<T>(fill, {.lane = lane_}, kWords + content_.size() / sizeof(capnp::word)));
    }
    ++sent_;
  }

  /// Until all have come: the question may overtake them.
  void finish() {
    ask<Number>(
        to_, [](Number::Builder question) { question.setValue(0); }, kLimit,
        [this](Result<Held<Number>> answer) {
          if (!answer) return flowed_->set_value(tl::unexpected{answer.error()});
          handled_ += (*answer)->getValue();
          const TimePoint time = now();
          if (handled_ == sent_) return flowed_->set_value(Flowed{sent_, time - began_});
          if (stopped_at_ == TimePoint{}) stopped_at_ = time;
          if (time - stopped_at_ < kLimit) return finish();
          flowed_->set_value(
              myelin::fail(Errc::io_error, fmt::format("{} messages were sent, and {} came", sent_, handled_)));
        });
  }

  const AgentRef to_;
  const Stream stream_;
  const std::vector<char> content_;
  const Lane lane_;
  const Promised<Flowed> flowed_;
  TimePoint began_{};
  TimePoint stopped_at_{};
  std::uint64_t sent_ = 0;
  std::uint64_t handled_ = 0;
};

template <class T, bool kTold>
Result<Flowed> run_stream(Pair& pair, const char* sink, const Stream& stream) {
  const auto to = pair.find(sink);
  if (!to) return tl::unexpected{to.error()};
  const auto flowed = promise<Flowed>();
  const AgentRef source = pair.mesh().spawn<Source<T, kTold>>(*to, stream, Lane::normal, flowed);
  pair.mesh().send(source, go());
  auto outcome = flowed->get_future().get();
  pair.mesh().stop_agent(source);
  return outcome;
}

class RunningBulk final : public Bulk {
 public:
  RunningBulk(Pair& pair, const AgentRef& to, std::size_t bytes) : bytes_{bytes} {
    const Stream stream{.bytes = bytes, .time = std::chrono::hours{1}, .stop = stop_.get_token()};
    pair.mesh().send(pair.mesh().spawn<Source<Buffer, false>>(to, stream, Lane::bulk, flowed_), go());
  }
  Result<double> finish() override {
    stop_.request_stop();
    const auto flowed = flowed_->get_future().get();
    if (!flowed) return tl::unexpected{flowed.error()};
    return static_cast<double>(flowed->items * bytes_) / std::chrono::duration<double>(flowed->time).count();
  }

 private:
  const std::size_t bytes_;
  std::stop_source stop_;
  const Promised<Flowed> flowed_ = promise<Flowed>();
};

}  // namespace

Result<std::unique_ptr<Pair>> Pair::open(const PairSetup& setup) {
  auto far = FarProcess::start(setup);
  if (!far) return tl::unexpected{far.error()};
  std::unique_ptr<Pair> pair{new Pair{setup, *std::move(far)}};
  network::NodeOptions options{.cluster = kCluster, .name = kNear, .insecure = setup.near_credentials.empty()};
  if (!setup.near_credentials.empty()) {
    auto loaded = network::load_credentials(setup.near_credentials);
    if (!loaded) return tl::unexpected{loaded.error()};
    options.credentials = *std::move(loaded);
  }
  options.peers = {{kFar, pair->far().address()}};
  auto started = network::Node::start(pair->mesh_, options);
  if (!started) return tl::unexpected{started.error()};
  pair->node_.emplace(*std::move(started));
  if (auto there = pair->node_->wait_connected(kFar, kLimit); !there) return tl::unexpected{there.error()};
  return pair;
}

Result<void> Pair::restart() {
  const std::uint16_t port = far_->port();
  far_.reset();
  auto far = FarProcess::start(setup_, port);
  if (!far) return tl::unexpected{far.error()};
  far_.emplace(*std::move(far));
  return {};
}

Result<double> one_way_ns(const PairSetup& setup, const Stream& stream) {
  auto pair = Pair::open(setup);
  if (!pair) return tl::unexpected{pair.error()};
  const bool in_records = stream.bytes == 8 * sizeof(std::uint64_t);
  const auto flowed = !in_records         ? run_stream<Buffer, false>(**pair, kBuffers, stream)
                      : stream.batch == 1 ? run_stream<Record, false>(**pair, kRecords, stream)
                                          : run_stream<Record, true>(**pair, kBatches, stream);
  if (!flowed) return tl::unexpected{flowed.error()};
  return nanoseconds(flowed->time) / static_cast<double>(flowed->items);
}

Result<std::unique_ptr<Bulk>> start_bulk(Pair& pair, std::size_t bytes) {
  const auto to = pair.find(kBuffers);
  if (!to) return tl::unexpected{to.error()};
  return std::make_unique<RunningBulk>(pair, *to, bytes);
}

}  // namespace myelin::tool::network_bench
