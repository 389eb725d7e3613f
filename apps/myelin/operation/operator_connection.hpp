/// A connection to a running node, as an operator.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "myelin/actors/mesh.hpp"
#include "myelin/network/node.hpp"

namespace CLI {
class App;
}

namespace myelin::tool {

/// Whom to ask.
struct OperatorTarget {
  network::NodeOptions options;  ///< Its seeds: any of them will do, and passes on what is about another.
  /// Whom a question is about that names no node: the first of a cluster's folder that runs; empty: whoever answers.
  std::string node;
};

/// Which node, and what proves who asks.
class OperatorFlags {
 public:
  void declare(CLI::App& app);

  /// Addresses of nodes, any of which will do, and the rest of what a connection needs.
  /// **Errors**: not_found, invalid_argument, with what to give.
  [[nodiscard]] Result<OperatorTarget> target() const;
  /// Whether several nodes were named, of which any may answer.
  [[nodiscard]] bool names_several() const noexcept { return addresses_.size() > 1; }
  [[nodiscard]] Duration limit() const;
  [[nodiscard]] const std::string& folder() const noexcept { return folder_; }

 private:
  std::vector<std::string> addresses_;
  std::string certificates_;
  bool insecure_ = false;
  std::string cluster_;
  std::string folder_;
  double seconds_ = 5;
};

[[nodiscard]] double seconds_of(Duration time);

/// **Thread-safety**: thread-compatible.
class OperatorConnection {
 public:
  /// **Errors**: unreachable as soon as all have refused; timeout; either with why each could not be reached;
  /// cancelled.
  [[nodiscard]] static Result<std::unique_ptr<OperatorConnection>> connect(const network::NodeOptions& options,
                                                                           Duration limit, const std::stop_token& stop);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  /// The node that is connected to.
  [[nodiscard]] const std::string& node() const noexcept { return name_; }
  /// Its agent for operators.
  [[nodiscard]] const AgentRef& operations() const noexcept { return operations_; }

 private:
  OperatorConnection() = default;

  Mesh mesh_{{.workers = 1}};
  std::optional<network::Node> node_;
  std::string name_;
  AgentRef operations_;
};

}  // namespace myelin::tool
