// Clients work on a few keys at once while validators crash and come back from their disks. Whatever the clients were
// told must fit one order of all operations, each between its call and its return.
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "../../support/expect_success.hpp"
#include "../../support/temporary_directory.hpp"
#include "checkers/client_history.hpp"
#include "checkers/violation.hpp"
#include "cluster/request.hpp"
#include "engine/random.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin {

namespace {

using namespace std::chrono_literals;
using Kind = sim::Request::Kind;

constexpr std::size_t kClients = 6;
constexpr std::size_t kOperations = 120;  // of each client
constexpr unsigned kKeys = 3;
constexpr Duration kLimit = 60s;

sim::Request choose(sim::Random& random, const std::string& name, std::size_t operation) {
  const std::string key = std::to_string(random.below(kKeys));
  const std::string value = name + "." + std::to_string(operation);
  switch (random.below(10)) {
    case 0:
    case 1: return {.kind = Kind::put, .key = "r" + key, .value = value};
    case 2:
    case 3: return {.kind = Kind::get, .key = "r" + key};
    case 4: return {.kind = Kind::put_if_absent, .key = "r" + key, .value = value};
    case 5: return {.kind = Kind::erase, .key = "r" + key};
    case 6: return {.kind = Kind::fetch_add, .key = "c" + key, .number = 1};
    case 7: return {.kind = Kind::add, .key = "a" + key, .number = 5};
    case 8:
      return {
          .kind = Kind::transfer, .key = "a" + key, .other = "a" + std::to_string(random.below(kKeys)), .number = 3};
    default: return {.kind = Kind::read_accounts};
  }
}

consensus::Value value_of(const MemoryValue& value) {
  return {.kind = value.kind(), .number = value.number(), .bytes = std::string{value.text()}};
}

consensus::Reply reply_of(const MemoryOutcome& outcome) {
  consensus::Reply reply;
  reply.status = outcome.status;
  if (outcome.value) reply.value = value_of(*outcome.value);
  for (const MemoryPage::Entry& entry : outcome.entries) reply.entries.push_back({entry.key, value_of(entry.value)});
  return reply;
}

/// Runs the clients while `disturb(group, random)` is called again and again.
template <class Disturb>
void run(std::uint64_t seed, Disturb disturb, const validator::SavingOptions& saving = {}) {
  const test::TemporaryDirectory folder;
  Mesh mesh{{.workers = 2, .job_threads = 4}};
  auto group = validator::ValidatorGroup::start(mesh, {.validators = 4, .folder = folder.path(), .saving = saving});
  test::require_success(group);
  sim::ClientHistory history;
  std::mutex mutex;
  std::atomic<std::size_t> running = kClients;
  std::atomic<std::size_t> answered = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto work = [&](std::size_t client) {
    const Memory memory =
        Memory::start_session(mesh, group->directory(), {.client = client + 1, .patience = 100ms, .patience_max = 1s});
    sim::Random random{seed * kClients + client};
    for (std::size_t i = 0; i < kOperations; ++i) {
      const sim::Request request = choose(random, std::to_string(client), i);
      const std::vector<std::byte> bytes = sim::encode(client + 1, i + 1, request);
      const auto batch = consensus::read_batch(bytes);
      std::size_t place = 0;
      {
        const std::lock_guard lock{mutex};
        place = history.called(client + 1, request, std::chrono::steady_clock::now() - begin);
      }
      const auto outcomes = mesh.ask(memory.execute(batch->transactions), kLimit);
      const auto now = std::chrono::steady_clock::now() - begin;
      if (!outcomes || outcomes->size() != 1) continue;  // nobody knows: the operation stays open
      ++answered;
      const std::lock_guard lock{mutex};
      history.returned(place, reply_of(outcomes->front()), now);
    }
    --running;
  };
  std::vector<std::jthread> clients;
  for (std::size_t i = 0; i < kClients; ++i) clients.emplace_back(work, i);
  sim::Random random{seed};
  while (running > 0) disturb(*group, random);
  clients.clear();
  BOOST_TEST(answered > kClients * kOperations / 2);
  try {
    BOOST_TEST(history.check() == 0U);
  } catch (const sim::Violation& violation) {
    BOOST_ERROR(violation.invariant << ": " << violation.what);
  }
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
