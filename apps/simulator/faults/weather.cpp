#include "faults/weather.hpp"

#include <string>
#include <utility>

namespace myelin::sim {

Weather::Weather(Schedule& schedule, Network& network, Timeline& timeline, Random random, std::size_t validators,
                 const WeatherPlan& plan)
    : schedule_{schedule},
      network_{network},
      timeline_{timeline},
      random_{random},
      validators_{validators},
      plan_{plan} {}

void Weather::start() {
  if (plan_.interval == Duration::zero() || validators_ < 2 || !(plan_.partitions || plan_.clogs)) return;
  schedule_.after(random_.between(plan_.interval / 2, plan_.interval * 2), [this] {
    if (is_over_) return;
    strike();
    start();
  });
}

void Weather::strike() {
  const Duration lasts = random_.between(plan_.longest / 16, plan_.longest);
  const bool prefers_partition = random_.chance(0.6);
  if (plan_.partitions && (prefers_partition || !plan_.clogs)) {
    partition(lasts);
  } else {
    clog(lasts);
  }
}

void Weather::partition(Duration lasts) {
  ++partitions_;
  const std::uint64_t shape = random_.below(3);
  std::vector<std::pair<std::size_t, std::size_t>> blocked;
  std::string cut;
  std::vector<bool> inside(validators_);
  if (shape == 0) {
    inside[random_.below(validators_)] = true;  // One alone.
  } else {
    for (std::size_t i = 0; i < validators_; ++i) inside[i] = random_.chance(0.5);
  }
  const bool one_way = shape == 2;  // The inside hears, and is not heard.
  for (std::size_t from = 0; from < validators_; ++from) {
    if (inside[from]) cut += fmt::format("v{} ", from);
    for (std::size_t to = 0; to < validators_; ++to) {
      if (inside[from] != inside[to] && (inside[from] || !one_way)) blocked.emplace_back(from, to);
    }
  }
  if (cut.empty()) return;
  timeline_.note("network", "{}{} for {}", cut, one_way ? "not heard" : "cut off", format_time(lasts));
  for (const auto& [from, to] : blocked) network_.block(from, to);
  schedule_.after(lasts, [this, blocked = std::move(blocked), cut] {
    if (is_over_) return;
    timeline_.note("network", "{}connected again", cut);
    for (const auto& [from, to] : blocked) network_.unblock(from, to);
  });
}

void Weather::clog(Duration lasts) {
  const std::size_t from = random_.below(validators_);
  const std::size_t to = random_.below(validators_);
  timeline_.note("network", "clogged from v{} to v{} for {}", from, to, format_time(lasts));
  network_.clog(from, to, schedule_.now() + lasts);
}

}  // namespace myelin::sim
