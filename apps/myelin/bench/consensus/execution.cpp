#include "bench/consensus/execution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <span>
#include <string_view>

#include "myelin/consensus/state_machine.hpp"

namespace myelin::tool {

namespace {

namespace cs = consensus;
using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kBatchTransactions = 100;
constexpr std::int64_t kFunds = 1'000'000'000;

double nanoseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

/// A batch that was not executed would be a bug here, and its time no figure.
void require_executed(const Result<cs::CommitOutcome>& outcome) {
  const auto is_executed = [](const cs::BatchOutcome& batch) { return batch.verdict == cs::Verdict::executed; };
  if (!outcome || !std::ranges::all_of(outcome->batches, is_executed)) std::abort();
}

class SteadyClock final : public cs::CostClock {
 public:
  TimePoint now() override { return Clock::now(); }
};

/// How often a digest is taken in a microsecond.
double digests_a_microsecond() {
  constexpr int kDigests = 20'000;
  cs::Digest digest;
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < kDigests; ++i) digest = cs::Hasher{cs::Domain::script}.add(digest).finish();
  const double taken = nanoseconds_since(begin);
  // The compiler must not do without the digests.
  return digest.bytes[0] == 0 && digest.bytes[1] == 0 && digest.bytes[2] == 0 && taken < 0 ? 0 : kDigests * 1e3 / taken;
}

/// Makes the same transactions for all contenders, with their keys named or not.
class Workload {
 public:
  Workload(const ExecutionCase& execution, std::size_t transactions)
      : digests_{execution.work_us == 0
                     ? 0
                     : std::clamp<std::int64_t>(
                           static_cast<std::int64_t>(static_cast<double>(execution.work_us) * digests_a_microsecond()),
                           1, cs::limits::kScriptDigestsMax)} {
    for (std::size_t i = 0; i < execution.accounts; ++i) accounts_.push_back(fmt::format("account{}", i));
    for (std::size_t i = 0; i < transactions; ++i) {
      const std::string_view from = accounts_[random_() % accounts_.size()];
      const std::string_view to = accounts_[random_() % accounts_.size()];
      pairs_.push_back({from, to});
    }
    for (const auto& [from, to] : pairs_) steps_.push_back(steps_of(from, to));
    for (std::size_t i = 0; i < transactions; ++i) {
      named_.push_back(transaction(i, pairs_[i]));
      unnamed_.push_back(transaction(i, {}));
    }
  }

  /// Batches that give each account its funds.
  [[nodiscard]] std::vector<Bytes> funding() const {
    std::vector<cs::Transaction> transactions;
    for (const std::string& account : accounts_) transactions.push_back(cs::Transaction::add(account, kFunds));
    return batches_of(transactions, 1);
  }
  /// The same transactions each time, in batches that were not there before.
  [[nodiscard]] std::vector<Bytes> batches(bool are_keys_named, cs::Sequence sequence) const {
    return batches_of(are_keys_named ? named_ : unnamed_, sequence);
  }

 private:
  static std::vector<Bytes> batches_of(std::span<const cs::Transaction> transactions, cs::Sequence sequence) {
    std::vector<Bytes> batches;
    for (std::size_t begin = 0; begin < transactions.size(); begin += kBatchTransactions) {
      const std::size_t count = std::min(kBatchTransactions, transactions.size() - begin);
      batches.push_back(cs::write_batch(batches.size(), sequence, transactions.subspan(begin, count)));
    }
    return batches;
  }

  [[nodiscard]] std::vector<cs::ScriptStep> steps_of(std::string_view from, std::string_view to) const {
    using enum cs::ScriptStep::Operation;
    constexpr std::uint8_t kNone = cs::ScriptStep::kNoRegister;
    return {{load, 0, kNone, kNone, 0, from},  {load, 1, kNone, kNone, 0, to}, {digest, 2, 0, kNone, digests_, {}},
            {number, 3, kNone, kNone, 1, {}},  {subtract, 0, 0, 3, 0, {}},     {add, 1, 1, 3, 0, {}},
            {store, kNone, kNone, 0, 0, from}, {store, kNone, kNone, 1, 0, to}};
  }
  [[nodiscard]] cs::Transaction transaction(std::size_t i, std::span<const std::string_view> keys) const {
    if (digests_ == 0) return cs::Transaction::transfer(pairs_[i][0], pairs_[i][1], 1);
    return cs::Transaction::script(steps_[i], keys);
  }

