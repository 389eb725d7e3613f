#include "bench/consensus/group_load.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <random>
#include <vector>

#include "bench/consensus/loaded_group.hpp"
#include "myelin/consensus/state_machine.hpp"

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
void add_counts(LoadFigures& figures, const std::vector<LoadedGroup::Counts>& counts) {
  double transactions = 0;
  double signatures = 0;
  double calls = 0;
  double bytes = 0;
  double syncs = 0;
  for (const LoadedGroup::Counts& each : counts) {
    transactions += static_cast<double>(each.transactions);
    signatures += static_cast<double>(each.signatures_checked);
    calls += static_cast<double>(each.signature_calls);
    bytes += static_cast<double>(each.log_bytes);
    syncs += static_cast<double>(each.syncs);
  }
  figures.log_bytes = ratio(bytes, transactions);
  figures.signatures = ratio(signatures, transactions) * static_cast<double>(counts.size());
  figures.signatures_a_call = ratio(signatures, calls);
  figures.transactions_a_sync = ratio(transactions, syncs);
}

/// A forger that nobody heard would cost nothing, and be no figure.
Result<void> check_forger_was_heard(const std::vector<LoadedGroup::Counts>& counts) {
  for (const LoadedGroup::Counts& each : counts) {
    if (each.letters_refused == 0) {
      return fail(Errc::io_error, "a validator has refused nothing of what was forged for it: it never got there");
    }
  }
  return {};
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

std::string_view to_string(Hosting hosting) noexcept {
  switch (hosting) {
    case Hosting::one_process: return "one process";
    case Hosting::processes: return "processes, TLS";
    case Hosting::insecure_processes: return "processes, no TLS";
  }
  return "unknown";
}

Result<LoadFigures> measure_load(const GroupSetup& setup, const Load& load, const LoadTimes& times,
                                 const std::stop_token& stop) {
  auto group = setup.hosting == Hosting::one_process ? start_in_process(setup) : start_processes(setup, stop);
  if (!group) return tl::unexpected{group.error()};
  Mesh& mesh = (*group)->mesh();
  const Memory& memory = (*group)->memory();
  if (const auto first = mesh.ask(memory.put("first", "1"), kFirstLimit, stop); !first) {
    return tl::unexpected{first.error()};
  }

  const auto sheet = std::make_shared<LoadSheet>();
  mesh.spawn<Loader>(memory, load, sheet);
  sleep_unless(stop, times.warm_up);
  sheet->begin();
  const TimePoint began = Clock::now();
  const LoadedGroup::Used used_before = (*group)->used();
  sleep_unless(stop, times.measured);
  LoadSheet::Counts counts = sheet->end();
  const double elapsed = seconds(Clock::now() - began);
  const LoadedGroup::Used used = (*group)->used();
  const double cpu = seconds(used.cpu - used_before.cpu);
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
  figures.disk_bytes = ratio(static_cast<double>(used.disk_bytes - used_before.disk_bytes), transactions);
  figures.wire_bytes = ratio(static_cast<double>(used.wire_bytes - used_before.wire_bytes), transactions);
  const auto at_end = (*group)->end();
  if (!at_end) return tl::unexpected{at_end.error()};
  add_counts(figures, *at_end);
  if (setup.has_forger && !stop.stop_requested()) {
    if (auto heard = check_forger_was_heard(*at_end); !heard) return tl::unexpected{heard.error()};
  }
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
