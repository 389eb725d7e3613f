/// Partitions and clogs that come and go until the network settles.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/random.hpp"
#include "engine/schedule.hpp"
#include "engine/timeline.hpp"
#include "faults/network.hpp"

namespace myelin::sim {

struct WeatherPlan {
  Duration interval{0};  ///< About how often something happens; zero for never.
  Duration longest{0};   ///< No partition or clog lasts longer.
  bool partitions = false;
  bool clogs = false;
};

/// Acts on the links between the first `validators` ends. **Thread-safety**: thread-compatible.
class Weather {
 public:
  Weather(Schedule& schedule, Network& network, Timeline& timeline, Random random, std::size_t validators,
          const WeatherPlan& plan);

  /// Plans the next event, and from there on and on.
  void start();
  /// Nothing happens any more. What there is now, Network::settle() ends.
  void stop() noexcept { is_over_ = true; }

  [[nodiscard]] std::uint64_t partitions() const noexcept { return partitions_; }

 private:
  void strike();
  void partition(Duration lasts);
  void clog(Duration lasts);

  Schedule& schedule_;
  Network& network_;
  Timeline& timeline_;
  Random random_;
  std::size_t validators_;
  WeatherPlan plan_;
  bool is_over_ = false;
  std::uint64_t partitions_ = 0;
};

}  // namespace myelin::sim
