/// Myelin's side of `myelin bench network`: agents of two nodes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bench/network/sides.hpp"
#include "myelin/network/certificates.hpp"

namespace myelin::tool::network_bench {

inline constexpr const char* kCluster = "bench";
inline constexpr const char* kNear = "near";
inline constexpr const char* kFar = "far";

/// What the far node publishes.
inline constexpr const char* kRecords = "records";  ///< Takes Record, one by one.
inline constexpr const char* kBatches = "batches";  ///< Takes Record, in batches.
inline constexpr const char* kBuffers = "buffers";  ///< Takes Buffer.
inline constexpr const char* kEcho = "echo";        ///< Answers a Number with itself.

/// What the two nodes of one side prove themselves with; without TLS nothing.
struct Proofs {
  std::optional<network::Credentials> near;
  std::string far_folder;
};

[[nodiscard]] Result<double> one_way_ns(std::string_view side, const Proofs& proofs, const Stream& stream);
[[nodiscard]] Result<RoundTrips> round_trips(std::string_view side, const Proofs& proofs, const Questions& questions);

/// **Errors**: as network::Node::start().
[[nodiscard]] Result<void> serve(const std::string& credentials);

}  // namespace myelin::tool::network_bench
