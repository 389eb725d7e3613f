#include "demos/digits/probes.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

#include "process/memory.hpp"

namespace myelin::digits {

namespace {

/// What a probe returns when it was stopped. Nobody reads it: the command ends with kExitInterrupted.
tl::unexpected<Error> stopped() { return fail(Errc::timeout, "interrupted"); }

/// How long a probe may take at most, ten times over.
constexpr Duration kLimit = std::chrono::seconds{60};

class Echo : public Agent {
 public:
  static void handlers(Handlers<Echo>& on) { on.message<&Echo::ping>(); }

 private:
  void ping(schema::Ping::Reader ping, Reply<schema::Ping> reply) {
    reply.send([number = ping.getNumber()](schema::Ping::Builder pong) { pong.setNumber(number); });
  }
};

class Asker : public Agent {
 public:
  using Results = Handover<Result<tool::Latencies>>;

  Asker(AgentRef echo, std::uint64_t count, std::shared_ptr<Results> results)
      : echo_{std::move(echo)}, left_{count}, results_{std::move(results)} {
    latencies_.reserve(count);
  }
  static void handlers(Handlers<Asker>& /*on*/) {}
  void on_start() override { ask_next(); }

 private:
  void ask_next() {
    ask<schema::Ping>(
        echo_, [this](schema::Ping::Builder ping) { ping.setNumber(left_); }, std::chrono::seconds{10},
        [this, asked = now()](const Result<Held<schema::Ping>>& answer) {
          if (!answer) return finish(tl::unexpected{answer.error()});
          latencies_.add(static_cast<double>((now() - asked).count()));
          if (--left_ > 0) return ask_next();
          finish(std::move(latencies_));
        });
  }
  void finish(Result<tool::Latencies> result) {
    results_->put(std::move(result));
    stop();
  }

  AgentRef echo_;
  std::uint64_t left_;
  tool::Latencies latencies_;
  std::shared_ptr<Results> results_;
};

constexpr std::size_t kChunkBytes = 1024;

class ChunkReader : public Agent {
 public:
  static void handlers(Handlers<ChunkReader>& on) { on.message<&ChunkReader::chunk>(); }

 private:
  void chunk(schema::Chunk::Reader chunk, Reply<schema::Receipt> reply) {
    const auto payload = chunk.getPayload();
    sum_ = std::accumulate(payload.begin(), payload.end(), sum_);  // every byte is read
    bytes_ += payload.size();
    reply.send([this](schema::Receipt::Builder receipt) { receipt.setBytes(sum_ == 0 ? 0 : bytes_); });
  }

  std::uint64_t bytes_ = 0;
  std::uint64_t sum_ = 0;
};

/// Sends windows of chunks, the last of each as a question; goes on when a window before was received.
class ChunkSender : public Agent {
 public:
  using Results = Handover<Result<Stream>>;

  ChunkSender(AgentRef reader, std::uint64_t messages, std::shared_ptr<Results> results)
      : reader_{std::move(reader)},
        windows_left_{std::max<std::uint64_t>(1, messages / kWindow)},
        results_{std::move(results)} {
    std::iota(payload_.begin(), payload_.end(), std::uint8_t{1});
  }
  static void handlers(Handlers<ChunkSender>& /*on*/) {}
  void on_start() override {
    began_ = now();
    for (int open = 0; open < kWindowsOpen && windows_left_ > 0; ++open) send_window();
  }

 private:
  static constexpr std::uint64_t kWindow = 128;
  static constexpr int kWindowsOpen = 2;

  void fill(schema::Chunk::Builder chunk) const { chunk.setPayload(kj::arrayPtr(payload_.data(), payload_.size())); }