  std::int64_t digests_;
  std::mt19937 random_{1};
  std::vector<std::string> accounts_;
  std::vector<std::array<std::string_view, 2>> pairs_;
  std::vector<std::vector<cs::ScriptStep>> steps_;
  std::vector<cs::Transaction> named_;
  std::vector<cs::Transaction> unnamed_;
};

/// A state machine of its own for each variant, so that each learns from its own past.
class Contender {
 public:
  Contender(cs::Executor executor, std::size_t threads, bool are_keys_named, bool predicts, const Workload& workload)
      : workers_{threads},
        machine_{{.executor = executor, .workers = &workers_, .clock = &clock_}},
        workload_{workload},
        are_keys_named_{are_keys_named},
        predicts_{predicts} {
    static_cast<void>(apply(workload.funding()));
  }

  /// Transactions a second over so many commits.
  double measure(std::size_t commits, std::size_t transactions) {
    double taken = 0;
    for (std::size_t i = 0; i < commits; ++i) taken += apply(workload_.batches(are_keys_named_, ++sequence_));
    return static_cast<double>(commits * transactions) * 1e9 / taken;
  }

 private:
  double apply(const std::vector<Bytes>& batches) {
    cs::OrderedBatches ordered{machine_.applied() + 1, 1, {}};
    for (const Bytes& batch : batches) ordered.batches.emplace_back(batch);
    if (predicts_) machine_.predict(ordered, nullptr);
    const Clock::time_point begin = Clock::now();
    const auto outcome = machine_.apply(ordered);
    const double taken = nanoseconds_since(begin);
    require_executed(outcome);
    return taken;
  }

  SteadyClock clock_;
  cs::ThreadWorkers workers_;
  cs::StateMachine machine_;
  const Workload& workload_;
  bool are_keys_named_;
  bool predicts_;
  cs::Sequence sequence_ = 1;
};

Case root_case(std::size_t keys, std::size_t changed) {
  struct Parts {
    cs::StateMachine machine{cs::ExecutionOptions{.executor = cs::Executor::sequential}};
    std::mt19937 random{1};
    cs::Sequence sequence = 0;

    double measure(std::size_t all, std::size_t some) {
      std::vector<std::string> names;
      for (std::size_t i = 0; i < some; ++i) {
        names.push_back(fmt::format("key{}", some == all ? i : random() % all));
      }
      const std::string value = fmt::format("value{}", sequence);
      std::vector<Bytes> batches;
      for (std::size_t begin = 0; begin < some; begin += kBatchTransactions) {
        std::vector<cs::Transaction> puts;
        for (std::size_t i = begin; i < std::min(some, begin + kBatchTransactions); ++i) {
          puts.push_back(cs::Transaction::put(names[i], value));
        }
        batches.push_back(cs::write_batch(1, ++sequence, puts));
      }
      cs::OrderedBatches ordered{machine.applied() + 1, 1, {}};
      for (const Bytes& batch : batches) ordered.batches.emplace_back(batch);
      require_executed(machine.apply(ordered));
      const Clock::time_point begin = Clock::now();
      static_cast<void>(machine.state());
      return nanoseconds_since(begin) / static_cast<double>(some);
    }
  };
  const auto parts = std::make_shared<Parts>();
  return {
      fmt::format("{} of {} keys changed", changed, keys), "ns", {{"a changed key", [=] {
                                                                     if (parts->sequence == 0)
                                                                       static_cast<void>(parts->measure(keys, keys));
                                                                     return parts->measure(keys, changed);
                                                                   }}}};
}

Case timed_case(std::string name, std::function<void()> work, int times) {
  return {std::move(name), "ns", {{"libsodium", [work = std::move(work), times] {
                                     const Clock::time_point begin = Clock::now();
                                     for (int i = 0; i < times; ++i) work();
                                     return nanoseconds_since(begin) / times;
                                   }}}};
}

}  // namespace

