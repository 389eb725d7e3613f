// What becomes of messages when the other node, or the agent, is not there, or goes.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <vector>

#include "nodes.hpp"
#include "transport/address.hpp"

namespace myelin::test {

namespace {

/// Keeps the values of the ticks it is told.
class Sink : public Agent {
 public:
  struct Seen {
    std::mutex mutex;
    std::vector<std::uint64_t> values;
    [[nodiscard]] std::size_t size() {
      const std::lock_guard guard{mutex};
      return values.size();
    }
  };
  explicit Sink(std::shared_ptr<Seen> seen) : seen_{std::move(seen)} {}
  static void handlers(Handlers<Sink>& on) { on.message<&Sink::tick>(); }

 private:
  void tick(samples::Tick::Reader tick) {
    const std::lock_guard guard{seen_->mutex};
    seen_->values.push_back(tick.getValue());
  }
  const std::shared_ptr<Seen> seen_;
};

/// Tells, or sends one by one, ticks of 0, 1, 2, ... when it is told how many.
class Source : public Agent {
 public:
  Source(AgentRef to, bool one_by_one) : to_{std::move(to)}, one_by_one_{one_by_one} {}
  static void handlers(Handlers<Source>& on) { on.message<&Source::begin>(); }

 private:
  void begin(samples::Tick::Reader count) {
    left_ = count.getValue();
    go_on();
  }
  void go_on() {
    for (int sent = 0; sent < 1000 && left_ > 0; ++sent, --left_) {
      const auto fill = [&](samples::Tick::Builder tick) { tick.setValue(next_++); };
      if (one_by_one_) {
        send(to_, make_frame<samples::Tick>(fill));
      } else {
        tell(to_, fill);
      }
    }
    if (left_ > 0) after(Duration{0}, [this] { go_on(); });
  }
  const AgentRef to_;
  const bool one_by_one_;
  std::uint64_t next_ = 0;
  std::uint64_t left_ = 0;
};

/// Never answers; says whether the question was cancelled.
class Silent : public Agent {
 public:
  explicit Silent(std::shared_ptr<std::atomic<int>> state) : state_{std::move(state)} {}
  static void handlers(Handlers<Silent>& on) { on.message<&Silent::tick>(); }

 private:
  void tick(samples::Tick::Reader, Reply<samples::Tick> reply) {
    *state_ = 1;
    kept_ = std::move(reply);
    look();
  }
  void look() {
    if (kept_.cancelled()) {
      *state_ = 2;
    } else {
      after(std::chrono::milliseconds{1}, [this] { look(); });
    }
  }
  const std::shared_ptr<std::atomic<int>> state_;
  Reply<samples::Tick> kept_;
};

/// Takes no more connections, and does not say so: who dials it waits.
class UnansweredPort {
 public:
  UnansweredPort() {
    const auto any = network::resolve_address("127.0.0.1:0", true);
    require_success(any);
    BOOST_REQUIRE(::bind(listener_, any->get(), any->size) == 0);
    BOOST_REQUIRE(::listen(listener_, 0) == 0);
    // Until one waits in vain, its queue is not full.
    for (bool is_full = false; !is_full;) {
      queue_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const network::SocketAddress own = network::local_address(listener_);
      BOOST_REQUIRE((::connect(queue_.back(), own.get(), own.size) == 0 || errno == EINPROGRESS));
      pollfd connected{queue_.back(), POLLOUT, 0};
      is_full = ::poll(&connected, 1, 200) == 0;
      BOOST_REQUIRE(queue_.size() < 10U);
    }
  }
  UnansweredPort(const UnansweredPort&) = delete;
  UnansweredPort& operator=(const UnansweredPort&) = delete;
  ~UnansweredPort() {
    for (const int socket : queue_) ::close(socket);
    ::close(listener_);
  }
  [[nodiscard]] std::string address() const { return network::local_address(listener_).text(); }

