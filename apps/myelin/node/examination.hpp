/// Looks whether this machine and a node's configuration are fit to run a node, without running it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "myelin/plugin/agent_type.hpp"
#include "node/config_file.hpp"

namespace myelin::tool {

/// One thing that was looked at.
struct Finding {
  enum class Verdict {
    well,
    doubtful,  ///< It works, but not as well as it could, or not for long.
    wrong,     ///< A node would not start, or would be alone.
  };
  Verdict verdict;
  std::string subject;
  std::string what;
  std::string remedy = {};  ///< Empty where all is well.
};

/// "well", "doubtful", "wrong".
[[nodiscard]] std::string_view to_string(Finding::Verdict verdict) noexcept;

/// Processor, memory, limits and the clock.
[[nodiscard]] std::vector<Finding> examine_machine();
/// What the configuration names: folders, certificates, plugins, where to listen, and seeds, which are dialled. Where a
/// node runs in its data folder, neither the address nor the seeds are tried: that would disturb it.
[[nodiscard]] std::vector<Finding> examine_node(const NodeConfig& config,
                                                const std::vector<plugin::AgentType>& program_types = {});

}  // namespace myelin::tool
