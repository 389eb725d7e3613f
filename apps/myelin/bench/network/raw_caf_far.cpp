#include <fmt/format.h>

#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>
#include <cstdint>
#include <utility>

#include "bench/network/items.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/raw_caf_actors.hpp"

namespace myelin::tool::network_bench::raw_caf {

Config::Config(const std::string& credentials) {
  load<caf::io::middleman>();
  if (credentials.empty()) return;
  // The names under which network::save_credentials() saves them.
  openssl_certificate = credentials + "/node.pem";
  openssl_key = credentials + "/node.key";
  openssl_cafile = credentials + "/ca.pem";
  load<caf::openssl::manager>();
}

namespace {

/// Counts messages, and answers markers.
class Sink : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[this](const Bytes& bytes) {
              checksum_ += look_at_items(bytes);
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
    return {[sink](GetSink) { return sink; }, [echo](GetEcho) { return echo; },
            [this](GetMembers) {
              std::vector<caf::actor> members;
              for (std::size_t i = 0; i < kMembers; ++i) members.push_back(spawn<Echo, caf::linked>());
              return members;
            }};
  }
};

}  // namespace

Result<void> serve(const std::string& credentials, std::uint16_t port) {
  Config config{credentials};
  caf::actor_system system{config};
  const auto front = system.spawn<Front>();
  const auto published = credentials.empty() ? system.middleman().publish(front, port, "127.0.0.1", true)
                                             : caf::openssl::publish(front, port, "127.0.0.1", true);
  if (!published) return tl::unexpected{error_of(system, "CAF cannot publish an actor", published.error())};
  say_and_wait(fmt::format("{}", *published));
  caf::anon_send_exit(front, caf::exit_reason::user_shutdown);
  return {};
}

}  // namespace myelin::tool::network_bench::raw_caf
