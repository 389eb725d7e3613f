// Slow agents, bulk and control, cycles: what holds between agents of one process holds between nodes.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "myelin/network/limits.hpp"
#include "nodes.hpp"

namespace myelin::test {

namespace {

/// Opened once, for all who wait.
class Gate {
 public:
  void open() {
    const std::lock_guard guard{mutex_};
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock guard{mutex_};
    opened_.wait(guard, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

/// Handles nothing before its gate opens; then counts.
class Slow : public Agent {
 public:
  struct State {
    Gate gate;
    std::atomic<std::uint64_t> handled{0};
    std::atomic<bool> in_order{true};
  };
  explicit Slow(std::shared_ptr<State> state) : state_{std::move(state)} {}
  static void handlers(Handlers<Slow>& on) { on.message<&Slow::note>(); }

 private:
  void note(samples::Note::Reader note) {
    state_->gate.wait();
    if (note.getId() != state_->handled) state_->in_order = false;
    ++state_->handled;
  }
  const std::shared_ptr<State> state_;
};

/// Sends notes of a size, numbered, one a turn.
class Sender : public Agent {
 public:
  struct State {
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> rejected{0};
  };
  Sender(AgentRef to, std::size_t bytes, std::uint64_t count, Lane lane, std::shared_ptr<State> state)
      : to_{std::move(to)}, bytes_{bytes}, count_{count}, lane_{lane}, state_{std::move(state)} {}
  static void handlers(Handlers<Sender>& on) { on.message<&Sender::go_on>(); }
  void on_rejected(const AgentRef& /*receiver*/, Frame /*frame*/) override { ++state_->rejected; }

 private:
  void go_on(samples::Tick::Reader) {
    if (state_->sent == count_) return;
    send(to_, make_frame<samples::Note>(
                  [&](samples::Note::Builder note) {
                    note.setId(state_->sent);
                    note.initPayload(static_cast<unsigned>(bytes_));
                  },
                  {.lane = lane_}, 32));
    ++state_->sent;
    send(self(), make_frame<samples::Tick>([](samples::Tick::Builder tick) { tick.setValue(0); }));
  }
  const AgentRef to_;
  const std::size_t bytes_;
  const std::uint64_t count_;
  const Lane lane_;
  const std::shared_ptr<State> state_;
};

constexpr auto kTick = [](samples::Tick::Builder tick) { tick.setValue(1); };

/// Runs until nothing more is sent; returns how much was.
std::uint64_t until_it_stops(const Sender::State& state) {
  std::uint64_t last = 0;
  BOOST_REQUIRE(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const std::uint64_t now = state.sent;
    return std::exchange(last, now) == now && now > 0;
  }));
  return last;
}

/// Answers a Tick with what `to` answers.
class Forwarder : public Agent {
 public:
  explicit Forwarder(AgentRef to) : to_{std::move(to)} {}
  static void handlers(Handlers<Forwarder>& on) { on.message<&Forwarder::tick>(); }

 private:
  void tick(samples::Tick::Reader, Reply<samples::Tick> reply) {
    ask<samples::Tick>(to_, kTick, kLimit, [reply = std::move(reply)](Result<Held<samples::Tick>> answer) mutable {
      if (!answer) return reply.fail(answer.error());
      reply.send([&](samples::Tick::Builder tick) { tick.setValue((*answer)->getValue()); });
    });
  }
  const AgentRef to_;
};

/// Asks its peer on, while it is asked; the peer asks back.
class Asker : public Agent {
 public:
  explicit Asker(std::shared_ptr<std::string> cause) : cause_{std::move(cause)} {}
  static void handlers(Handlers<Asker>& on) { on.message<&Asker::tick>(); }
  static inline std::atomic<const AgentRef*> of_left{nullptr}, of_right{nullptr};

