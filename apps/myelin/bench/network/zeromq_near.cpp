#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/network/items.hpp"
#include "bench/network/zeromq.hpp"
#include "bench/network/zeromq_library.hpp"

namespace myelin::tool::network_bench::zeromq {

namespace {

constexpr int kLimitMs = 30'000;

/// Messages that may wait at either end: as many as 8 MiB are, and no fewer than ZeroMQ's own 1,000 of small ones.
int high_water_mark(std::size_t bytes) {
  return static_cast<int>(std::clamp<std::size_t>((std::size_t{8} << 20) / bytes, 4, 131'072));
}

struct Addresses {
  std::string in, counts, questions;
};

/// Sockets of this process that are connected to another.
class Pair {
 public:
  static Result<std::unique_ptr<Pair>> open(const PairSetup& setup, std::size_t message_bytes) {
    const auto library = Library::get();
    if (!library) return tl::unexpected{library.error()};
    auto far = FarProcess::start(setup);
    if (!far) return tl::unexpected{far.error()};
    std::unique_ptr<Pair> pair{new Pair{*std::move(far), **library}};
    Addresses to;
    std::istringstream{pair->far_.address()} >> to.in >> to.counts >> to.questions;
    pair->out.set(ZMQ_SNDHWM, high_water_mark(message_bytes));
    pair->out.set(ZMQ_SNDTIMEO, kLimitMs);
    for (const Socket* socket : {&pair->counts, &pair->questions}) socket->set(ZMQ_RCVTIMEO, kLimitMs);
    if (auto done = pair->out.connect(to.in); !done) return tl::unexpected{done.error()};
    if (auto done = pair->counts.connect(to.counts); !done) return tl::unexpected{done.error()};
    if (auto done = pair->questions.connect(to.questions); !done) return tl::unexpected{done.error()};
    return pair;
  }

  /// How many messages came over there since the last question.
  Result<std::uint64_t> ask_count() {
    std::uint64_t count = 0;
    if (zmq.zmq_send(out.get(), nullptr, 0, 0) < 0 || zmq.zmq_recv(counts.get(), &count, sizeof count, 0) < 0) {
      return zmq.failure("the other process does not answer");
    }
    return count;
  }
  /// `fill`: takes the message's bytes.
  template <class Fill>
  Result<void> send(std::size_t bytes, Fill&& fill) {
    zmq_msg_t message;
    zmq.zmq_msg_init_size(&message, bytes);
    fill(std::span{static_cast<char*>(zmq.zmq_msg_data(&message)), bytes});
    if (zmq.zmq_msg_send(&message, out.get(), 0) >= 0) return {};
    zmq.zmq_msg_close(&message);
    return zmq.failure("cannot send");
  }

 private:
  Pair(FarProcess far, const Library& library) : zmq{library}, far_{std::move(far)}, context_{library} {}

 public:
  const Library& zmq;

 private:
  FarProcess far_;
  Context context_;

 public:
  const Socket out{context_, ZMQ_PUSH};
  const Socket counts{context_, ZMQ_PULL};
  const Socket questions{context_, ZMQ_REQ};
};

struct Flowed {
  std::uint64_t messages = 0;
  Duration time{};
};

Result<Flowed> flow(Pair& pair, const Stream& stream) {
  const std::vector<char> content(stream.bytes * stream.batch, 'm');
  if (auto ready = pair.ask_count(); !ready) return tl::unexpected{ready.error()};
  const std::uint64_t at_once = std::clamp<std::uint64_t>((std::size_t{64} << 10) / content.size(), 1, 1024);
  std::uint64_t sent = 0;
  const TimePoint began = Clock::now();
  while (Clock::now() - began < stream.time && !stream.stop.stop_requested()) {
    for (std::uint64_t i = 0; i < at_once; ++i) {
      const auto done = pair.send(content.size(), [&](std::span<char> bytes) {
        if (stream.bytes == kItemBytes) return fill_in_items(bytes, sent * stream.batch);
        std::memcpy(bytes.data(), content.data(), bytes.size());
      });
      if (!done) return tl::unexpected{done.error()};
      ++sent;
    }
  }
  const auto count = pair.ask_count();
  const Duration time = Clock::now() - began;
  if (!count) return tl::unexpected{count.error()};
  if (*count != sent) return fail(Errc::io_error, "ZeroMQ lost messages");
  return Flowed{sent, time};
}

/// Before the first question that counts.
constexpr std::uint64_t kWarmUps = 50;

Result<Latencies> ask(Pair& pair, const Questions& questions) {
  Latencies latencies;
  std::uint64_t number = 0, count = 0;
  const TimePoint end = Clock::now() + questions.time;
  for (TimePoint now = Clock::now(); latencies.empty() || (now < end && !questions.stop.stop_requested());) {
    const TimePoint asked_at = now;
    if (pair.zmq.zmq_send(pair.questions.get(), &number, sizeof number, 0) < 0 ||
        pair.zmq.zmq_recv(pair.questions.get(), &number, sizeof number, 0) < 0) {
      return pair.zmq.failure("the other process does not answer");
    }
    now = Clock::now();
    if (++count > kWarmUps) latencies.add(nanoseconds(now - asked_at));
  }
  return latencies;
}

}  // namespace

Result<double> one_way_ns(const PairSetup& setup, const Stream& stream) {
  auto pair = Pair::open(setup, stream.bytes * stream.batch);
  if (!pair) return tl::unexpected{pair.error()};
  const auto flowed = flow(**pair, stream);
  if (!flowed) return tl::unexpected{flowed.error()};
  return nanoseconds(flowed->time) / static_cast<double>(flowed->messages * stream.batch);
}

Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions) {
  auto opened = Pair::open(setup, std::max<std::size_t>(questions.bulk_bytes, 1));
  if (!opened) return tl::unexpected{opened.error()};
  Pair& pair = **opened;
  if (questions.bulk_bytes == 0) {
    auto latencies = ask(pair, questions);
    if (!latencies) return tl::unexpected{latencies.error()};
    return RoundTrips{*std::move(latencies), 0};
  }
  std::stop_source stop;
  auto bulk = std::async(std::launch::async, [&] {
    return flow(pair, {.bytes = questions.bulk_bytes, .time = std::chrono::hours{1}, .stop = stop.get_token()});
  });
  auto latencies = ask(pair, questions);
  stop.request_stop();
  const auto flowed = bulk.get();
  if (!latencies) return tl::unexpected{latencies.error()};
  if (!flowed) return tl::unexpected{flowed.error()};
  const double bytes = static_cast<double>(flowed->messages * questions.bulk_bytes);
  return RoundTrips{*std::move(latencies), bytes * 1e9 / nanoseconds(flowed->time)};
}

}  // namespace myelin::tool::network_bench::zeromq
