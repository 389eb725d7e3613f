/// Myelin's side of `myelin bench network`: agents of two nodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "bench/network/far_process.hpp"
#include "bench/network/sides.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"

namespace myelin::tool::network_bench {

inline constexpr const char* kCluster = "bench";
inline constexpr const char* kNear = "near";
inline constexpr const char* kFar = "far";

/// What the far node publishes.
inline constexpr const char* kRecords = "records";           ///< Takes Record, one by one.
inline constexpr const char* kBatches = "batches";           ///< Takes Record, in batches.
inline constexpr const char* kBuffers = "buffers";           ///< Takes Buffer.
inline constexpr const char* kEcho = "echo";                 ///< Answers a Number with itself.
inline constexpr const char* kControlEcho = "control-echo";  ///< Sends a Number back to kPlayer, in the control lane.
inline constexpr const char* kSilent = "silent";             ///< Never answers a Number.
inline constexpr std::size_t kMembers = 1000;
/// The same as kEcho, of kMembers.
[[nodiscard]] std::string member_name(std::size_t i);

/// What the near node publishes.
inline constexpr const char* kPlayer = "player";

/// A node of this process that is connected to one of another.
class Pair {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Pair>> open(const PairSetup& setup);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] network::Node& node() noexcept { return *node_; }
  [[nodiscard]] Result<AgentRef> find(const std::string& agent) { return node_->find(kFar, agent); }
  [[nodiscard]] FarProcess& far() noexcept { return *far_; }
  /// The other process, started anew where it was. **Requires**: it was killed.
  [[nodiscard]] Result<void> restart();

 private:
  Pair(const PairSetup& setup, FarProcess far) : setup_{setup}, far_{std::move(far)} {}

  const PairSetup setup_;
  std::optional<FarProcess> far_;
  Mesh mesh_;
  std::optional<network::Node> node_;
};

[[nodiscard]] Result<double> one_way_ns(const PairSetup& setup, const Stream& stream);
[[nodiscard]] Result<RoundTrips> round_trips(const PairSetup& setup, const Questions& questions);
[[nodiscard]] Result<Latencies> fan_out(const PairSetup& setup, const FanOut& fan_out);
[[nodiscard]] Result<Recovery> recover(const PairSetup& setup, const std::stop_token& stop);
[[nodiscard]] Result<double> notice_silence_ns(const PairSetup& setup, const std::stop_token& stop);

/// A stream that flows until it is stopped. **Thread-safety**: thread-compatible.
class Bulk {
 public:
  virtual ~Bulk() = default;
  /// Returns how many bytes a second went. Called once. **Errors**: where something was lost, or not answered.
  [[nodiscard]] virtual Result<double> finish() = 0;
};
[[nodiscard]] Result<std::unique_ptr<Bulk>> start_bulk(Pair& pair, std::size_t bytes);

/// **Errors**: as network::Node::start().
[[nodiscard]] Result<void> serve(const std::string& credentials, std::uint16_t port);

}  // namespace myelin::tool::network_bench
