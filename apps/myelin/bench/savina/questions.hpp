/// What `myelin bench agents` asks beyond the Savina programs. Each side answers with functions of its own, which do
/// the same work in the way that a user of that side would write it.
///
/// **Thread-safety**: one call at a time. **Errors**: the functions throw Failed when a result is wrong, or none comes.
#pragma once

#include <chrono>
#include <stop_token>

#include "bench/savina/work.hpp"
#include "bench/statistics.hpp"

namespace myelin::tool::savina {

/// An agent asks another, and asks again when the answer is there.
struct Asks {
  std::uint64_t questions = 0;
  bool with_deadline = false;  ///< Of one second. Without: none in CAF, an hour in Myelin, where each ask has one.
  std::size_t workers = 1;
};

/// A message from outside to an agent, when all has been silent for a while.
struct Lone {
  std::uint64_t messages = 0;
  std::size_t workers = 1;
  std::stop_token stop = {};

  static constexpr std::chrono::milliseconds kSilence{1};
};

/// Agents that have handled a message each, and get no more.
struct Rest {
  std::uint64_t agents = 10'000;
  std::chrono::milliseconds time{3000};
  std::size_t workers = 1;
  std::stop_token stop = {};
};

/// Agents that are started and idle.
struct Live {
  double bytes_per_agent = 0;  ///< Of resident memory, handles included.
  double ns_per_agent = 0;     ///< From the first spawn until all have started.
};

/// One agent sends as fast as it may to another that needs about a microsecond a message; every hundredth message is
/// urgent.
struct Overload {
  std::uint64_t messages = 0;
  std::size_t workers = 2;

  static constexpr std::uint64_t kUrgentEvery = 100;
  static constexpr int kToil = 500;
  [[nodiscard]] std::uint64_t urgent() const { return messages / kUrgentEvery; }
};

/// Two agents that send a number to and fro, under observation.
struct Observed {
  std::uint64_t round_trips = 0;
  bool metrics = true;
  bool traced = false;  ///< Every message, with a span a handler.
  std::size_t workers = 1;
};

/// Sleeps, but not beyond a stop.
void rest_for(std::chrono::milliseconds time, const std::stop_token& stop);

/// How much of one processor this process used while it rested, in percent.
[[nodiscard]] double used_while_resting(std::chrono::milliseconds time, const std::stop_token& stop);

namespace in_caf {

/// Nanoseconds a question.
[[nodiscard]] double ask(const Asks& asks);
/// From the call that sends until the handler runs. **Cost**: more than a millisecond a message.
[[nodiscard]] Latencies lone(const Lone& lone);
/// Percent of one processor.
[[nodiscard]] double at_rest(const Rest& rest);
/// **Requires**: a process that has not allocated and freed much before, or the heap's slack hides the growth.
[[nodiscard]] Live live(std::uint64_t agents, std::size_t workers);
/// By how many bytes the process grew at its peak. **Requires**: as for live().
[[nodiscard]] double overload(const Overload& overload);

}  // namespace in_caf

namespace in_myelin {

[[nodiscard]] double ask(const Asks& asks);
[[nodiscard]] Latencies lone(const Lone& lone);
[[nodiscard]] double at_rest(const Rest& rest);
[[nodiscard]] Live live(std::uint64_t agents, std::size_t workers);
/// With a mailbox of 1,024 messages, whose senders wait. Urgent messages are control messages.
[[nodiscard]] double overload(const Overload& overload);
/// Nanoseconds a round trip.
[[nodiscard]] double observed(const Observed& observed);

}  // namespace in_myelin

}  // namespace myelin::tool::savina
