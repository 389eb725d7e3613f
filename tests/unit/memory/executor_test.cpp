// What an executor does for peers that ask for its state, by a clock that the test moves.
#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "../../support/expect_success.hpp"
#include "agents/executor.hpp"
#include "agents/parts.hpp"
#include "myelin/actors/deterministic_mesh.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::validator {

namespace {

using namespace std::chrono_literals;

/// Whatever is measured takes this long.
class SlowClock final : public consensus::CostClock {
 public:
  explicit SlowClock(Duration step) : step_{step} {}
  TimePoint now() override { return now_ += step_; }

 private:
  Duration step_;
  TimePoint now_;
};

struct Fixture {
  explicit Fixture(Duration cost, std::size_t snapshot_bytes_max = limits::kSnapshotBytesMax) : clock{cost} {
    parts->directory = std::make_shared<Directory>(4);
    parts->orderer = mesh.mesh().spawn_handlers([](schema::HandedOver::Reader) {});
    consensus::StateMachine machine;
    const std::string value(1000, 'x');
    const std::vector<consensus::Transaction> puts{consensus::Transaction::put("key", value)};
    const std::vector<std::byte> batch = consensus::write_batch(7, 1, puts);
    test::require_success(machine.apply(consensus::OrderedBatches{.index = 1, .time = 1, .batches = {batch}}));
    ExecutorOptions options{.epochs = {}, .wall_clock = [] { return 1; }, .clock = &clock};
    options.snapshot_bytes_max = snapshot_bytes_max;
    parts->executor = mesh.mesh().spawn<Executor>(parts, std::move(machine), nullptr, std::move(options));
    mesh.run();
  }
  ~Fixture() { mesh.mesh().stop_agent(parts->executor); }
  /// The snapshots that are given while so much time passes.
  std::vector<consensus::SnapshotTaken> given(Duration time = 0s) {
    for (Duration passed = 0s; passed <= time; passed += 100ms) {
      mesh.run();
      if (passed < time) mesh.advance(100ms);
    }
    std::vector<consensus::SnapshotTaken> given;
    for (OrdererNews& news : parts->events.take()) {
      auto* const event = std::get_if<EpochEvent>(&news);
      if (event == nullptr) continue;
      auto* const taken = std::get_if<consensus::SnapshotTaken>(&event->event);
      if (taken != nullptr) given.push_back(std::move(*taken));
    }
    return given;
  }
  void ask(consensus::ValidatorIndex peer) {
    if (parts->orders.put(TakeSnapshot{0, peer})) {
      mesh.mesh().tell(parts->executor, [](schema::HandedOver::Builder) {});
    }
    mesh.run();
  }

  SlowClock clock;
  DeterministicMesh mesh;
  std::shared_ptr<Parts> parts = std::make_shared<Parts>();
};

}  // namespace

BOOST_AUTO_TEST_SUITE(executors)

BOOST_AUTO_TEST_CASE(who_asks_for_snapshots_without_end_has_a_small_part_of_the_time) {
  Fixture f{1s};
  f.ask(1);
  BOOST_REQUIRE(f.given(1s).size() == 1U);
  // It took a second: the next come 20 seconds later, to all who have asked by then.
  f.ask(1);
  f.ask(2);
  BOOST_TEST(f.given(19s).empty());
  const auto next = f.given(1s);
  BOOST_REQUIRE(next.size() == 2U);
  BOOST_TEST(next[0].bytes.size() > 1000U);
  BOOST_TEST((next[0].bytes == next[1].bytes));
  BOOST_TEST((next[0].state.index == 1U));
  // Nobody asked for more.
  BOOST_TEST(f.given(60s).empty());
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_takes_no_time_can_be_had_again_soon) {
  Fixture f{0s};
  f.ask(1);
  BOOST_REQUIRE(f.given(1s).size() == 1U);
  f.ask(1);
  BOOST_TEST(f.given().empty());
  BOOST_TEST(f.given(500ms).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_state_that_no_letter_can_carry_is_not_sent) {
  Fixture f{0s, 999};
  f.ask(1);
  const auto given = f.given(1s);
  BOOST_REQUIRE(given.size() == 1U);
  BOOST_TEST(given[0].bytes.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
