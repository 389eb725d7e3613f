// The choice of an executor, on machines whose costs the tests make up.
#include "execution/chooser.hpp"

#include <chrono>
#include <functional>

#include "harness.hpp"

using namespace myelin::consensus;
using std::chrono::nanoseconds;

namespace {

constexpr BlockKind kScripts{.are_keys_named = false, .work = 5, .size = 7};

/// What a block's transactions cost, by executor.
using CostOf = std::function<nanoseconds(Executor)>;

struct Result {
  nanoseconds chosen{};      // what its choices cost
  nanoseconds sequential{};  // what sequential would have
  int parallel_blocks = 0;
};

Result drive(Chooser& chooser, const BlockKind& kind, int blocks, std::size_t tasks, const CostOf& cost_of) {
  Result result;
  for (int block = 0; block < blocks; ++block) {
    const Chooser::Choice choice = chooser.choose(kind, tasks);
    const auto run = [&](Executor executor, std::size_t count, bool is_trial) {
      if (count == 0) return;
      const nanoseconds cost = cost_of(executor) * static_cast<std::int64_t>(count);
      chooser.learn(kind, executor, count, cost, is_trial);
      result.chosen += cost;
    };
    run(choice.trial, choice.trial_tasks, true);
    run(choice.executor, tasks - choice.trial_tasks, false);
    result.sequential += cost_of(Executor::sequential) * static_cast<std::int64_t>(tasks);
    result.parallel_blocks += choice.executor == Executor::sequential ? 0 : 1;
  }
  return result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(chooser)

BOOST_AUTO_TEST_CASE(finds_out_that_parallel_pays) {
  Chooser chooser;
  const Result result = drive(chooser, kScripts, 100, 10'000, [](Executor executor) {
    return executor == Executor::sequential ? nanoseconds{2000} : nanoseconds{1200};
  });
  BOOST_TEST(result.parallel_blocks >= 90);
  BOOST_TEST(result.chosen.count() < result.sequential.count() * 7 / 10);
}

BOOST_AUTO_TEST_CASE(a_slow_first_trial_is_soon_put_right) {
  Chooser chooser;
  int trials = 0;
  const Result result = drive(chooser, kScripts, 40, 10'000, [&](Executor executor) {
    if (executor == Executor::sequential) return nanoseconds{2000};
    return ++trials == 1 ? nanoseconds{4000} : nanoseconds{1200};
  });
  BOOST_TEST(result.parallel_blocks >= 25);
}

BOOST_AUTO_TEST_CASE(takes_what_suits_the_keys) {
  Chooser chooser;
  BlockKind named = kScripts;
  named.are_keys_named = true;
  for (const BlockKind& kind : {kScripts, named}) {
    const CostOf cost_of = [](Executor executor) {
      return nanoseconds{executor == Executor::sequential ? 2000 : 1200};
    };
    static_cast<void>(drive(chooser, kind, 100, 10'000, cost_of));
    BOOST_TEST(
        (chooser.choose(kind, 10'000).executor == (kind.are_keys_named ? Executor::scheduled : Executor::block_stm)));
  }
}

BOOST_AUTO_TEST_CASE(is_never_much_worse_than_sequential) {
  for (const int times : {1, 2, 5, 20}) {
    Chooser chooser;
    const Result result = drive(chooser, kScripts, 500, 10'000, [times](Executor executor) {
      return nanoseconds{executor == Executor::sequential ? 1000 : 1000 * times};
    });
    BOOST_TEST(result.chosen.count() * 95 < result.sequential.count() * 100);
  }
}

BOOST_AUTO_TEST_CASE(follows_when_conflicts_come_and_go) {
  Chooser chooser;
  bool has_conflicts = true;
  const CostOf cost_of = [&has_conflicts](Executor executor) {
    return nanoseconds{executor == Executor::sequential ? 2000 : has_conflicts ? 8000 : 1200};
  };
  BOOST_TEST(drive(chooser, kScripts, 300, 10'000, cost_of).parallel_blocks == 0);
  has_conflicts = false;
  BOOST_TEST(drive(chooser, kScripts, 300, 10'000, cost_of).parallel_blocks > 100);
  has_conflicts = true;
  BOOST_TEST(drive(chooser, kScripts, 300, 10'000, cost_of).parallel_blocks < 30);
}

BOOST_AUTO_TEST_CASE(leaves_small_blocks_alone) {
  Chooser chooser;
  const Result result = drive(chooser, kScripts, 1000, 50, [](Executor executor) {
    return nanoseconds{executor == Executor::sequential ? 1000 : 1};
  });
  BOOST_TEST(result.parallel_blocks == 0);
  BOOST_TEST((result.chosen == result.sequential));
}

BOOST_AUTO_TEST_SUITE_END()