 private:
  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::vector<int> queue_;
};

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

std::string cause(const Result<Held<samples::Tick>>& answer) {
  return answer ? "" : std::string{to_string(answer.error().code)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(peers)

BOOST_AUTO_TEST_CASE(what_is_told_comes_in_order_and_once) {
  for (const bool one_by_one : {false, true}) {
    PairFixture nodes{true};
    const auto seen = std::make_shared<Sink::Seen>();
    require_success(nodes.right.node->publish("sink", nodes.right.mesh.spawn<Sink>(seen)));
    const AgentRef source = nodes.left.mesh.spawn<Source>(nodes.left.find("right", "sink"), one_by_one);
    constexpr std::size_t kCount = 50'000;
    nodes.left.mesh.tell(source, [](samples::Tick::Builder count) { count.setValue(kCount); });
    BOOST_REQUIRE(eventually([&] { return seen->size() == kCount; }));
    for (std::size_t i = 0; i < kCount; ++i) BOOST_REQUIRE(seen->values[i] == i);
  }
}

BOOST_AUTO_TEST_CASE(an_agent_that_is_not_there_is_an_error_at_the_sender) {
  PairFixture nodes;
  const AgentRef nobody = nodes.left.find("right", "nobody");
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(nobody, kTick)) == "not_found");
  nodes.left.mesh.tell(nobody, kTick);
  BOOST_TEST(eventually([&] { return nodes.left.mesh.dead_letters().count(Errc::not_found) == 1; }));
  BOOST_TEST(nodes.left.mesh.dead_letters().recent().back().receiver == nobody.id());
}

BOOST_AUTO_TEST_CASE(an_agent_that_has_ended_is_an_error_at_the_sender) {
  PairFixture nodes;
  const AgentRef echo = nodes.right.mesh.spawn<Echo>();
  require_success(nodes.right.node->publish("echo", echo));
  nodes.right.mesh.stop_agent(echo);
  BOOST_REQUIRE(eventually([&] { return nodes.right.mesh.state_of(echo) == AgentState::stopped; }));
  const AgentRef handle = nodes.left.find("right", "echo");
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick)) == "receiver_dead");
  nodes.left.mesh.tell(handle, kTick);
  BOOST_TEST(eventually([&] { return nodes.left.mesh.dead_letters().count(Errc::receiver_dead) == 1; }));
}

BOOST_AUTO_TEST_CASE(a_name_can_be_withdrawn_and_given_to_another) {
  PairFixture nodes;
  const AgentRef handle = nodes.left.find("right", "echo");
  require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
  BOOST_TEST(
      (nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()).error().code == Errc::invalid_argument));
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick)) == "");
  nodes.right.node->withdraw("echo");
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick)) == "not_found");
  require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick)) == "");
}

BOOST_AUTO_TEST_CASE(without_a_connection_questions_fail_at_once_and_messages_are_dead_letters) {
  NodeFixture alone{options_of("alone", false)};
  const AgentRef handle = alone.find("elsewhere", "echo");
  BOOST_TEST(cause(alone.ask<samples::Tick>(handle, kTick, std::chrono::hours{1})) == "unreachable");
  alone.mesh.tell(handle, kTick);
  BOOST_TEST(alone.mesh.dead_letters().count(Errc::unreachable) == 1);
}

BOOST_AUTO_TEST_CASE(a_question_whose_node_goes_has_an_unknown_outcome) {
  PairFixture nodes{true};
  const auto state = std::make_shared<std::atomic<int>>(0);
  require_success(nodes.right.node->publish("silent", nodes.right.mesh.spawn<Silent>(state)));
  const AgentRef handle = nodes.left.find("right", "silent");
  std::thread stops{[&] {
    eventually([&] { return *state == 1; });
    nodes.right.node.reset();
  }};
  const auto answer = nodes.left.ask<samples::Tick>(handle, kTick, std::chrono::hours{1});
  stops.join();
  BOOST_TEST(cause(answer) == "outcome_unknown");
  // Who was asked hears that nobody waits any more.
  BOOST_TEST(eventually([&] { return *state == 2; }));
}

