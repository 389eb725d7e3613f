/// The questions about messaging that the benchmark puts to raw CAF and to Myelin alike. Each side answers them with
/// functions of its own (raw_caf.hpp), which do the same work in the way that a user of that side would write it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stop_token>

namespace myelin::tool {

/// Where the payload of a one-way message comes from.
enum class PayloadSource : std::uint8_t {
  built,  ///< Each message is built anew from the sender's data.
  /// One message is built before, and sent again and again, as an agent passes on what it received. It holds bytes,
  /// whatever their number, so that two sizes differ in nothing else.
  passed_on,
};

/// A flood from one agent to another, with bounded backlog: the sender sends a window of messages and a marker, lets
/// others run, and goes on while fewer than kWindowsOpen markers are unanswered.
struct OneWay {
  std::size_t payload_bytes = 8;  ///< Built: 8 or 64 as numbers, else bytes.
  PayloadSource source = PayloadSource::built;
  std::uint64_t messages = 0;
  std::size_t workers = 1;  ///< 1: sender and receiver take turns on a core. 2: each may have its own.
  std::stop_token stop = {};

  static constexpr std::uint64_t kWindowsOpen = 4;

  /// Messages a window: 1,024, fewer where each message holds a large payload of its own, so that about 16 MiB wait at
  /// most.
  [[nodiscard]] std::uint64_t window() const {
    constexpr std::uint64_t kMessages = 1024;
    constexpr std::uint64_t kBytesWaiting = 16 << 20;
    if (source == PayloadSource::passed_on) return kMessages;
    return std::clamp<std::uint64_t>(kBytesWaiting / kWindowsOpen / payload_bytes, 1, kMessages);
  }
};

/// Two agents that send an 8-byte number back and forth.
struct RoundTrip {
  std::uint64_t round_trips = 0;
  std::size_t workers = 1;
  std::stop_token stop = {};
};

/// One agent that makes many others, each with one handler.
struct Spawn {
  std::uint64_t agents = 0;
  bool lazy =
      false;  ///< Not started until its first message. Otherwise each has set up its handlers when the time ends.
  std::size_t workers = 1;
};

}  // namespace myelin::tool
