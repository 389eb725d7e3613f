/// The least that a round trip between two processes takes: a byte stream, and a thread at each end that waits in
/// epoll.
#pragma once

#include "bench/network/far_process.hpp"
#include "bench/network/sides.hpp"

namespace myelin::tool::network_bench::raw_epoll {

/// Without bulk. **Errors**: io_error.
[[nodiscard]] Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions);
[[nodiscard]] Result<void> serve(std::uint16_t port);

}  // namespace myelin::tool::network_bench::raw_epoll
