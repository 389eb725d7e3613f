// An agent of which one runs at a time: it is handed on, and ends where its lease cannot be kept.
#include "myelin/memory/singleton.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "../../support/comes_true.hpp"
#include "group_fixture.hpp"
#include "samples.capnp.h"

namespace myelin::test {

namespace {

using namespace std::chrono_literals;

/// What all singletons of a test do, together.
struct Stage {
  std::mutex mutex;
  std::vector<AgentRef> started;
  std::vector<std::uint64_t> tokens;
  std::vector<std::string> said;
  std::atomic<int> running{0};
  std::atomic<int> most{0};

  std::size_t count() {
    const std::lock_guard guard{mutex};
    return started.size();
  }
  AgentRef last() {
    const std::lock_guard guard{mutex};
    return started.back();
  }
  bool has_said(const std::string& part) {
    const std::lock_guard guard{mutex};
    return std::ranges::any_of(said, [&](const std::string& one) { return one.find(part) != std::string::npos; });
  }
};

/// Counts those that are alive.
class Actor final : public Agent {
 public:
  explicit Actor(std::shared_ptr<Stage> stage) : stage_{std::move(stage)} {
    const int now = ++stage_->running;
    if (now > stage_->most) stage_->most = now;
  }
  ~Actor() override { --stage_->running; }
  static void handlers(Handlers<Actor>& on) { on.message<&Actor::act>(); }

 private:
  void act(samples::Tick::Reader) { throw std::runtime_error{"stage fright"}; }

  const std::shared_ptr<Stage> stage_;
};

struct Theatre : GroupFixture {
  AgentRef add(Duration lease) {
    return mesh.spawn<Singleton>(mesh, memory, "agents/actor",
                                 SingletonOptions{.start = [this](std::uint64_t token) -> Result<AgentRef> {
                                                    const AgentRef agent = mesh.spawn<Actor>(stage);
                                                    const std::lock_guard guard{stage->mutex};
                                                    stage->started.push_back(agent);
                                                    stage->tokens.push_back(token);
                                                    return agent;
                                                  },
                                                  .on_change =
                                                      [stage = stage](bool runs, std::string_view why) {
                                                        const std::lock_guard guard{stage->mutex};
                                                        stage->said.push_back(runs ? "runs" : std::string{why});
                                                      },
                                                  .lease = lease});
  }
  [[nodiscard]] bool started(std::size_t count) {
    return comes_true([&] { return stage->count() >= count; });
  }

  const std::shared_ptr<Stage> stage = std::make_shared<Stage>();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(singletons)

BOOST_FIXTURE_TEST_CASE(one_of_three_runs_and_it_is_handed_on_when_it_ends, Theatre) {
  for (int i = 0; i < 3; ++i) add(4s);
  BOOST_REQUIRE(started(1));
  mesh.stop_agent(stage->last());
  BOOST_REQUIRE(started(2));
  mesh.tell(stage->last(), [](samples::Tick::Builder) {});
  BOOST_REQUIRE(started(3));
  BOOST_TEST(stage->most == 1);
  BOOST_TEST(stage->has_said("it has ended"));
  BOOST_TEST(stage->has_said("stage fright"));
  const std::lock_guard guard{stage->mutex};
  BOOST_TEST((stage->tokens[0] < stage->tokens[1] && stage->tokens[1] < stage->tokens[2]));
}

BOOST_FIXTURE_TEST_CASE(another_takes_over_from_one_that_is_lost, Theatre) {
  const AgentRef first = add(4s);
  BOOST_REQUIRE(started(1));
  // As if its node were gone: nobody renews, and nobody gives the lease back.
  mesh.stop_agent(first);
  add(4s);
  BOOST_TEST(started(2));
}

BOOST_FIXTURE_TEST_CASE(where_validators_do_not_answer_it_ends, Theatre) {
  add(4s);
  BOOST_REQUIRE(started(1));
  group.reset();
  BOOST_TEST(comes_true([&] { return stage->has_said("could not be renewed in time") && stage->running == 0; }));
}

BOOST_FIXTURE_TEST_CASE(one_that_cannot_be_started_gives_the_lease_back, Theatre) {
  std::atomic<int> tried{0};
  mesh.spawn<Singleton>(mesh, memory, "agents/actor",
                        SingletonOptions{.start = [&](std::uint64_t) -> Result<AgentRef> {
                                           ++tried;
                                           return fail(Errc::invalid_argument, "no stage");
                                         },
                                         .lease = 1h});
  BOOST_REQUIRE(comes_true([&] { return tried == 1; }));
  // Not after an hour.
  BOOST_TEST(comes_true([&] { return get(memory.claim("agents/actor", 1h)).is_granted; }));
}

BOOST_FIXTURE_TEST_CASE(leases_out_of_bounds_are_refused, Theatre) {
  BOOST_CHECK_THROW(static_cast<void>(add(1ms)), std::invalid_argument);
  BOOST_CHECK_THROW(static_cast<void>(add(25h)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
