// A mesh with its real threads: what happens when many of them meet.
#include <atomic>
#include <future>
#include <random>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "agents.hpp"
#include "myelin/actors/mesh.hpp"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Mesh;
using myelin::Reply;
using test::Actor;
using namespace std::chrono_literals;

namespace {

struct Counts {
  std::atomic<long> handled{0}, answered{0}, stopped{0}, destroyed{0};
};

class Worker : public myelin::Agent {
 public:
  explicit Worker(Counts& counts) : counts_{counts} {}
  ~Worker() override { ++counts_.destroyed; }
  static void handlers(myelin::Handlers<Worker>& on) {
    on.message<&Worker::tick>();
    on.message<&Worker::note>();
    on.message<&Worker::end>();
  }
  void on_stop() override { ++counts_.stopped; }

 private:
  void tick(samples::Tick::Reader) { ++counts_.handled; }
  void note(samples::Note::Reader, Reply<samples::Tick> reply) {
    ++counts_.answered;
    reply.send([](samples::Tick::Builder tick) { tick.setValue(1); });
  }
  void end(samples::Empty::Reader) {
    ++counts_.handled;
    stop();
  }
  Counts& counts_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(threads)

BOOST_AUTO_TEST_CASE(a_thread_asks_and_waits) {
  Mesh mesh{{.workers = 2}};
  Counts counts;
  const AgentRef worker = mesh.spawn<Worker>(counts);
  for (int round = 0; round < 1000; ++round) {
    const auto answer = mesh.ask<samples::Tick>(
        worker, [](samples::Note::Builder) {}, 10s);
    BOOST_REQUIRE(answer.has_value());
  }
  const auto unhandled = mesh.ask<samples::Tick>(
      worker, [](samples::Tree::Builder) {}, 10s);
  BOOST_TEST((unhandled.error().code == Errc::unhandled_type));
}

BOOST_AUTO_TEST_CASE(a_question_without_an_answer_times_out_on_the_real_clock) {
  class Silent : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Silent>& on) { on.message<&Silent::keep>(); }

   private:
    void keep(samples::Note::Reader, Reply<samples::Note> reply) { kept_.push_back(std::move(reply)); }
    std::vector<Reply<samples::Note>> kept_;
  };
  Mesh mesh{{.workers = 2}};
  const AgentRef silent = mesh.spawn<Silent>();
  const auto outside = mesh.ask<samples::Note>(
      silent, [](samples::Note::Builder) {}, 1ms);
  BOOST_TEST((outside.error().code == Errc::timeout));
  std::promise<Errc> inside;
  mesh.spawn<Actor>([&](Actor& self) {
    self.ask<samples::Note>(
        silent, [](samples::Note::Builder) {}, 1ms, [&](auto result) { inside.set_value(result.error().code); });
  });
  BOOST_TEST((inside.get_future().get() == Errc::timeout));
}

