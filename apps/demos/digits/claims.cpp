#include "demos/digits/claims.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "terminal/units.hpp"

namespace myelin::digits {

namespace {

constexpr double kMs = 1e6;  // ns
constexpr double kMB = 1e6;  // bytes

Claim time_below(std::string key, std::string what, double claimed_ms, double measured_ns) {
  const std::string claimed =
      claimed_ms < 1000 ? fmt::format("< {} ms", claimed_ms) : fmt::format("< {} s", claimed_ms / 1000);
  return {std::move(key),   std::move(what), claimed, tool::format_duration_ns(measured_ns),
          claimed_ms * kMs, measured_ns};
}

}  // namespace

double Claim::ratio() const {
  const double better = less_is_better ? claimed_value : measured_value;
  const double worse = less_is_better ? measured_value : claimed_value;
  return worse > 0 ? better / worse : 0.0;
}

std::vector<Claim> compare_with_claims(Findings& found) {
  const auto agents = tool::format_count(static_cast<long long>(found.settings.agents));
  const auto crowd = tool::format_count(static_cast<long long>(found.crowd.agents));
  tool::Latencies& inference = found.columns[0].tally.latencies;
  std::vector<Claim> claims;
  if (!inference.empty()) {
    claims.push_back(time_below("inference_p99", fmt::format("inference, p99, {} agents asking at once", agents), 80,
                                inference.percentile(0.99)));
  }
  if (!found.readiness.starts.empty()) {
    claims.push_back(time_below("agent_start_median", "agent start to first message handled, median", 400,
                                found.readiness.starts.percentile(0.5)));
  }
  claims.push_back({"memory_per_agent", fmt::format("memory an agent, growth by {} digit agents", crowd), "< 45 MB",
                    tool::format_bytes(found.crowd.bytes_per_agent), 45 * kMB, found.crowd.bytes_per_agent});
  claims.push_back({"agents", "agents alive at once, each handled a message", "1,200", crowd, 1200,
                    static_cast<double>(found.crowd.agents), false});
  claims.push_back(time_below("mesh_start_up", fmt::format("start-up of mesh, kernels and {} agents", agents), 4000,
                              static_cast<double>(found.mesh_start_up.count())));
  claims.push_back(time_below(
      "total_start_up",
      found.training ? "the same with reading the data and training" : "the same with reading the data and the network",
      4000, static_cast<double>(found.total_start_up.count())));
  claims.push_back(time_below("product_1000",
                              fmt::format("1000 x 1000 matrix product, {}, median", found.product_backend), 35,
                              found.product_ns));
  claims.push_back(time_below("round_trip_p99", "question and answer between two agents, p99", 5,
                              found.round_trips.percentile(0.99)));
  claims.push_back({"stream",
                    fmt::format("payload between two agents, {} B messages built and read", found.stream.message_bytes),
                    "12 MB/s", fmt::format("{}B/s", tool::format_number(found.stream.megabytes_a_second() * kMB)), 12,
                    found.stream.megabytes_a_second(), false});
  claims.push_back({"success_rate", "requests answered, batching on and off", "> 99.9 %",
                    fmt::format("{:.4g} %", 100 * found.success_rate()), 0.999, found.success_rate(), false});
  return claims;
}

void to_json(nlohmann::json& json, const Claim& claim) {
  json = {{"key", claim.key},
          {"what", claim.what},
          {"claimed", claim.claimed_value},
          {"claimed_text", claim.claimed},
          {"measured", claim.measured_value},
          {"measured_text", claim.measured},
          {"less_is_better", claim.less_is_better},
          {"ratio", claim.ratio()}};
}

}  // namespace myelin::digits
