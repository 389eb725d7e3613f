/// Raw CAF's side of `myelin bench network`: actors of two actor systems, over BASP.
#pragma once

#include "bench/network/far_process.hpp"
#include "bench/network/sides.hpp"

namespace myelin::tool::network_bench::raw_caf {

[[nodiscard]] Result<double> one_way_ns(const PairSetup& setup, const Stream& stream);
[[nodiscard]] Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions);
[[nodiscard]] Result<Latencies> fan_out(const PairSetup& setup, const FanOut& question);
/// BASP does not fail questions to an actor that is gone: they wait for their time-out. So whoever asks monitors, and
/// connects anew himself.
[[nodiscard]] Result<Recovery> recover(const PairSetup& setup, const std::stop_token& stop);
[[nodiscard]] Result<void> serve(const std::string& credentials, std::uint16_t port);

}  // namespace myelin::tool::network_bench::raw_caf
