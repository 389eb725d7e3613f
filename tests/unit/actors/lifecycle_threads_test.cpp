// Meshes that come to their end while agents do their worst.
#include <atomic>
#include <future>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/supervisor.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Mesh;
using myelin::Reply;
using myelin::Supervisor;
using myelin::SupervisorSpec;
using test::Actor;
using namespace std::chrono_literals;

namespace {

/// Blocks whoever calls pass() until open() is called. Owned by all, for threads that are left behind use it too.
class Gate {
 public:
  void pass() const {
    entered_->set_value();
    opened_.wait();
  }
  void open() { open_.set_value(); }
  void wait_until_entered() { entered_->get_future().wait(); }

 private:
  std::shared_ptr<std::promise<void>> entered_ = std::make_shared<std::promise<void>>();
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
};

/// Fails at every Tick of 13, and counts the others.
class Flaky : public myelin::Agent {
 public:
  explicit Flaky(std::atomic<long>& handled) : handled_{handled} {}
  static void handlers(myelin::Handlers<Flaky>& on) { on.message<&Flaky::tick>(); }

 private:
  void tick(samples::Tick::Reader tick) {
    if (tick.getValue() == 13) throw std::runtime_error{"thirteen"};
    ++handled_;
  }
  std::atomic<long>& handled_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(lifecycle_threads)

/// Whatever is sent to a child that keeps failing, in batches or alone, is handled by one of its incarnations or is a
/// dead letter.
BOOST_AUTO_TEST_CASE(no_message_is_lost_or_handled_twice_over_restarts) {
  constexpr int kThreads = 3, kMessages = 3000;
  std::atomic<long> handled{0};
  Mesh mesh{{.workers = 2}};
  const AgentRef tree =
      mesh.spawn<Supervisor>(SupervisorSpec{}.restarts(1'000'000, 1s).child<Flaky>("flaky", std::ref(handled)));
  const AgentRef flaky = mesh.child(tree, "flaky");
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int count = 0; count < kMessages; count += 10) {
        if (thread == 0) {
          myelin::BatchBuilder<samples::Tick> ticks;
          for (int index = 0; index < 10; ++index) ticks.add().setValue(index == 5 ? 13 : 1);
          mesh.send(flaky, ticks.finish());
        } else {
          for (int index = 0; index < 10; ++index) {
            mesh.tell(flaky, [&](samples::Tick::Builder tick) { tick.setValue(index == 5 ? 13 : 1); });
          }
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(mesh.drain_agent(flaky, 60s).has_value());
  const long failed = static_cast<long>(mesh.dead_letters().count(Errc::handler_failed));
  BOOST_TEST(failed == kThreads * kMessages / 10);
  BOOST_TEST(handled + failed == kThreads * kMessages);
}

BOOST_AUTO_TEST_CASE(a_shutdown_waits_for_what_was_begun) {
  std::promise<void> begun, release;
  std::atomic<int> done{0};
  Mesh mesh{{.workers = 2}};
  mesh.spawn<Actor>([&](Actor& self) {
    self.offload(
        [&begun, released = release.get_future().share()] {
          begun.set_value();
          released.wait();
        },
        [&] { ++done; });
  });
  begun.get_future().wait();
  std::thread later{[&] { release.set_value(); }};
  const myelin::ShutdownReport report = mesh.shutdown({.drain = 60s, .stop = 60s});
  later.join();
  BOOST_TEST(report.drained);
  BOOST_TEST(done == 1);
  BOOST_TEST(report.stopped == 1U);
  BOOST_TEST(report.stuck.empty());
}

BOOST_AUTO_TEST_CASE(agents_that_send_to_each_other_for_ever_are_stopped_when_the_time_to_drain_is_up) {
  Mesh mesh{{.workers = 2}};
  for (int index = 0; index < 4; ++index) {
    const AgentRef restless =
        mesh.spawn<Actor>([](Actor& self) { self.tell<samples::Empty>(self.self(), [](auto) {}); });
    static_cast<void>(restless);
  }
  const myelin::ShutdownReport report = mesh.shutdown({.drain = 20ms, .stop = 60s});
  BOOST_TEST(!report.drained);
  BOOST_TEST(report.stopped == 4U);
  BOOST_TEST(report.stuck.empty());
}

BOOST_AUTO_TEST_CASE(agents_that_start_agents_for_ever_and_throw_at_their_end_are_stopped) {
  class Spawner : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Spawner>& on) { on.message<&Spawner::again>(); }
    void on_start() override {
      const AgentRef other = spawn<Spawner>();
      if (other) tell<samples::Empty>(self(), [](auto) {});
    }
    void on_stop() override {
      spawn<Spawner>();
      throw std::runtime_error{"not me"};
    }

   private:
    void again(samples::Empty::Reader) { stop(); }
  };
  Mesh mesh{{.workers = 2}};
  for (int index = 0; index < 3; ++index) mesh.spawn<Spawner>();
  const myelin::ShutdownReport report = mesh.shutdown({.drain = 5ms, .stop = 300s});
  BOOST_TEST(report.stuck.empty());
  BOOST_TEST(mesh.agents_running() == 0U);
}

BOOST_AUTO_TEST_CASE(an_agent_that_is_stuck_is_named_and_left_behind_with_its_mesh) {
  auto gate = std::make_shared<Gate>();
  {
    Mesh mesh{{.workers = 2, .stop_limit = 1ms}};
    mesh.spawn<Actor>([gate](Actor&) { gate->pass(); });
    gate->wait_until_entered();
    const myelin::ShutdownReport report = mesh.shutdown({.drain = 1ms, .stop = 1ms});
    BOOST_REQUIRE(report.stuck.size() == 1U);
    BOOST_TEST(report.stuck[0].in_handler);
    BOOST_TEST(report.stuck[0].class_name == "test::Actor");
    BOOST_TEST(!report.drained);
  }  // returns
  gate->open();
}

BOOST_AUTO_TEST_CASE(a_job_that_is_stuck_is_left_behind_with_its_mesh) {
  auto gate = std::make_shared<Gate>();
  {
    Mesh mesh{{.workers = 1, .stop_limit = 1ms}};
    mesh.spawn<Actor>([gate](Actor& self) { self.offload([gate] { gate->pass(); }, [] {}); });
    gate->wait_until_entered();
  }
  gate->open();
}

BOOST_AUTO_TEST_CASE(questions_whose_replies_are_in_jobs_that_a_stop_drops_end_with_receiver_dead) {
  class Offloading : public myelin::Agent {
   public:
    explicit Offloading(std::shared_ptr<Gate> gate) : gate_{std::move(gate)} {}
    static void handlers(myelin::Handlers<Offloading>& on) { on.message<&Offloading::note>(); }

   private:
    void note(samples::Note::Reader, Reply<samples::Tick> reply) {
      if (gate_ != nullptr) offload([gate = std::exchange(gate_, nullptr)] { gate->pass(); }, [] {});
      offload([] {}, [held = std::make_shared<Reply<samples::Tick>>(std::move(reply))] {});
    }
    std::shared_ptr<Gate> gate_;
  };
  auto gate = std::make_shared<Gate>();
  std::future<Errc> outcome;
  std::thread opener;
  {
    Mesh mesh{{.workers = 1}};
    const AgentRef agent = mesh.spawn<Offloading>(gate);
    outcome = std::async(std::launch::async, [&] {
      return mesh
          .ask<samples::Tick>(
              agent, [](samples::Note::Builder) {}, 60s)
          .error()
          .code;
    });
    gate->wait_until_entered();
    BOOST_TEST(mesh.stop() == 0U);
    opener = std::thread{[gate] { gate->open(); }};
    // The pool drops the second job as the mesh is destroyed, or its end finds the agent dead.
  }
  opener.join();
  BOOST_TEST((outcome.get() == Errc::receiver_dead));
}

BOOST_AUTO_TEST_CASE(a_child_that_is_stuck_delays_its_siblings_restart_no_longer_than_the_policy_says) {
  auto gate = std::make_shared<Gate>();
  std::atomic<int> starts{0};
  std::promise<void> restarted;
  std::atomic<long> handled{0};
  {
    SupervisorSpec spec;
    spec.one_for_all().child<Flaky>("flaky", std::ref(handled));
    spec.policy.stop_limit = 1ms;
    spec.add(myelin::child_spec<Actor>("stuck", [gate, &starts, first = std::make_shared<bool>(true)](Actor&) {
      if (std::exchange(*first, false)) gate->pass();
      ++starts;
    }));
    spec.add(myelin::child_spec<Actor>("sibling", [&restarted, count = std::make_shared<int>(0)](Actor&) {
      if (++*count == 2) restarted.set_value();
    }));
    Mesh mesh{{.workers = 2}};
    const AgentRef tree = mesh.spawn<Supervisor>(spec);
    gate->wait_until_entered();
    mesh.tell(mesh.child(tree, "flaky"), [](samples::Tick::Builder tick) { tick.setValue(13); });
    restarted.get_future().wait();
    gate->open();
    BOOST_TEST(mesh.shutdown({.drain = 60s, .stop = 60s}).drained);
    BOOST_TEST(starts == 2);  // it came back, was put to rest, and restarted
  }
}

BOOST_AUTO_TEST_CASE(agents_that_end_as_soon_as_they_are_started_are_counted_right) {
  Mesh mesh{{.workers = 2}};
  const AgentRef lasting = mesh.spawn<Actor>([](Actor&) {});
  for (int count = 0; count < 5000; ++count) mesh.spawn<Actor>([](Actor& self) { self.stop(); });
  BOOST_TEST(mesh.drain_agent(lasting, 60s).has_value());
  BOOST_TEST(mesh.stop(60s) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