/// Threads flood agents, with single messages and batches, while the agents are being stopped at random. Whatever was
/// sent is handled or is a dead letter: no message is lost between the two, none is counted twice, and every agent is
/// destroyed.
BOOST_AUTO_TEST_CASE(every_message_is_handled_or_is_a_dead_letter_while_agents_stop) {
  constexpr int kThreads = 3, kAgents = 50, kMessages = 10'000;
  Counts counts;
  std::atomic<long> sent{0};
  {
    Mesh mesh{{.workers = 2}};
    std::vector<AgentRef> agents;
    for (int index = 0; index < kAgents; ++index) agents.push_back(mesh.spawn<Worker>(counts));
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < kThreads; ++seed) {
      threads.emplace_back([&, seed] {
        std::minstd_rand random{seed + 1};
        for (int count = 0; count < kMessages; ++count) {
          const AgentRef& agent = agents[random() % kAgents];
          const unsigned choice = random() % 1000;
          if (choice == 0) {
            mesh.tell<samples::Empty>(
                agent, [](auto) {}, myelin::Lane::bulk);
            ++sent;
          } else if (choice < 100) {
            myelin::BatchBuilder<samples::Tick> ticks;
            const unsigned size = 1 + random() % 20;
            for (unsigned item = 0; item < size; ++item) ticks.add().setValue(item);
            mesh.send(agent, ticks.finish());
            sent += size;
          } else {
            mesh.tell<samples::Tick>(agent, [](auto) {});
            ++sent;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    BOOST_TEST(mesh.stop() == 0U);
    BOOST_TEST(counts.handled + static_cast<long>(mesh.dead_letters().count(Errc::receiver_dead)) == sent);
    BOOST_TEST(counts.handled > 0);
  }
  BOOST_TEST(counts.destroyed == kAgents);
  BOOST_TEST(counts.stopped == kAgents);
}

BOOST_AUTO_TEST_CASE(agents_that_never_rest_do_not_keep_others_from_what_comes_from_outside) {
  class Restless : public myelin::Agent {
   public:
    static void handlers(myelin::Handlers<Restless>& on) { on.message<&Restless::again>(); }
    void on_start() override {
      tell<samples::Empty>(self(), [](auto) {});
    }

   private:
    void again(samples::Empty::Reader) {
      tell<samples::Empty>(self(), [](auto) {});
    }
  };
  Mesh mesh{{.workers = 1}};
  Counts counts;
  for (int index = 0; index < 3; ++index) mesh.spawn<Restless>();
  const AgentRef worker = mesh.spawn<Worker>(counts);
  for (int round = 0; round < 20; ++round) {
    BOOST_REQUIRE((mesh.ask<samples::Tick>(
                           worker, [](samples::Note::Builder) {}, 30s)
                       .has_value()));
  }
}

BOOST_AUTO_TEST_CASE(a_long_handler_does_not_hold_up_whom_it_woke) {
  // The handler waits for the very agent that it woke: only another worker can run that one.
  std::promise<void> woken;
  Mesh mesh{{.workers = 2}};
  class Waker : public myelin::Agent {
   public:
    explicit Waker(std::promise<void>& woken) : woken_{woken} {}
    static void handlers(myelin::Handlers<Waker>& on) { on.message<&Waker::wake>(); }

   private:
    void wake(samples::Tick::Reader) { woken_.set_value(); }
    std::promise<void>& woken_;
  };
  const AgentRef waker = mesh.spawn<Waker>(woken);
  std::promise<bool> result;
  mesh.spawn<Actor>([&](Actor& self) {
    self.send(waker, myelin::make_frame<samples::Tick>([](auto) {}));
    result.set_value(woken.get_future().wait_for(30s) == std::future_status::ready);
  });
  BOOST_TEST(result.get_future().get());
}

/// Every question is answered or fails, also when the one asked stops in between.
BOOST_AUTO_TEST_CASE(every_question_ends_while_agents_stop) {
  constexpr int kAskers = 20, kQuestions = 500, kServers = 10;
  Counts counts;
  Mesh mesh{{.workers = 2}};
  std::vector<AgentRef> servers;
  for (int index = 0; index < kServers; ++index) servers.push_back(mesh.spawn<Worker>(counts));
  std::atomic<int> ended{0}, good{0}, dead{0};  // Boost.Test's own checks are for one thread
  std::promise<void> all;
  for (int asker = 0; asker < kAskers; ++asker) {
    mesh.spawn<Actor>([&, asker](Actor& self) {
      for (int question = 0; question < kQuestions; ++question) {
        self.ask<samples::Tick>(
            servers[(asker + question) % kServers], [](samples::Note::Builder) {}, 60s,
            [&](auto result) {
              good += result.has_value();
              dead += !result && result.error().code == Errc::receiver_dead;
              if (++ended == kAskers * kQuestions) all.set_value();
            });
        if (asker == 0 && question % 100 == 99) {
          self.tell<samples::Empty>(servers[question / 100], [](auto) {});
        }
      }
    });
  }
  all.get_future().get();
  BOOST_TEST(ended == kAskers * kQuestions);
  BOOST_TEST(good == counts.answered);
  BOOST_TEST(good + dead == ended);
}

BOOST_AUTO_TEST_CASE(order_between_two_agents_is_kept_across_threads) {
  class Checker : public myelin::Agent {
   public:
    explicit Checker(std::promise<bool>& done) : done_{done} {}
    static void handlers(myelin::Handlers<Checker>& on) { on.message<&Checker::tick>(); }

   private:
    void tick(samples::Tick::Reader tick) {
      if (tick.getValue() != next_++) {
        done_.set_value(false);
        stop();
      } else if (next_ == 100'000) {
        done_.set_value(true);
      }
    }
    std::uint64_t next_ = 0;
    std::promise<bool>& done_;
  };
  std::promise<bool> done;
  Mesh mesh{{.workers = 2}};
  const AgentRef checker = mesh.spawn<Checker>(done);
  mesh.spawn<Actor>([&, next = std::uint64_t{0}](Actor& self) mutable {
    const std::uint64_t until = next + 1000;
    for (; next < until; ++next) {
      if (next % 10 == 0) {
        self.send(checker, myelin::make_frame<samples::Tick>([&](auto tick) { tick.setValue(next); }));
      } else {
        self.tell(checker, [&](samples::Tick::Builder tick) { tick.setValue(next); });
      }
    }
    if (next < 100'000) self.tell<samples::Empty>(self.self(), [](auto) {});
  });
  BOOST_TEST(done.get_future().get());
}

BOOST_AUTO_TEST_CASE(a_long_job_does_not_hold_up_other_agents) {
  Mesh mesh{{.workers = 1}};  // one worker: a job on it would stop everything
  Counts counts;
  std::promise<void> release;
  std::promise<int> finished;
  mesh.spawn<Actor>([&](Actor& self) {
    self.offload(
        [future = release.get_future().share()] {
          future.wait();
          return 7;
        },
        [&](int value) { finished.set_value(value); });
  });
  const AgentRef worker = mesh.spawn<Worker>(counts);
  BOOST_TEST(mesh.ask<samples::Tick>(
                     worker, [](samples::Note::Builder) {}, 10s)
                 .has_value());
  release.set_value();
  BOOST_TEST(finished.get_future().get() == 7);
}

BOOST_AUTO_TEST_CASE(a_job_that_outlives_its_agent_harms_nobody) {
  std::promise<void> started, release;
  Mesh mesh{{.workers = 1}};
  const AgentRef agent = mesh.spawn<Actor>([&](Actor& self) {
    self.offload(
        [&started, future = release.get_future().share()] {
          started.set_value();
          future.wait();
        },
        [] { BOOST_ERROR("called after the end"); });
  });
  started.get_future().wait();
  BOOST_TEST(mesh.stop() == 0U);
  release.set_value();
}

BOOST_AUTO_TEST_CASE(a_mesh_can_be_made_and_stopped_over_and_over) {
  for (int round = 0; round < 50; ++round) {
    Counts counts;
    Mesh mesh{{.workers = 2}};
    for (int index = 0; index < 20; ++index) {
      mesh.tell<samples::Tick>(mesh.spawn<Worker>(counts), [](auto) {});
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