std::string to_string(const ExecutionCase& execution) {
  return fmt::format("{} accounts, {} us", execution.accounts, execution.work_us);
}

std::vector<ExecutionCase> execution_cases(bool quick) {
  if (quick) return {{1000, 2}};
  std::vector<ExecutionCase> cases;
  for (const std::uint64_t work_us : {0U, 2U, 10U}) {
    for (const std::size_t accounts : {2U, 10U, 100U, 1000U, 10'000U}) cases.push_back({accounts, work_us});
  }
  return cases;
}

Comparison compare_executors(const ExecutionCase& execution, bool quick, Rounds rounds, Progress& progress,
                             const std::stop_token& stop) {
  const std::size_t transactions = quick ? 2000 : 10'000;
  const std::size_t commits = quick ? 1 : 3;
  const Workload workload{execution, transactions};
  std::vector<std::unique_ptr<Contender>> contenders;
  std::vector<Variant> variants;
  const auto add = [&](std::string name, cs::Executor executor, std::size_t threads, bool are_keys_named,
                       bool predicts) {
    contenders.push_back(std::make_unique<Contender>(executor, threads, are_keys_named, predicts, workload));
    variants.push_back({std::move(name), [contender = contenders.back().get(), commits, transactions] {
                          return contender->measure(commits, transactions);
                        }});
  };
  using enum cs::Executor;
  add(kSequentialVariant, sequential, 1, false, false);
  add("scheduled, 1 thread", scheduled, 1, true, false);
  add("scheduled, 2 threads", scheduled, 2, true, false);
  add("block_stm, 1 thread", block_stm, 1, false, false);
  add("block_stm, 2 threads", block_stm, 2, false, false);
  add("automatic, 2 threads", automatic, 2, false, false);
  add("automatic, keys named", automatic, 2, true, false);
  add("promoted", sequential, 1, false, true);
  return compare(to_string(execution), "tx/s", variants, rounds, progress, stop);
}

std::vector<Case> state_root_cases(bool quick) {
  if (quick) return {root_case(10'000, 1000)};
  return {root_case(10'000, 100), root_case(10'000, 10'000), root_case(1'000'000, 100), root_case(1'000'000, 10'000)};
}

std::vector<Case> crypto_cases() {
  std::vector<Case> cases;
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{4} << 10, std::size_t{64} << 10}) {
    const auto data = std::make_shared<Bytes>(bytes);
    cases.push_back(timed_case(
        fmt::format("BLAKE2b-256 of {} B", bytes),
        [data] {
          const cs::Digest digest = cs::Hasher{cs::Domain::batch_leaf}.add(*data).finish();
          data->front() = static_cast<std::byte>(digest.bytes[0]);  // Each waits for the one before.
        },
        static_cast<int>((std::size_t{4} << 20) / (bytes + 512))));
  }
  constexpr std::array<std::uint8_t, 32> kSeed{1};
  constexpr int kSignatures = 500;
  const auto pair = std::make_shared<cs::KeyPair>(kSeed);
  const auto digest = std::make_shared<cs::Digest>();
  cases.push_back(timed_case(
      "Ed25519, sign a digest", [=] { digest->bytes[0] = pair->sign(*digest).bytes[0]; }, kSignatures));
  const cs::SignedDigest signed_digest{cs::Digest{}, pair->sign(cs::Digest{}), pair->public_key()};
  cases.push_back(timed_case(
      "Ed25519, check a signature",
      [signed_digest] {
        bool valid = false;
        cs::Ed25519Checker{}.check({&signed_digest, 1}, {&valid, 1});
        if (!valid) std::abort();  // It was just made.
      },
      kSignatures));
  return cases;
}

}  // namespace myelin::tool
