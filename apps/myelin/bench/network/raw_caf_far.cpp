#include <fmt/format.h>

#include <caf/io/all.hpp>
#include <cstdint>
#include <utility>

#include "bench/network/far_process.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/raw_caf_actors.hpp"

namespace myelin::tool::network_bench::raw_caf {

Config::Config() { load<caf::io::middleman>(); }

namespace {

/// Counts messages, and answers markers.
class Sink : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[this](const Bytes& bytes) {
              checksum_ += static_cast<std::uint64_t>(bytes.front()) + static_cast<std::uint64_t>(bytes.back());
              ++count_;
            },
            [](Marker) { return Answer::value; }, [this](Report) { return std::exchange(count_, 0); }};
  }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t checksum_ = 0;
};

class Echo : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::uint64_t number) { return number; }};
  }
};

class Front : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    const auto sink = spawn<Sink, caf::linked>();
    const auto echo = spawn<Echo, caf::linked>();
    return {[sink](GetSink) { return sink; }, [echo](GetEcho) { return echo; }};
  }
};

}  // namespace

Result<void> serve() {
  Config config;
  caf::actor_system system{config};
  const auto front = system.spawn<Front>();
  const auto port = system.middleman().publish(front, 0, "127.0.0.1");
  if (!port) return fail(Errc::io_error, "CAF cannot publish an actor: " + system.render(port.error()));
  say_and_wait(fmt::format("{}", *port));
  caf::anon_send_exit(front, caf::exit_reason::user_shutdown);
  return {};
}

}  // namespace myelin::tool::network_bench::raw_caf
