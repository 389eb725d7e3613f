#include "bench/consensus/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace myelin::tool {

namespace {

constexpr std::size_t kKeys = 4096;
constexpr Duration kCallLimit = std::chrono::seconds{30};
/// How often an open loop looks at what is due.
constexpr Duration kTick = std::chrono::milliseconds{1};
/// After a call that failed, in a closed loop.
constexpr Duration kRest = std::chrono::milliseconds{10};

std::string key_of(std::size_t number) { return fmt::format("key{:04}", number); }

}  // namespace

std::size_t value_bytes_for(std::size_t transaction_bytes) {
  constexpr std::size_t kSample = 64;
  const std::string key = key_of(0);
  const std::vector<consensus::Transaction> puts(kSample, consensus::Transaction::put(key, ""));
  const std::size_t empty = consensus::write_batch(1, 1, puts).size() / kSample;
  // Values are padded to whole words.
  return transaction_bytes > empty ? (transaction_bytes - empty) / 8 * 8 : 0;
}

void LoadSheet::begin() {
  const std::lock_guard lock{mutex_};
  counts_ = {};
}

LoadSheet::Counts LoadSheet::end() {
  const std::lock_guard lock{mutex_};
  return std::exchange(counts_, {});
}

std::uint64_t LoadSheet::transactions() const {
  const std::lock_guard lock{mutex_};
  return counts_.transactions;
}

void LoadSheet::add(bool is_answered, std::size_t transactions, Duration latency) {
  const std::lock_guard lock{mutex_};
  if (is_answered) {
    counts_.transactions += transactions;
    counts_.latencies.add(static_cast<double>(latency.count()));
  } else {
    ++counts_.failed_calls;
  }
}

Loader::Loader(Memory memory, const Load& load, std::shared_ptr<LoadSheet> sheet)
    : memory_{std::move(memory)},
      load_{load},
      sheet_{std::move(sheet)},
      value_(value_bytes_for(load.transaction_bytes), 'x') {
  for (std::size_t i = 0; i < kKeys; ++i) keys_.push_back(key_of(i));
}

void Loader::on_start() {
  began_ = now();
  if (load_.offered > 0) {
    every(kTick, [this] { call_what_is_due(); });
  } else {
    for (std::size_t i = 0; i < load_.calls_open; ++i) call(now());
  }
}

void Loader::call_what_is_due() {
  if (sheet_->is_closed()) return;
  const double a_second = load_.offered / static_cast<double>(load_.transactions_a_call);
  const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(now() - began_).count() * a_second);
  while (calls_made_ < due) {
    ++calls_made_;
    const std::chrono::duration<double> since{static_cast<double>(calls_made_) / a_second};
    call(began_ + std::chrono::duration_cast<Duration>(since));
  }
}

void Loader::call(TimePoint due) {
  if (load_.offered == 0 && load_.calls_max > 0 && calls_made_ == load_.calls_max) return;
  if (load_.offered == 0) ++calls_made_;
  std::vector<consensus::Transaction> puts;
  puts.reserve(load_.transactions_a_call);
  for (std::size_t i = 0; i < load_.transactions_a_call; ++i) {
    puts.push_back(consensus::Transaction::put(keys_[random_() % keys_.size()], value_));
  }
  const auto execution = memory_.execute(puts);
  ask(execution, kCallLimit, [this, due](const Result<std::vector<MemoryOutcome>>& outcomes) {
    const bool is_answered = outcomes && std::ranges::all_of(*outcomes, [](const MemoryOutcome& outcome) {
                               return outcome.status == consensus::Status::ok;
                             });
    sheet_->add(is_answered, load_.transactions_a_call, now() - due);
    if (load_.offered > 0 || sheet_->is_closed()) return;
    if (is_answered) return call(now());
    --calls_made_;
    after(kRest, [this] { call(now()); });
  });
}

}  // namespace myelin::tool
