/// What commands that reach other processes are told: the cluster, and what to prove oneself with there.
#pragma once

#include <string>

#include "myelin/base/result.hpp"
#include "myelin/network/node.hpp"

namespace CLI {
class App;
}

namespace myelin::tool {

struct NodeFlags {
  std::string cluster = "myelin";
  std::string certificates;  ///< A folder, as 'myelin certs new' makes it.
  bool insecure = false;

  void declare(CLI::App& app);
  /// For a node of that name, which listens nowhere yet; of no name: that of its certificate, or without one a name
  /// that no other process of this machine has. **Errors**: invalid_argument, where neither certificates are
  /// given nor none wanted; those of network::load_credentials().
  [[nodiscard]] Result<network::NodeOptions> options(std::string name) const;
};

}  // namespace myelin::tool
