/// Why a node ended, and the exit status that says so.
#pragma once

#include <utility>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Exit statuses of `myelin node`. Stable: service managers decide by them whether to start it again.
enum class NodeExit : int {
  ended = 0,          ///< It was told to end, and did within its deadline.
  failed = 1,         ///< Something broke. It may work when it is started again.
  usage = 2,          ///< The command line makes no sense.
  configuration = 3,  ///< The configuration, a plugin or a certificate is wrong: to start it again does not help.
  address = 4,        ///< It cannot listen where it is told to: another process does.
  folder = 5,         ///< Its data folder is another node's that runs.
  late = 6,           ///< It was told to end, and not all agents were done within the deadline.
};

struct NodeFailure {
  NodeExit status;
  Error error;
};

template <class T>
using NodeResult = tl::expected<T, NodeFailure>;

[[nodiscard]] inline tl::unexpected<NodeFailure> fail_with(NodeExit status, Error error) {
  return tl::unexpected<NodeFailure>{NodeFailure{status, std::move(error)}};
}

}  // namespace myelin::tool