  void send_window() {
    --windows_left_;
    ++windows_open_;
    constexpr std::size_t kWords = kChunkBytes / sizeof(capnp::word) + 8;
    for (std::uint64_t i = 1; i < kWindow; ++i) {
      send(reader_,
           make_frame<schema::Chunk>([this](schema::Chunk::Builder chunk) { fill(chunk); }, {.sender = id()}, kWords));
    }
    const Frame last = make_frame<schema::Chunk>([this](schema::Chunk::Builder chunk) { fill(chunk); }, {}, kWords);
    ask<schema::Receipt>(reader_, last, std::chrono::seconds{10}, [this](const Result<Held<schema::Receipt>>& receipt) {
      if (!receipt) return finish(tl::unexpected{receipt.error()});
      --windows_open_;
      if (windows_left_ > 0) return send_window();
      if (windows_open_ == 0) finish(Stream{(*receipt)->getBytes(), kChunkBytes, now() - began_});
    });
  }
  void finish(Result<Stream> result) {
    results_->put(std::move(result));
    stop();
  }

  AgentRef reader_;
  std::uint64_t windows_left_;
  int windows_open_ = 0;
  TimePoint began_{};
  std::array<std::uint8_t, kChunkBytes> payload_{};
  std::shared_ptr<Results> results_;
};

template <class T>
Result<T> wait_for(Handover<Result<T>>& results, const std::stop_token& stop) {
  std::optional<Result<T>> result = results.take(stop, kLimit);
  if (!result) return stopped();
  return *std::move(result);
}

}  // namespace

Result<tool::Latencies> measure_round_trips(Mesh& mesh, std::uint64_t count, const std::stop_token& stop) {
  const AgentRef echo = mesh.spawn<Echo>();
  const auto results = std::make_shared<Asker::Results>();
  mesh.spawn<Asker>(echo, count, results);
  auto result = wait_for(*results, stop);
  mesh.stop_agent(echo);
  return result;
}

double Stream::megabytes_a_second() const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(payload_bytes) / 1e6 / seconds : 0.0;
}

Result<Stream> measure_stream(Mesh& mesh, std::uint64_t messages, const std::stop_token& stop) {
  const AgentRef reader = mesh.spawn<ChunkReader>();
  const auto results = std::make_shared<ChunkSender::Results>();
  mesh.spawn<ChunkSender>(reader, messages, results);
  auto result = wait_for(*results, stop);
  mesh.stop_agent(reader);
  return result;
}

Result<double> measure_product_ns(kernels::Backend& backend, int repetitions, const std::stop_token& stop) {
  constexpr std::size_t kSize = 1000;
  std::mt19937 generator{1};
  std::uniform_real_distribution<float> distribution{-1.0F, 1.0F};
  std::vector<float> a(kSize * kSize);
  std::vector<float> b(kSize * kSize);
  std::vector<float> c(kSize * kSize);
  std::ranges::generate(a, [&] { return distribution(generator); });
  std::ranges::generate(b, [&] { return distribution(generator); });
  std::vector<double> times;
  for (int i = -1; i < repetitions; ++i) {
    if (stop.stop_requested()) return stopped();
    const Clock::time_point began = Clock::now();
    const auto done = backend.gemm({a.data(), kSize, kSize}, {b.data(), kSize, kSize}, {c.data(), kSize, kSize});
    if (!done) return tl::unexpected{done.error()};
    if (i >= 0) times.push_back(static_cast<double>(Duration{Clock::now() - began}.count()));
  }
  return tool::median(std::move(times));
}

Result<CrowdFigures> measure_crowd(std::shared_ptr<const Samples> images, std::size_t agents,
                                   const std::stop_token& stop) {
  Mesh mesh;
  const auto surroundings = std::make_shared<Surroundings>();
  surroundings->images = std::move(images);
  const auto desk = std::make_shared<Desk>();
  const AgentRef collector = mesh.spawn<Collector>(surroundings, agents, desk);
  const std::uint64_t before = tool::resident_bytes();
  const Clock::time_point began = Clock::now();
  mesh.tell(collector, [](schema::Hello::Builder) {});
  const Result<Readiness> ready = wait_for(desk->ready, stop);
  if (!ready) return tl::unexpected{ready.error()};
  CrowdFigures figures{.agents = ready->agents, .elapsed = Clock::now() - began};
  const std::uint64_t after = tool::resident_bytes();
  figures.bytes_per_agent =
      after > before ? static_cast<double>(after - before) / static_cast<double>(figures.agents) : 0.0;
  mesh.stop();
  return figures;
}

}  // namespace myelin::digits
