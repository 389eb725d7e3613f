/// How eagerly a validator goes on. Local: validators of one committee may differ, and no choice touches safety.
#pragma once

#include <chrono>
#include <cstddef>

#include "myelin/base/time.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::consensus {

/// Numbers of rounds below 1 count as 1, and sizes above their limit as the limit.
struct CoreOptions {
  /// How long a round waits for slow authors once a quorum is there. Doubled after `rounds_without_commit`, up to
  /// `round_wait_max`; back to this at the next commit.
  Duration round_wait = std::chrono::milliseconds{5};
  Duration round_wait_max = std::chrono::seconds{1};
  Round rounds_without_commit = 8;

  /// A round lasts at least this long: fewer, larger vertices.
  Duration round_interval_min = Duration::zero();

  /// With nothing to order, a round lasts this long, so that a group at rest is at rest.
  Duration idle_interval = std::chrono::milliseconds{100};

  /// An author that was waited for in vain so many rounds in a row is no longer waited for, but for one round in
  /// `suspect_probe_rounds`, until it is in time again.
  unsigned suspect_misses = 4;
  unsigned suspect_probe_rounds = 16;

  /// How long a missing vertex may still be on its way before it is asked for.
  Duration fetch_delay = std::chrono::milliseconds{2};

  /// A peer that does not answer a fetch in this time is passed over for the next. Doubled with every try.
  Duration fetch_wait = std::chrono::milliseconds{20};
  Duration fetch_wait_max = std::chrono::seconds{1};

  /// With no new quorum of vertices for so long, the last own vertex is sent again and a peer is asked for what was
  /// missed. Doubled with every try, up to `fetch_wait_max`.
  Duration stall_wait = std::chrono::milliseconds{200};

  /// Whether to stop for good when a vertex turns up that has our signature and that we do not know: our log was lost,
  /// or another process has our key. Only a simulator that makes such twins sets it to false.
  bool halt_on_unknown_own = true;

  /// Whether to tell which commits are to be expected next, about a message's delay before they are made.
  bool expect_commits = true;

  /// Payload of one vertex in bytes.
  std::size_t payload_bytes_max = std::size_t{1} << 20;
};

}  // namespace myelin::consensus
