#include "bench/messaging_bars.hpp"

#include <fmt/format.h>

#include "bench/messages.hpp"

namespace myelin::tool {

std::vector<Bar> messaging_bars(const std::vector<Comparison>& comparisons, const std::vector<std::size_t>& workers) {
  std::vector<Bar> bars;
  for (const std::size_t count : workers) {
    const std::string on = fmt::format(", {} worker{}", count, count == 1 ? "" : "s");
    const std::string one_way = one_way_name(8, PayloadSource::built, count);
    const std::string round_trip = round_trip_name(count);
    const auto passed_on = [&](std::size_t bytes) {
      return find_series(comparisons, one_way_name(bytes, PayloadSource::passed_on, count), kFramesSide);
    };
    const Series* raw = find_series(comparisons, one_way, kRawCafSide);
    bars.push_back({"one-way rate, batches to raw CAF" + on, 10, true,
                    ratio(raw, find_series(comparisons, one_way, kBatchesSide))});
    bars.push_back(
        {"one-way rate, frames to raw CAF" + on, 2, true, ratio(raw, find_series(comparisons, one_way, kFramesSide))});
    bars.push_back(
        {"round trip, frames to raw CAF" + on, 0.4, false,
         ratio(find_series(comparisons, round_trip, kFramesSide), find_series(comparisons, round_trip, kRawCafSide))});
    bars.push_back(
        {"passing a frame on, 1 MiB to 64 B" + on, 1.2, false, ratio(passed_on(std::size_t{1} << 20), passed_on(64))});
  }
  return bars;
}

}  // namespace myelin::tool
