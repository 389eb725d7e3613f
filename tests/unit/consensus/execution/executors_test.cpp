// One result, whatever the executor: the same replies, the same roots, on every input.
//
// MYELIN_EXECUTION_TRANSACTIONS says how many random transactions each case takes; MYELIN_EXECUTION_SEED where to
// start.
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "harness.hpp"
#include "model.hpp"
#include "random_transactions.hpp"

using namespace myelin::consensus;
using test::Bytes;
using test::Machine;
using test::Mix;
using test::Random;
using test::RandomTransactions;
using T = Transaction;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::uint64_t transactions() { return number_from("MYELIN_EXECUTION_TRANSACTIONS", 30'000); }
std::uint64_t first_seed() { return number_from("MYELIN_EXECUTION_SEED", 1); }

/// Time as it is measured on a machine that no one can foretell.
class ErraticClock final : public CostClock {
 public:
  explicit ErraticClock(std::uint64_t seed) noexcept : random_{seed} {}
  myelin::TimePoint now() override { return now_ += myelin::Duration{random_.below(1'000'000)}; }

 private:
  Random random_;
  myelin::TimePoint now_{};
};

/// Makes block_stm give up, one block in three.
class SomeFaults final : public ExecutionFaults {
 public:
  bool block_stm_fails(std::uint32_t task, std::uint64_t run) override {
    return task == 7 && run == 0 && blocks_.fetch_add(1) % 3 == 0;
  }

 private:
  std::atomic<int> blocks_{0};
};

/// A named way to execute, and a machine that does.
struct Contender {
  std::string name;
  Machine machine;
};

/// Commits of random batches; a few come twice.
class Commits {
 public:
  Commits(std::uint64_t seed, const Mix& mix) noexcept
      : transactions_{seed, mix}, sequence_{mix.has_unnamed ? 1'000'000U : 0U} {}

  std::vector<Bytes> next(std::size_t size) {
    std::vector<Bytes> batches;
    while (size > 0) {
      const std::size_t count = 1 + transactions_.random().below(std::min(size, limits::kBatchTransactionsMax));
      std::vector<Transaction> batch;
      for (std::size_t i = 0; i < count; ++i) batch.push_back(transactions_.next());
      batches.push_back(write_batch(transactions_.client(), ++sequence_, batch));
      if (transactions_.random().one_in(10)) batches.push_back(batches[transactions_.random().below(batches.size())]);
      size -= count;
    }
    transactions_.clear();
    return batches;
  }
  void learn(const CommitOutcome& outcome) {
    for (const BatchOutcome& batch : outcome.batches) {
      for (const Reply& reply : batch.replies) {
        if (reply.value.kind == ValueKind::lease) transactions_.remember(reply.value.token);
      }
    }
  }

 private:
  RandomTransactions transactions_;
  Sequence sequence_;
};

void require_same(const CommitOutcome& expected, const CommitOutcome& actual, const std::string& who) {
  if (expected == actual) return;
  BOOST_REQUIRE_MESSAGE(expected.batches.size() == actual.batches.size(), who);
  for (std::size_t i = 0; i < expected.batches.size(); ++i) {
    const BatchOutcome &a = expected.batches[i], &b = actual.batches[i];
    BOOST_REQUIRE_MESSAGE(a.verdict == b.verdict, who << ": batch " << i);
    for (std::size_t j = 0; j < a.replies.size(); ++j) {
      BOOST_REQUIRE_MESSAGE(a.replies[j] == b.replies.at(j), who << ": batch " << i << ", transaction " << j << ": "
                                                                 << a.replies[j].status << " and "
                                                                 << b.replies[j].status);
    }
  }
  BOOST_REQUIRE_MESSAGE(false, who);
}

/// Runs the same commits on all, and compares.
void compete(std::vector<std::unique_ptr<Contender>>& contenders, std::uint64_t seed, const Mix& mix,
             std::uint64_t count) {
  Commits commits{seed, mix};
  Random random{seed * 31};
  while (count > 0) {
    const std::size_t size = std::min<std::uint64_t>(count, 1 + random.below(random.one_in(4) ? 400 : 60));
    const std::vector<Bytes> batches = commits.next(size);
    const CommitOutcome expected = contenders[0]->machine.commit(batches);
    commits.learn(expected);
    const bool compares_root = random.one_in(3);
    for (std::size_t i = 1; i < contenders.size(); ++i) {
      require_same(expected, contenders[i]->machine.commit(batches), contenders[i]->name);
      if (!compares_root) continue;
      BOOST_REQUIRE_MESSAGE(contenders[i]->machine->state() == contenders[0]->machine->state(), contenders[i]->name);
    }
    count -= size;
  }
  for (const auto& contender : contenders) {
    BOOST_REQUIRE_MESSAGE(contender->machine->state() == contenders[0]->machine->state(), contender->name);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(executors)

BOOST_AUTO_TEST_CASE(all_executors_give_the_same_replies_and_roots) {
  ThreadWorkers two{2}, four{4};
  SomeFaults faults;
  ErraticClock clock{first_seed()};
  std::uint64_t seed = first_seed();
  std::uint64_t stm_fallbacks = 0, stm_executions = 0, stm_transactions = 0, keys_ended = 0;
  for (std::uint64_t left = transactions(); left > 0; ++seed) {
    std::vector<std::unique_ptr<Contender>> contenders;
    const auto add = [&](std::string name, const ExecutionOptions& options) {
      contenders.push_back(std::make_unique<Contender>(Contender{std::move(name), Machine{options}}));
    };
    add("sequential", {.executor = Executor::sequential});
    add("scheduled, 2 threads", {.executor = Executor::scheduled, .workers = &two, .hash_seed = seed});
    add("block_stm, 2 threads", {.executor = Executor::block_stm, .workers = &two, .hash_seed = seed * 7});
    add("block_stm, 4 threads, faults", {.executor = Executor::block_stm, .workers = &four, .faults = &faults});
    add("automatic, 4 threads", {.executor = Executor::automatic, .workers = &four, .clock = &clock});
    constexpr std::uint64_t kKeys[] = {1, 2, 3, 10, 50, 1000};
    const Mix mix{.keys = kKeys[seed % 6], .has_unnamed = seed % 2 == 0, .is_mostly_counters = seed % 5 == 0};
    const std::uint64_t count = std::min<std::uint64_t>(left, 3000);
    BOOST_TEST_CONTEXT("seed " << seed) { compete(contenders, seed, mix, count); }
    left -= count;
    for (const auto& contender : contenders) {
      keys_ended += contender->machine->metrics().keys_ended;
      stm_fallbacks += contender->machine->metrics().stm_fallbacks;
      stm_executions += contender->machine->metrics().stm_executions;
      stm_transactions += contender->machine->metrics().transactions_by_executor[2];
    }
  }
  // The test is worth something only if what is hard did happen.
  BOOST_TEST(keys_ended > 0U);
  BOOST_TEST(stm_fallbacks > 0U);
  BOOST_TEST(stm_executions > stm_transactions);
}

BOOST_AUTO_TEST_CASE(the_state_is_as_a_map_would_have_it) {
  std::uint64_t seed = first_seed();
  for (std::uint64_t left = transactions() / 3 + 1; left > 0; ++seed) {
    Machine machine;
    test::Model model;
    constexpr std::uint64_t kKeys[] = {2, 10, 100};
    RandomTransactions random{seed, {.keys = kKeys[seed % 3]}};
    const std::uint64_t count = std::min<std::uint64_t>(left, 1000);
    left -= count;
    for (std::uint64_t done = 0; done < count;) {
      std::vector<Transaction> batch;
      for (std::uint64_t n = std::min<std::uint64_t>(count - done, 1 + random.random().below(20)); n > 0; --n) {
        batch.push_back(random.next());
      }
      const ClientId client = random.client();
      const WallTime now = machine.time();
      const std::vector<Reply> replies = machine.run(client, batch);
      const Bytes bytes = write_batch(client, 1, batch);
      const auto read = read_batch(bytes);
      BOOST_REQUIRE(read.has_value());
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::uint64_t token = (machine->applied() << limits::kPlaceBits) + i + 1;
        const Reply expected = model.execute(read->transactions[i], token, now);
        BOOST_REQUIRE_MESSAGE(replies[i] == expected, "seed " << seed << ", operation "
                                                              << int(read->transactions[i].operation) << ": "
                                                              << replies[i].status << " and " << expected.status);
        if (expected.value.kind == ValueKind::lease) random.remember(expected.value.token);
      }
      done += batch.size();
      model.take_ended(now, limits::kEndedKeysPerCommit + batch.size());
      BOOST_REQUIRE_EQUAL(machine->key_count(), model.map().size());
      random.clear();
    }
    for (const auto& [key, value] : model.map()) {
      BOOST_REQUIRE((machine->read(key) == model.at(key, machine.time() - Machine::kStep)));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_block_that_block_stm_gives_up_is_executed_all_the_same) {
  class Fault final : public ExecutionFaults {
   public:
    bool block_stm_fails(std::uint32_t task, std::uint64_t) override { return task == 50; }
  };
  Fault fault;
  ThreadWorkers workers{2};
  Machine faulty{{.executor = Executor::block_stm, .workers = &workers, .faults = &fault}};
  Machine sequential;
  std::vector<Transaction> batch;
  for (int i = 0; i < 100; ++i) batch.push_back(i % 2 == 0 ? T::add("n", 1) : T::get("n"));
  const std::vector<Bytes> batches = {write_batch(1, 1, batch)};
  BOOST_TEST((faulty.commit(batches) == sequential.commit(batches)));
  BOOST_TEST((faulty->state() == sequential->state()));
  BOOST_TEST(faulty->metrics().stm_fallbacks == 1U);
  BOOST_TEST(faulty->metrics().transactions_by_executor[0] == 100U);
}

BOOST_AUTO_TEST_CASE(large_blocks_come_out_the_same) {
  ThreadWorkers workers{4};
  // Many keys, and so few that transactions that are taken together get into each other's way.
  constexpr std::pair<std::uint64_t, bool> kMixes[] = {{3000, false}, {3000, true}, {300, true}, {20, true}};
  for (const auto& [keys, has_unnamed] : kMixes) {
    std::vector<std::unique_ptr<Contender>> contenders;
    for (const Executor executor : {Executor::sequential, Executor::scheduled, Executor::block_stm}) {
      contenders.push_back(std::make_unique<Contender>(
          Contender{std::string{to_string(executor)}, Machine{{.executor = executor, .workers = &workers}}}));
    }
    Commits commits{first_seed(), {.keys = keys, .clients = 1000, .has_unnamed = has_unnamed}};
    for (int commit = 0; commit < 4; ++commit) {
      const std::vector<Bytes> batches = commits.next(6000);
      const CommitOutcome expected = contenders[0]->machine.commit(batches);
      for (std::size_t i = 1; i < contenders.size(); ++i) {
        require_same(expected, contenders[i]->machine.commit(batches), contenders[i]->name);
        BOOST_TEST((contenders[i]->machine->state() == contenders[0]->machine->state()));
        BOOST_TEST(contenders[i]->machine->key_count() == contenders[0]->machine->key_count());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(additions_to_one_counter_do_not_abort_each_other) {
  ThreadWorkers workers{4};
  Machine machine{{.executor = Executor::block_stm, .workers = &workers}};
  const std::vector<Transaction> adds(2000, T::add("n", 3));
  machine.run(adds);
  BOOST_TEST((machine->read("n") == test::number_value(6000)));
  const ExecutionMetrics metrics = machine->metrics();
  BOOST_TEST(metrics.stm_executions == 2000U);
}

BOOST_AUTO_TEST_CASE(more_keys_that_end_at_a_time_than_a_commit_takes_out_go_in_one_order_whatever_the_executor) {
  ThreadWorkers workers{2};
  constexpr std::size_t kMany = 3 * limits::kEndedKeysPerCommit;
  std::vector<std::unique_ptr<Contender>> contenders;
  for (const Executor executor : {Executor::sequential, Executor::scheduled, Executor::block_stm}) {
    contenders.push_back(std::make_unique<Contender>(Contender{
        std::string{to_string(executor)},
        Machine{{.executor = executor, .workers = &workers, .tracks_unsaved = true, .tracks_recent = true}}}));
  }
  test::Model model;
  Random random{first_seed()};
  std::vector<std::string> keys(kMany);
  std::vector<Transaction> puts;
  for (std::size_t i = 0; i < kMany; ++i) {
    keys[i] = "k" + std::to_string(i);
    puts.push_back(T::put(keys[i], "x", static_cast<std::int64_t>(1 + random.below(20))));
  }
  const auto commit = [&](std::vector<Transaction> batch) {
    const WallTime now = contenders[0]->machine.time();
    const std::vector<Bytes> batches = {write_batch(1, contenders[0]->machine->applied() + 1, batch)};
    const CommitOutcome expected = contenders[0]->machine.commit(batches);
    for (const Transaction& each : batch) static_cast<void>(model.execute(each, 0, now));
    std::map<std::string, Value> before = model.map();
    model.take_ended(now, limits::kEndedKeysPerCommit + batch.size());
    std::vector<std::string> gone;
    for (const auto& [key, value] : before) {
      if (!model.map().contains(key)) gone.push_back(key);
    }
    for (const auto& contender : contenders) {
      if (contender != contenders[0]) require_same(expected, contender->machine.commit(batches), contender->name);
      BOOST_REQUIRE((contender->machine->state() == contenders[0]->machine->state()));
      BOOST_REQUIRE_EQUAL(contender->machine->key_count(), model.map().size());
      const auto recent = contender->machine->take_recent().value();
      for (const std::string& key : gone) {
        BOOST_REQUIRE(std::ranges::binary_search(recent.cells, std::string_view{key}, {}, &CellChange::key));
      }
    }
    return gone.size();
  };
  BOOST_TEST(commit(puts) == 0U);
  // A commit later all of them are over, and are absent long before they are taken out.
  const Transaction look = T::get("k0");
  BOOST_TEST(commit({look}) == limits::kEndedKeysPerCommit + 1);
  // Now and then one is put again before its turn.
  BOOST_TEST(commit({T::put(keys[5], "again"), T::put(keys[7], "for a while", 1'000'000'000), T::erase(keys[9]),
                     T::add(keys[11], 1)}) > limits::kEndedKeysPerCommit);
  commit({look});
  BOOST_TEST((contenders[1]->machine->read(keys[5]) == test::bytes_value("again")));
  BOOST_TEST((contenders[2]->machine->read(keys[11]) == test::number_value(1)));
  BOOST_TEST(contenders[0]->machine->key_count() == 3U);
}

BOOST_AUTO_TEST_CASE(a_state_that_could_fill_up_decides_in_order_whatever_the_executor) {
  ThreadWorkers workers{2};
  const StateLimits limits{.keys_max = 20, .bytes_max = 400};
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 20; ++seed) {
    std::vector<std::unique_ptr<Contender>> contenders;
    for (const Executor executor : {Executor::sequential, Executor::scheduled, Executor::block_stm}) {
      contenders.push_back(std::make_unique<Contender>(Contender{
          std::string{to_string(executor)}, Machine{{.executor = executor, .workers = &workers, .limits = limits}}}));
    }
    compete(contenders, seed, {.keys = 30}, 500);
  }
}

BOOST_AUTO_TEST_SUITE_END()