 private:
  void tick(samples::Tick::Reader tick, Reply<samples::Tick> reply) {
    const AgentRef& next = tick.getValue() % 2 == 0 ? *of_left : *of_right;
    ask<samples::Tick>(
        next, [value = tick.getValue() + 1](samples::Tick::Builder further) { further.setValue(value); }, kLimit,
        [this, reply = std::move(reply)](Result<Held<samples::Tick>> answer) mutable {
          if (answer) {
            reply.send([](samples::Tick::Builder done) { done.setValue(1); });
          } else {
            *cause_ = to_string(answer.error().code);
            reply.fail(answer.error());
          }
        });
  }
  const std::shared_ptr<std::string> cause_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(flow)

BOOST_AUTO_TEST_CASE(a_slow_agent_stops_its_sender_and_loses_nothing) {
  struct Size {
    std::size_t bytes;
    std::uint64_t most;  ///< That can be sent before the sender must wait.
  };
  // Large frames are bounded by the windows' bytes; small ones also by the mailbox, 16,384 and what is on its way.
  const std::size_t windows = network::limits::kRouteWindowBytes + network::limits::kRouteQueueBytes;
  for (const Size& size : {Size{1 << 20, windows / (1 << 20) + 3}, Size{10'000, windows / 10'000 + 30},
                           Size{100, 16'384 + windows / 100}}) {
    for (const bool tls : {false, true}) {
      BOOST_TEST_CONTEXT(size.bytes << " bytes, tls " << tls) {
        PairFixture nodes{tls};
        const auto slow = std::make_shared<Slow::State>();
        require_success(nodes.right.node->publish("slow", nodes.right.mesh.spawn<Slow>(slow)));
        const auto state = std::make_shared<Sender::State>();
        const std::uint64_t count = 2 * size.most;
        const AgentRef sender =
            nodes.left.mesh.spawn<Sender>(nodes.left.find("right", "slow"), size.bytes, count, Lane::normal, state);
        nodes.left.mesh.tell(sender, kTick);
        const std::uint64_t stopped_at = until_it_stops(*state);
        BOOST_TEST(stopped_at <= size.most);
        BOOST_TEST(slow->handled == 0U);
        slow->gate.open();
        BOOST_TEST(eventually([&] { return slow->handled == count; }));
        BOOST_TEST(slow->in_order);
        BOOST_TEST(state->rejected == 0U);
        BOOST_TEST(nodes.left.mesh.dead_letters().recent().size() == 0U);
        BOOST_TEST(nodes.right.mesh.dead_letters().recent().size() == 0U);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_slow_agent_holds_up_no_other) {
  // A worker each: the slow one occupies its own.
  NodeFixture left{options_of("left", false)};
  Mesh mesh{{.workers = 2}};
  auto right = network::Node::start(mesh, options_of("right", false));
  require_success(right);
  require_success(left.node->add_peer({"right", right->address()}));
  require_success(left.node->wait_connected("right", kLimit));
  const auto slow = std::make_shared<Slow::State>();
  require_success(right->publish("slow", mesh.spawn<Slow>(slow)));
  require_success(right->publish("echo", mesh.spawn<Echo>()));
  const auto state = std::make_shared<Sender::State>();
  const AgentRef sender = left.mesh.spawn<Sender>(left.find("right", "slow"), 1 << 20, 1'000, Lane::normal, state);
  left.mesh.tell(sender, kTick);
  until_it_stops(*state);
  const auto answer = left.ask<samples::Tick>(left.find("right", "echo"), kTick);
  require_success(answer);
  slow->gate.open();
}

BOOST_AUTO_TEST_CASE(a_thread_that_sends_too_much_waits) {
  PairFixture nodes;
  const auto slow = std::make_shared<Slow::State>();
  require_success(nodes.right.node->publish("slow", nodes.right.mesh.spawn<Slow>(slow)));
  const AgentRef to = nodes.left.find("right", "slow");
  std::atomic<int> sent{0};
  std::thread thread{[&] {
    for (; sent < 100; ++sent) {
      nodes.left.mesh.tell(to, [&](samples::Note::Builder note) {
        note.setId(static_cast<std::uint64_t>(sent.load()));
        note.initPayload(1 << 20);
      });
    }
  }};
  int last = 0;
  BOOST_TEST(eventually([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const int now = sent;
    return std::exchange(last, now) == now && now > 0;
  }));
  BOOST_TEST(last < 20);
  slow->gate.open();
  thread.join();
  BOOST_TEST(eventually([&] { return slow->handled == 100U; }));
}

BOOST_AUTO_TEST_CASE(senders_that_wait_go_on_when_the_node_goes) {
  std::optional<NodeFixture> right{std::in_place, options_of("right", false)};
  NodeFixture left{options_of("left", false)};
  require_success(left.node->add_peer({"right", right->node->address()}));
  require_success(left.node->wait_connected("right", kLimit));
  const auto slow = std::make_shared<Slow::State>();
  require_success(right->node->publish("slow", right->mesh.spawn<Slow>(slow)));
  const auto state = std::make_shared<Sender::State>();
  const AgentRef sender = left.mesh.spawn<Sender>(left.find("right", "slow"), 1 << 20, 100, Lane::normal, state);
  left.mesh.tell(sender, kTick);
  const std::uint64_t stopped_at = until_it_stops(*state);
  BOOST_TEST(stopped_at < 100U);
  right->node.reset();
  BOOST_TEST(eventually([&] { return state->sent == 100U; }));
  // What was on its way: nobody knows. The rest was not sent. Nothing is missing.
  BOOST_TEST(eventually([&] {
    DeadLetters& letters = left.mesh.dead_letters();
    return letters.count(Errc::unreachable) + letters.count(Errc::outcome_unknown) + slow->handled >= 100U;
  }));
  BOOST_TEST(left.mesh.dead_letters().count(Errc::outcome_unknown) > 0U);
  BOOST_TEST(left.mesh.dead_letters().count(Errc::unreachable) > 0U);
  slow->gate.open();
}

BOOST_AUTO_TEST_CASE(many_threads_and_sizes_at_once_keep_their_order) {
  // Silence now and then, so that writing changes hands between the threads and the node's own.
  for (const bool tls : {false, true}) {
    PairFixture nodes{tls};
    constexpr std::size_t kThreads = 4;
    constexpr std::uint64_t kCount = 500;
    std::vector<std::shared_ptr<Slow::State>> sinks;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      sinks.push_back(std::make_shared<Slow::State>());
      sinks.back()->gate.open();
      const std::string name = "sink" + std::to_string(i);
      require_success(nodes.right.node->publish(name, nodes.right.mesh.spawn<Slow>(sinks.back())));
      threads.emplace_back([&nodes, i, to = nodes.left.find("right", name)] {
        for (std::uint64_t id = 0; id < kCount; ++id) {
          const std::size_t bytes = id % 37 == 0 ? 900'000 : id % 5 == 0 ? 70'000 : 10 + 100 * (id % 7);
          nodes.left.mesh.tell(to, [&](samples::Note::Builder note) {
            note.setId(id);
            note.initPayload(static_cast<unsigned>(bytes));
          });
          if ((id + i) % 11 == 0) std::this_thread::sleep_for(std::chrono::microseconds{200});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const auto& sink : sinks) {
      BOOST_TEST(eventually([&] { return sink->handled == kCount; }));
      BOOST_TEST(sink->in_order);
    }
    BOOST_TEST(nodes.left.node->peers().front().connections == 1U);
  }
}

BOOST_AUTO_TEST_CASE(draining_waits_until_all_that_was_sent_is_handled) {
  PairFixture nodes{true};
  const auto slow = std::make_shared<Slow::State>();
  require_success(nodes.right.node->publish("slow", nodes.right.mesh.spawn<Slow>(slow)));
  const AgentRef to = nodes.left.find("right", "slow");
  for (std::uint64_t i = 0; i < 5; ++i) {
    nodes.left.mesh.tell(to, [&](samples::Note::Builder note) {
      note.setId(i);
      note.initPayload(100'000);
    });
  }
  const auto early = nodes.left.node->drain(std::chrono::milliseconds{50});
  BOOST_REQUIRE(!early);
  BOOST_TEST((early.error().code == Errc::timeout));
  slow->gate.open();
  require_success(nodes.left.node->drain(kLimit));
  BOOST_TEST(slow->handled == 5U);
}

BOOST_AUTO_TEST_CASE(many_agents_that_get_a_little_each_do_not_use_up_the_nodes_window) {
  // Nobody says between heartbeats that he lives, so that credit comes for what was handled only.
  network::NodeOptions listening = options_of("right", false), dialling = options_of("left", false);
  listening.heartbeat = dialling.heartbeat = std::chrono::hours{1};
  listening.silence_max = dialling.silence_max = std::chrono::hours{2};
  NodeFixture right{listening};
  dialling.peers = {{"right", right.node->address()}};
  NodeFixture left{dialling};
  require_success(left.node->wait_connected("right", kLimit));
  constexpr std::size_t kAgents = 64;
  for (const std::uint64_t bytes : {1'000, 10'000}) {  // handled at once, and by the agents
    BOOST_TEST_CONTEXT(bytes << " bytes") {
      const std::uint64_t count = network::limits::kRouteWindowBytes / 5 / bytes;  // no route is told of by itself
      static_assert(kAgents * network::limits::kRouteWindowBytes / 5 > network::limits::kNodeWindowBytes);
      std::vector<std::shared_ptr<Slow::State>> slow;
      std::vector<std::shared_ptr<Sender::State>> sending;
      for (std::size_t agent = 0; agent < kAgents; ++agent) {
        slow.push_back(std::make_shared<Slow::State>());
        slow.back()->gate.open();
        sending.push_back(std::make_shared<Sender::State>());
        const std::string name = "agent" + std::to_string(agent) + "-" + std::to_string(bytes);
        require_success(right.node->publish(name, right.mesh.spawn<Slow>(slow.back())));
        left.mesh.tell(left.mesh.spawn<Sender>(left.find("right", name), bytes, count, Lane::normal, sending.back()),
                       kTick);
      }
      for (const auto& one : slow) BOOST_TEST(eventually([&] { return one->handled == count; }));
    }
  }
}

BOOST_AUTO_TEST_CASE(control_has_a_window_of_its_own) {
  PairFixture nodes;
  const auto slow = std::make_shared<Slow::State>();
  require_success(nodes.right.node->publish("slow", nodes.right.mesh.spawn<Slow>(slow)));
  const auto state = std::make_shared<Sender::State>();
  constexpr std::uint64_t kCount = 200;
  const AgentRef sender =
      nodes.left.mesh.spawn<Sender>(nodes.left.find("right", "slow"), 100'000, kCount, Lane::control, state);
  nodes.left.mesh.tell(sender, kTick);
  // Nobody is paused: what there is no room for comes back, soon after it was sent.
  constexpr std::uint64_t kFit = network::limits::kRouteWindowBytes / 100'000 + 1;
  BOOST_TEST(eventually([&] { return state->sent == kCount && state->rejected >= kCount - kFit; }));
  slow->gate.open();
  BOOST_TEST(eventually([&] { return slow->handled + state->rejected == kCount; }));
}

BOOST_AUTO_TEST_CASE(questions_overtake_bulk) {
  PairFixture nodes{true};
  const auto slow = std::make_shared<Slow::State>();
  slow->gate.open();
  require_success(nodes.right.node->publish("slow", nodes.right.mesh.spawn<Slow>(slow)));
  require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
  const auto state = std::make_shared<Sender::State>();
  constexpr std::uint64_t kCount = 400;
  const AgentRef sender =
      nodes.left.mesh.spawn<Sender>(nodes.left.find("right", "slow"), 1 << 20, kCount, Lane::bulk, state);
  const AgentRef echo = nodes.left.find("right", "echo");
  nodes.left.mesh.tell(sender, kTick);
  int answered = 0;
  while (slow->handled < kCount) {
    const auto answer = nodes.left.ask<samples::Tick>(echo, kTick);
    require_success(answer);
    ++answered;
  }
  BOOST_TEST_MESSAGE(answered << " questions while " << kCount << " MiB went by");
  BOOST_TEST(answered > 10);
  BOOST_TEST(slow->in_order);
}

BOOST_AUTO_TEST_CASE(a_question_that_comes_back_to_who_waits_for_it_is_an_error_across_nodes) {
  PairFixture nodes;
  const auto cause = std::make_shared<std::string>();
  const AgentRef left = nodes.left.mesh.spawn<Asker>(cause), right = nodes.right.mesh.spawn<Asker>(cause);
  require_success(nodes.left.node->publish("asker", left));
  require_success(nodes.right.node->publish("asker", right));
  const AgentRef to_left = nodes.right.find("left", "asker"), to_right = nodes.left.find("right", "asker");
  Asker::of_left = &to_right;  // what the left one asks on the even questions
  Asker::of_right = &to_left;
  const auto answer = nodes.left.mesh.ask<samples::Tick>(
      left, [](samples::Tick::Builder tick) { tick.setValue(0); }, kLimit);
  BOOST_REQUIRE(!answer);
  BOOST_TEST((answer.error().code == Errc::request_cycle));
}

BOOST_AUTO_TEST_CASE(agents_of_two_nodes_with_the_same_number_are_not_taken_for_each_other) {
  PairFixture nodes;
  AgentRef forwarder = nodes.left.mesh.spawn<Forwarder>(nodes.left.find("right", "echo"));
  AgentRef echo = nodes.right.mesh.spawn<Echo>();
  while (forwarder.id() < echo.id()) forwarder = nodes.left.mesh.spawn<Forwarder>(nodes.left.find("right", "echo"));
  while (echo.id() < forwarder.id()) echo = nodes.right.mesh.spawn<Echo>();
  BOOST_REQUIRE(echo.id() == forwarder.id());
  require_success(nodes.right.node->publish("echo", echo));
  require_success(nodes.left.mesh.ask<samples::Tick>(forwarder, kTick, kLimit));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
