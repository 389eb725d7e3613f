#include "demos/ledger/record.hpp"

#include <numeric>
#include <utility>

namespace myelin::ledger {

std::uint64_t Outcomes::all_refused() const noexcept {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& cause) { return sum + cause.second; });
}

void Record::add(const Result<void>& said, Duration latency) {
  const std::lock_guard lock{mutex_};
  if (said) {
    ++outcomes_.moved;
  } else if (said.error().code == Errc::insufficient) {
    ++outcomes_.short_of_funds;
  } else if (said.error().code == Errc::outcome_unknown) {
    ++outcomes_.unknown;
    return;
  } else {
    ++outcomes_.refused[said.error().code];
    return;
  }
  latencies_.add(static_cast<double>(latency.count()));
}

void Record::agent_ended() {
  {
    const std::lock_guard lock{mutex_};
    ++agents_ended_;
  }
  ended_.notify_all();
}

Outcomes Record::outcomes() const {
  const std::lock_guard lock{mutex_};
  return outcomes_;
}

tool::Latencies Record::take_latencies() {
  const std::lock_guard lock{mutex_};
  return std::exchange(latencies_, {});
}

bool Record::wait_for_agents(std::size_t agents, Duration limit) {
  std::unique_lock lock{mutex_};
  return ended_.wait_for(lock, limit, [&] { return agents_ended_ >= agents; });
}

std::size_t Record::agents_ended() const {
  const std::lock_guard lock{mutex_};
  return agents_ended_;
}

}  // namespace myelin::ledger
