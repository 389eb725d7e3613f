#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bench/network/far_process.hpp"
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
  static Result<std::unique_ptr<Pair>> open(std::string_view side, std::size_t message_bytes) {
    const auto library = Library::get();
    if (!library) return tl::unexpected{library.error()};
    auto far = FarProcess::start(side);
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
  Result<void> send(const std::vector<char>& content) {
    zmq_msg_t message;
    zmq.zmq_msg_init_size(&message, content.size());
    std::memcpy(zmq.zmq_msg_data(&message), content.data(), content.size());
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

}  // namespace

Result<double> one_way_ns(std::string_view side, const Stream& stream) {
  const std::vector<char> content(stream.bytes * stream.batch, 'm');
  auto opened = Pair::open(side, content.size());
  if (!opened) return tl::unexpected{opened.error()};
  Pair& pair = **opened;
  if (auto ready = pair.ask_count(); !ready) return tl::unexpected{ready.error()};
  const std::uint64_t at_once = std::clamp<std::uint64_t>((std::size_t{64} << 10) / content.size(), 1, 1024);
  std::uint64_t sent = 0;
  const TimePoint began = Clock::now();
  while (Clock::now() - began < stream.time && !stream.stop.stop_requested()) {
    for (std::uint64_t i = 0; i < at_once; ++i) {
      if (auto done = pair.send(content); !done) return tl::unexpected{done.error()};
    }
    sent += at_once;
  }
  const auto count = pair.ask_count();
  const Duration time = Clock::now() - began;
  if (!count) return tl::unexpected{count.error()};
  if (*count != sent) return fail(Errc::io_error, "ZeroMQ lost messages");
  return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(sent * stream.batch);
}

}  // namespace myelin::tool::network_bench::zeromq
