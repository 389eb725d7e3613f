#include "bench/consensus/group_load.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/group.hpp"
#include "process/cpu_time.hpp"
#include "process/temporary_folder.hpp"

namespace myelin::tool {

namespace {

constexpr Duration kFirstLimit = std::chrono::seconds{30};
/// A validator shows its counts once a second: after this they are those of the end.
constexpr Duration kStatusDelay = std::chrono::milliseconds{1300};

void sleep_unless(const std::stop_token& stop, Duration duration) {
  std::mutex mutex;
  std::condition_variable_any nobody;
  std::unique_lock lock{mutex};
  static_cast<void>(nobody.wait_for(lock, stop, duration, [] { return false; }));
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// What the validators' own counts say, since their start: those that run.
void add_costs(LoadFigures& figures, const validator::ValidatorGroup& group, std::size_t running) {
  double transactions = 0;
  double signatures = 0;
  double calls = 0;
  double bytes = 0;
  double syncs = 0;
  for (std::size_t i = 0; i < running; ++i) {
    const validator::ValidatorStatus status = group.status(i);
    transactions += static_cast<double>(status.execution.transactions);
    signatures += static_cast<double>(status.signatures_checked);
    calls += static_cast<double>(status.signature_calls);
    bytes += static_cast<double>(status.log_bytes);
    syncs += static_cast<double>(status.syncs);
  }
  figures.log_bytes = ratio(bytes, transactions);
  figures.signatures = ratio(signatures, transactions) * static_cast<double>(running);
  figures.signatures_a_call = ratio(signatures, calls);
  figures.transactions_a_sync = ratio(transactions, syncs);
}

}  // namespace

std::string_view to_string(Kept kept) noexcept {
  switch (kept) {
    case Kept::nothing: return "in memory";
    case Kept::unsynced: return "log unsynced";
    case Kept::synced: return "log synced";
  }
  return "unknown";
}

Result<LoadFigures> measure_load(const GroupSetup& setup, const Load& load, const LoadTimes& times,
                                 const std::stop_token& stop) {
  std::optional<TemporaryFolder> folder;
  validator::GroupOptions options{.validators = setup.validators};
  if (setup.kept != Kept::nothing) {
    auto made = setup.folder.empty() ? TemporaryFolder::make("myelin-bench-")
                                     : TemporaryFolder::make_in(setup.folder, "myelin-bench-");
    if (!made) return tl::unexpected{made.error()};
    folder.emplace(*std::move(made));
    options.folder = folder->path();
    options.syncs = setup.kept == Kept::synced;
  }
  Mesh mesh{{.job_threads = setup.validators}};
  auto group = validator::ValidatorGroup::start(mesh, options);
  if (!group) return tl::unexpected{group.error()};
  const std::size_t running = setup.validators - setup.crashed;
  for (std::size_t i = running; i < setup.validators; ++i) group->crash(i);
  const Memory memory = Memory::start_session(mesh, group->directory(), {.batch_transactions_max = setup.gathered_max});
  if (const auto first = mesh.ask(memory.put("first", "1"), kFirstLimit, stop); !first) {
    return tl::unexpected{first.error()};
  }

  const auto sheet = std::make_shared<LoadSheet>();
  mesh.spawn<Loader>(memory, load, sheet);
  sleep_unless(stop, times.warm_up);
  sheet->begin();
  const TimePoint began = Clock::now();
  const Duration cpu_began = process_cpu_time();
  sleep_unless(stop, times.measured);
  LoadSheet::Counts counts = sheet->end();
  const double elapsed = seconds(Clock::now() - began);
  const double cpu = seconds(process_cpu_time() - cpu_began);
  sheet->close();
  sleep_unless(stop, kStatusDelay);

  const auto answered = static_cast<double>(counts.latencies.size());
  const auto failed = static_cast<double>(counts.failed_calls);
  const auto transactions = static_cast<double>(counts.transactions);
  LoadFigures figures{.transactions_a_second = transactions / elapsed,
                      .failed_share = ratio(failed, answered + failed),
                      .cores = cpu / elapsed,
                      .cpu_ns = ratio(cpu * 1e9, transactions)};
  if (!counts.latencies.empty()) {
    figures.p50_ns = counts.latencies.percentile(0.50);
    figures.p99_ns = counts.latencies.percentile(0.99);
  }
  add_costs(figures, *group, running);
  return figures;
}

double bare_executor_rate(std::size_t transaction_bytes, Duration measured) {
  constexpr std::size_t kKeys = 4096;
  constexpr std::size_t kBatches = 100;
  constexpr std::size_t kTransactions = 100;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kKeys; ++i) keys.push_back(fmt::format("key{:04}", i));
  const std::string value(value_bytes_for(transaction_bytes), 'x');
  consensus::StateMachine machine{{.executor = consensus::Executor::sequential}};
  std::mt19937_64 random{1};
  std::uint64_t executed = 0;
  Duration taken{0};
  for (consensus::Sequence sequence = 1; taken < measured; ++sequence) {
    std::vector<std::vector<std::byte>> batches;
    for (std::size_t batch = 0; batch < kBatches; ++batch) {
      std::vector<consensus::Transaction> puts;
      for (std::size_t i = 0; i < kTransactions; ++i) {
        puts.push_back(consensus::Transaction::put(keys[random() % kKeys], value));
      }
      batches.push_back(consensus::write_batch(batch + 1, sequence, puts));
    }
    consensus::OrderedBatches ordered{machine.applied() + 1, 1, {}};
    for (const auto& batch : batches) ordered.batches.emplace_back(batch);
    const TimePoint began = Clock::now();
    const auto outcome = machine.apply(ordered);
    taken += Clock::now() - began;
    if (!outcome) std::abort();  // A commit that is not executed would be a bug here, and its time no figure.
    executed += kBatches * kTransactions;
  }
  return static_cast<double>(executed) / seconds(taken);
}

}  // namespace myelin::tool
