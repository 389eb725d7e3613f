// Clients work on a few keys at once while the processes of the validators are killed with SIGKILL, now one, now two,
// now all, and started again on their folders. Whatever the clients were told must fit one order of all operations,
// each between its call and its return: no acknowledged write is lost, and no ordered read is stale.
//
// MYELIN_KILLS: how many processes are killed; 12 by default.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "../../support/comes_true.hpp"
#include "engine/random.hpp"
#include "histories.hpp"
#include "processes.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using test::Processes;

constexpr std::size_t kClients = 6;
/// Of one group: a checker takes histories of some thousand operations at a time.
constexpr int kKillsPerGroup = 12;

struct Tally {
  int kills = 0;
  std::size_t operations = 0;
  std::size_t open = 0;
};

/// A new group, of which at least so many processes are killed.
void run(std::uint64_t seed, int kills, Tally& tally) {
  Processes processes;
  test::Histories histories;
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<bool> is_over = false;
  const auto work = [&](std::uint64_t client) {
    const Memory memory = processes.start_session({.client = client, .patience = 100ms, .patience_max = 500ms});
    sim::Random random{seed * kClients + client};
    for (std::uint64_t number = 1; !is_over; ++number) {
      // Some do not wait for long: what they asked for may happen later, or never.
      const Duration limit = random.below(32) == 0 ? Duration{20ms} : Processes::kLimit;
      const auto ask = [&](const auto& call) { return processes.ask(call, limit); };
      if (histories.run_one(client, number, memory, random, ask)) ++answered;
      std::this_thread::sleep_for(random.between(Duration{1ms}, Duration{20ms}));
    }
  };
  std::vector<std::jthread> clients;
  for (std::uint64_t client = 1; client <= kClients; ++client) clients.emplace_back(work, client);
  const auto goes_on = [&] {
    const std::uint64_t before = answered;
    return test::comes_true([&] { return answered >= before + 2 * kClients; });
  };
  sim::Random random{seed};
  const auto pause = [&random] { std::this_thread::sleep_for(random.between(Duration{0}, Duration{40ms})); };
  std::vector<std::size_t> all(Processes::kValidators);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  bool has_gone_on = goes_on();
  for (int killed = 0; killed < kills && has_gone_on;) {
    // With one away things go on; with two nothing is agreed on; with all, disks alone know what was.
    const std::uint64_t kind = random.below(4);
    const std::size_t count = kind < 2 ? 1 : kind == 2 ? 2 : all.size();
    random.shuffle(all);
    pause();
    for (std::size_t i = 0; i < count; ++i) processes.kill(all[i]);
    pause();
    for (std::size_t i = 0; i < count; ++i) processes.start(all[i]);
    has_gone_on = goes_on();
    killed += static_cast<int>(count);
    tally.kills += static_cast<int>(count);
  }
  BOOST_TEST(has_gone_on);
  is_over = true;
  clients.clear();
  histories.check();
  tally.operations += histories.operations();
  tally.open += histories.open();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histories_of_processes)

BOOST_AUTO_TEST_CASE(fit_one_order_while_they_are_killed) {
  const int wanted = test::kills(12);
  Tally tally;
  for (std::uint64_t seed = 1; tally.kills < wanted; ++seed) {
    const int before = tally.kills;
    run(seed, std::min(kKillsPerGroup, wanted - tally.kills), tally);
    if (tally.kills == before) break;  // it stands still, and said so
    BOOST_TEST_MESSAGE(tally.kills << " processes killed, " << tally.operations << " operations, " << tally.open
                                   << " of unknown outcome");
  }
  BOOST_TEST(tally.kills >= wanted);
  BOOST_TEST(tally.open < tally.operations / 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
