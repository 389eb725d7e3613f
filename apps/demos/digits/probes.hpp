/// Measurements beside the main work: messages between two agents, a large product, a large crowd.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>

#include "bench/statistics.hpp"
#include "demos/digits/collector.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/kernels/backend.hpp"

namespace myelin::digits {

/// An agent asks another, one question after the other; the other answers at once.
/// **Errors**: timeout when stopped.
[[nodiscard]] Result<tool::Latencies> measure_round_trips(Mesh& mesh, std::uint64_t count, const std::stop_token& stop);

struct Stream {
  std::uint64_t payload_bytes = 0;  ///< All messages' together.
  std::size_t message_bytes = 0;    ///< Of each.
  Duration elapsed{0};              ///< From the first message built to the receipt for the last.

  /// Millions of bytes.
  [[nodiscard]] double megabytes_a_second() const;
};

/// One agent sends another a stream of messages, each built anew with 1 KiB of payload copied in, and each read by the
/// receiver. About a quarter of a MiB waits at most.
/// **Errors**: timeout when stopped.
[[nodiscard]] Result<Stream> measure_stream(Mesh& mesh, std::uint64_t messages, const std::stop_token& stop);

/// Median time of C = A * B with 1000 x 1000 matrices, after a warm-up, in nanoseconds.
/// **Errors**: those of the backend; timeout when stopped.
[[nodiscard]] Result<double> measure_product_ns(kernels::Backend& backend, int repetitions,
                                                const std::stop_token& stop);

struct CrowdFigures {
  std::size_t agents = 0;      ///< Alive at once; each has handled a message.
  Duration elapsed{0};         ///< From the first agent's making to the last one's answer.
  double bytes_per_agent = 0;  ///< Growth of resident memory by all of that, shared out.
};

/// Starts many digit agents on a mesh of their own, waits until each has answered a message, and stops them.
/// **Errors**: timeout when stopped; handler_failed when an agent failed.
[[nodiscard]] Result<CrowdFigures> measure_crowd(std::shared_ptr<const Samples> images, std::size_t agents,
                                                 const std::stop_token& stop);

}  // namespace myelin::digits
