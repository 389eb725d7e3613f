#include <algorithm>
#include <caf/io/all.hpp>
#include <charconv>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bench/network/far_process.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/raw_caf_actors.hpp"

namespace myelin::tool::network_bench::raw_caf {

namespace {

constexpr std::chrono::seconds kLimit{30};

/// BASP has no flow control: as in `bench messages`, the sender stops at so many unanswered markers, with a window of
/// messages before each; 8 MiB wait at most.
constexpr std::uint64_t kWindowsOpen = 4;
constexpr std::size_t kWindowBytes = std::size_t{2} << 20;
constexpr std::size_t kWindowMessagesMax = 1024;

Error error_of(const caf::actor_system& system, const char* what, const caf::error& error) {
  return {Errc::io_error, std::string{what} + ": " + system.render(error)};
}

/// An actor system of this process that is connected to one of another.
class Pair {
 public:
  static Result<std::unique_ptr<Pair>> open(std::string_view side) {
    auto far = FarProcess::start(side);
    if (!far) return tl::unexpected{far.error()};
    std::unique_ptr<Pair> pair{new Pair{*std::move(far)}};
    std::uint16_t port = 0;
    const std::string& said = pair->far_.address();
    std::from_chars(said.data(), said.data() + said.size(), port);
    auto front = pair->system_.middleman().remote_actor("127.0.0.1", port);
    if (!front) return tl::unexpected{error_of(pair->system_, "CAF does not connect", front.error())};
    pair->front_ = std::move(*front);
    return pair;
  }

  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }
  template <class Get>
  Result<caf::actor> find() {
    caf::scoped_actor self{system_};
    Result<caf::actor> found = fail(Errc::timeout, "CAF's front does not answer");
    self->request(front_, kLimit, Get::value)
        .receive([&](const caf::actor& actor) { found = actor; },
                 [&](const caf::error& error) {
                   found = tl::unexpected{error_of(system_, "CAF's front does not answer", error)};
                 });
    return found;
  }

 private:
  explicit Pair(FarProcess far) : far_{std::move(far)} {}

  FarProcess far_;
  Config config_;
  caf::actor_system system_{config_};
  caf::actor front_;
};

struct Flowed {
  std::uint64_t messages = 0;
  Duration time{};
};

/// Sends messages for a while, then asks how many were handled.
class Source : public caf::event_based_actor {
 public:
  Source(caf::actor_config& config, caf::actor to, const Stream& stream, std::promise<Result<Flowed>>& flowed)
      : caf::event_based_actor{config},
        to_{std::move(to)},
        stream_{stream},
        content_(stream.bytes * stream.batch, 'm'),
        window_{std::clamp<std::uint64_t>(kWindowBytes / content_.size(), 1, kWindowMessagesMax)},
        flowed_{flowed} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { send_window(); },
            [this](Answer) {
              --markers_open_;
              if (std::exchange(waiting_, false)) send_window();
            }};
  }

 private:
  void send_window() {
    const TimePoint now = Clock::now();
    if (sent_ == 0) began_ = now;
    if (now - began_ >= stream_.time || stream_.stop.stop_requested()) return finish();
    for (std::uint64_t i = 0; i < window_; ++i) send(to_, content_);
    sent_ += window_;
    send(to_, Marker::value);
    waiting_ = ++markers_open_ == kWindowsOpen;
    if (!waiting_) send(this, Go::value);
  }

  void finish() {
    request(to_, kLimit, Report::value)
        .then(
            [this](std::uint64_t handled) {
              if (handled != sent_) return flowed_.set_value(fail(Errc::io_error, "CAF lost messages"));
              flowed_.set_value(Flowed{sent_, Clock::now() - began_});
            },
            [this](const caf::error& error) {
              flowed_.set_value(tl::unexpected{error_of(system(), "CAF's sink does not answer", error)});
            });
  }

  const caf::actor to_;
  const Stream stream_;
  const Bytes content_;
  const std::uint64_t window_;
  std::promise<Result<Flowed>>& flowed_;
  TimePoint began_{};
  std::uint64_t sent_ = 0;
  std::uint64_t markers_open_ = 0;
  bool waiting_ = false;
};

}  // namespace

Result<double> one_way_ns(std::string_view side, const Stream& stream) {
  auto pair = Pair::open(side);
  if (!pair) return tl::unexpected{pair.error()};
  const auto sink = (*pair)->find<GetSink>();
  if (!sink) return tl::unexpected{sink.error()};
  std::promise<Result<Flowed>> flowed;
  const auto source = (*pair)->system().spawn<Source>(*sink, stream, flowed);
  caf::anon_send(source, Go::value);
  auto outcome = flowed.get_future().get();
  caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
  if (!outcome) return tl::unexpected{outcome.error()};
  const double nanoseconds = std::chrono::duration<double, std::nano>(outcome->time).count();
  return nanoseconds / static_cast<double>(outcome->messages * stream.batch);
}

}  // namespace myelin::tool::network_bench::raw_caf
