/// ZeroMQ's side of `myelin bench network`: threads with sockets. The library is loaded at run time, if it is there.
#pragma once

#include "bench/network/far_process.hpp"
#include "bench/network/sides.hpp"

namespace myelin::tool::network_bench::zeromq {

/// Whether it can be compared with. **Errors**: not_found, which says what to install.
[[nodiscard]] Result<void> load();

[[nodiscard]] Result<double> one_way_ns(const PairSetup& setup, const Stream& stream);
/// A bulk of messages goes through a socket of its own.
[[nodiscard]] Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions);
[[nodiscard]] Result<void> serve();

}  // namespace myelin::tool::network_bench::zeromq