BOOST_AUTO_TEST_CASE(a_question_that_is_given_up_is_cancelled_there) {
  PairFixture nodes;
  const auto state = std::make_shared<std::atomic<int>>(0);
  require_success(nodes.right.node->publish("silent", nodes.right.mesh.spawn<Silent>(state)));
  const AgentRef handle = nodes.left.find("right", "silent");
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick, std::chrono::milliseconds{20})) == "timeout");
  BOOST_TEST(eventually([&] { return *state != 1; }));  // 0: it was cancelled before it was begun
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(handle, kTick, std::chrono::milliseconds{20})) == "timeout");
}

BOOST_AUTO_TEST_CASE(a_handle_outlives_the_restart_of_its_node) {
  for (const bool tls : {false, true}) {
    std::optional<NodeFixture> right{std::in_place, options_of("right", tls)};
    const std::string address = right->node->address();
    network::NodeOptions dialling = options_of("left", tls);
    dialling.peers = {{"right", address}};
    NodeFixture left{dialling};
    require_success(left.node->wait_connected("right", kLimit));
    require_success(right->node->publish("echo", right->mesh.spawn<Echo>()));
    const AgentRef handle = left.find("right", "echo");
    BOOST_TEST(cause(left.ask<samples::Tick>(handle, kTick)) == "");

    right.reset();
    BOOST_REQUIRE(eventually([&] { return !left.node->peers().front().connected; }));
    BOOST_TEST(cause(left.ask<samples::Tick>(handle, kTick)) == "unreachable");

    network::NodeOptions again = options_of("right", tls);
    again.listen = address;
    right.emplace(again);
    require_success(right->node->publish("echo", right->mesh.spawn<Echo>()));
    require_success(left.node->wait_connected("right", kLimit));
    BOOST_TEST(cause(left.ask<samples::Tick>(handle, kTick)) == "");
    BOOST_TEST(left.node->peers().front().connections == 2);
  }
}

BOOST_AUTO_TEST_CASE(two_that_dial_each_other_have_one_connection) {
  for (int round = 0; round < 10; ++round) {
    NodeFixture a{options_of("a", true)}, b{options_of("b", true)};
    require_success(a.node->add_peer({"b", b.node->address()}));
    require_success(b.node->add_peer({"a", a.node->address()}));
    require_success(a.node->wait_connected("b", kLimit));
    require_success(b.node->wait_connected("a", kLimit));
    require_success(a.node->publish("echo", a.mesh.spawn<Echo>()));
    require_success(b.node->publish("echo", b.mesh.spawn<Echo>()));
    // One may replace the other at the very beginning; then questions are answered both ways.
    BOOST_TEST(eventually([&] { return cause(a.ask<samples::Tick>(a.find("b", "echo"), kTick)).empty(); }));
    BOOST_TEST(eventually([&] { return cause(b.ask<samples::Tick>(b.find("a", "echo"), kTick)).empty(); }));
  }
}

BOOST_AUTO_TEST_CASE(one_that_can_be_dialled_is_enough_for_two) {
  // "left" has the lesser name: its dialling would count, if anybody answered.
  const UnansweredPort nobody;
  network::NodeOptions dialling = options_of("left", true);
  dialling.peers = {{"right", nobody.address()}};
  dialling.set_up_max = std::chrono::hours{1};
  NodeFixture left{dialling};
  network::NodeOptions other = options_of("right", true);
  other.peers = {{"left", left.node->address()}};
  NodeFixture right{other};
  require_success(left.node->wait_connected("right", kLimit));
  require_success(right.node->wait_connected("left", kLimit));
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_too_large_is_refused_before_it_is_sent) {
  PairFixture nodes;
  require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
  const AgentRef echo = nodes.left.find("right", "echo");
  const auto answer =
      nodes.left.ask<samples::Note>(echo, [](samples::Note::Builder note) { note.initPayload(65 << 20); });
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().code == Errc::frame_too_large));
  BOOST_TEST(cause(nodes.left.ask<samples::Tick>(echo, kTick)) == "");
}

BOOST_AUTO_TEST_CASE(handles_outlive_the_node_and_reach_nobody) {
  NodeFixture left{options_of("left", false)};
  const AgentRef handle = left.find("right", "echo");
  left.node.reset();
  BOOST_TEST(cause(left.ask<samples::Tick>(handle, kTick)) == "unreachable");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
