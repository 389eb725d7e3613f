// Clients work on a few keys at once while validators crash and come back from their disks. Whatever the clients were
// told must fit one order of all operations, each between its call and its return.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "engine/random.hpp"
#include "histories.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t kClients = 6;
constexpr std::size_t kOperations = 120;  // of each client
constexpr Duration kLimit = 60s;

/// Runs the clients while `disturb(group, random)` is called again and again.
template <class Disturb>
void run(std::uint64_t seed, Disturb disturb, const validator::SavingOptions& saving = {}) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = folder.path(), .saving = saving});
  test::require_success(group);
  test::Histories histories;
  std::atomic<std::size_t> running = kClients;
  std::atomic<std::size_t> answered = 0;
  const auto work = [&](std::size_t client) {
    const Memory memory =
        Memory::start_session(mesh, group->directory(), {.client = client + 1, .patience = 100ms, .patience_max = 1s});
    sim::Random random{seed * kClients + client};
    for (std::size_t i = 0; i < kOperations; ++i) {
      const auto ask = [&](const auto& call) { return mesh.ask(call, kLimit); };
      if (histories.run_one(client + 1, i + 1, memory, random, ask)) ++answered;
    }
    --running;
  };
  std::vector<std::jthread> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(work, i);
  sim::Random random{seed};
  while (running > 0) disturb(*group, random);
  clients.clear();
  BOOST_TEST(answered > kClients * kOperations / 2);
  histories.check();
}

void pause(sim::Random& random, Duration longest) { std::this_thread::sleep_for(random.between(1ms, longest)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(histories)

BOOST_AUTO_TEST_CASE(without_faults_they_are_linearizable) {
  run(1, [](validator::ValidatorGroup&, sim::Random& random) { pause(random, 5ms); });
}

BOOST_AUTO_TEST_CASE(one_validator_after_another_crashes_and_nobody_is_told_anything_false) {
  run(2, [](validator::ValidatorGroup& group, sim::Random& random) {
    const std::size_t victim = random.below(group.size());
    pause(random, 30ms);
    group.crash(victim);
    pause(random, 30ms);
    test::require_success(group.restart(victim));
  });
}

BOOST_AUTO_TEST_CASE(all_crash_and_what_was_acknowledged_is_there_again) {
  run(3, [crashes = 0](validator::ValidatorGroup& group, sim::Random& random) mutable {
    pause(random, 60ms);
    if (crashes++ > 12) return;  // else nothing might ever be done
    for (std::size_t i = 0; i < group.size(); ++i) group.crash(i);
    for (std::size_t i = 0; i < group.size(); ++i) test::require_success(group.restart(i));
  });
}

BOOST_AUTO_TEST_CASE(who_comes_back_from_a_saved_state_and_a_short_log_goes_on_from_there) {
  std::uint64_t saved = 0;
  const auto disturb = [&](validator::ValidatorGroup& group, sim::Random& random) {
    pause(random, 40ms);
    const std::size_t victim = random.below(group.size());
    group.crash(victim);
    saved = std::max(saved, group.status(victim).saved);
    pause(random, 20ms);
    test::require_success(group.restart(victim));
  };
  run(4, disturb, {.payload_bytes_per_save = 1024, .log_bytes_kept = 4096});
  BOOST_TEST(saved > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin
