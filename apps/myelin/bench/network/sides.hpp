/// The questions that `myelin bench network` puts to each way of talking between two processes, and who answers them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bench/statistics.hpp"
#include "myelin/base/result.hpp"
#include "myelin/base/time.hpp"

namespace myelin::tool {

/// Messages of one sender to one receiver of the other process, as fast as they are taken: each is filled in anew from
/// the sender's data, and the receiver looks at its first and last bytes.
struct Stream {
  std::size_t bytes = 64;  ///< Of an item.
  std::size_t batch = 1;   ///< Items that may travel together.
  Duration time{};         ///< For so long messages are sent; then all of them must be handled.
  std::stop_token stop = {};
};

/// Questions of 8 bytes, each put when the one before it is answered.
struct Questions {
  std::uint64_t count = 0;
  /// Meanwhile a Stream of such messages flows to another receiver over there; 0 for none.
  std::size_t bulk_bytes = 0;
  std::stop_token stop = {};
};

struct RoundTrips {
  Latencies latencies;
  double bulk_bytes_a_second = 0;  ///< What flowed meanwhile.
};

/// One way of talking between two processes: this one, and a child that runs serve_network_side(). What a side has
/// no function for is not put to it.
struct NetworkSide {
  std::string name;
  /// An item's share of the time from the first message sent until it is known that all were handled.
  std::function<Result<double>(const Stream&)> one_way_ns = {};
  std::function<Result<RoundTrips>(const Questions&)> round_trips = {};
};

inline constexpr std::string_view kRawCafNetworkSide = "raw CAF";
inline constexpr std::string_view kMyelinNetworkSide = "Myelin";
inline constexpr std::string_view kMyelinTlsNetworkSide = "Myelin, TLS";
inline constexpr std::string_view kZeroMqNetworkSide = "ZeroMQ";

/// Raw CAF first: it is the baseline. `absent` is told, a line each, why a side is not among them.
/// **Errors**: those of making certificates.
[[nodiscard]] Result<std::vector<NetworkSide>> network_sides(std::vector<std::string>& absent);

/// In the child: writes where it listens on standard output, as one line, and serves until standard input ends.
/// `credentials`: a folder; empty for no TLS. **Errors**: invalid_argument for a side that is not there.
[[nodiscard]] Result<void> serve_network_side(std::string_view side, const std::string& credentials);

}  // namespace myelin::tool
