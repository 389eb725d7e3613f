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
  Duration time{};
  /// Meanwhile a Stream of such messages flows to another receiver over there; 0 for none.
  std::size_t bulk_bytes = 0;
  /// In the lane that nothing holds up, where a side has lanes.
  bool control = false;
  std::stop_token stop = {};
};

struct RoundTrips {
  Latencies latencies;             ///< Not empty.
  double bulk_bytes_a_second = 0;  ///< What flowed meanwhile.
};

/// A question to each of many agents of the other process at once, until all have answered; again and again.
struct FanOut {
  std::size_t agents = 0;
  int times = 1;
  std::stop_token stop = {};
};

/// What it takes to be there, and to be there again. **Units**: nanoseconds.
struct Recovery {
  double ready = 0;     ///< From the start of a process until it can be reached.
  double noticed = 0;   ///< From SIGKILL until whoever waits for an answer of it hears that there will be none.
  double answered = 0;  ///< From its start anew until a question to it is answered again.
};

/// One way of talking between two processes: this one, and a child that runs serve_network_side(). What a side has no
/// function for is not put to it. All functions fail with Errc::cancelled, or give what they have, when stopped.
struct NetworkSide {
  std::string name;
  bool has_lanes = false;
  /// An item's share of the time from the first message sent until it is known that all were handled.
  std::function<Result<double>(const Stream&)> one_way_ns = {};
  std::function<Result<RoundTrips>(const Questions&)> round_trips = {};
  std::function<Result<Latencies>(const FanOut&)> fan_out = {};
  std::function<Result<Recovery>(const std::stop_token&)> recover = {};
  /// From SIGSTOP of the other process until whoever waits for an answer of it hears that there will be none.
  std::function<Result<double>(const std::stop_token&)> notice_silence_ns = {};
};

inline constexpr std::string_view kRawCafNetworkSide = "raw CAF";
inline constexpr std::string_view kRawCafTlsNetworkSide = "raw CAF, TLS";
inline constexpr std::string_view kMyelinNetworkSide = "Myelin";
inline constexpr std::string_view kMyelinTlsNetworkSide = "Myelin, TLS";
inline constexpr std::string_view kZeroMqNetworkSide = "ZeroMQ";
inline constexpr std::string_view kRawEpollNetworkSide = "raw epoll";

/// Raw CAF first: it is the baseline. `absent` is told, a line each, why a side is not among them.
/// **Errors**: those of making certificates.
[[nodiscard]] Result<std::vector<NetworkSide>> network_sides(std::vector<std::string>& absent);

/// In the child: writes where it listens on standard output, as one line, and serves until standard input ends.
/// `credentials`: a folder; empty for no TLS. `port`: 0 for a free one. **Errors**: invalid_argument for a side that is
/// not there; io_error.
[[nodiscard]] Result<void> serve_network_side(std::string_view side, const std::string& credentials,
                                              std::uint16_t port);

}  // namespace myelin::tool
