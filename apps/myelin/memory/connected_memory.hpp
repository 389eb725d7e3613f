/// A shared memory whose validators run elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "memory/node_flags.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-safe, but for construction and destruction.
class ConnectedMemory {
 public:
  /// Connects to the validators that a committee's file names, and waits until enough of them for an answer are
  /// there. `name`: of this node; another for each process that connects at a time.
  /// **Errors**: those of the file and of the node; timeout, naming who is not there.
  [[nodiscard]] static Result<std::unique_ptr<ConnectedMemory>> connect(const std::filesystem::path& committee,
                                                                        const NodeFlags& flags, std::string name,
                                                                        Duration limit);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }

 private:
  ConnectedMemory() = default;

  Mesh mesh_;
  std::optional<network::Node> node_;
  Memory memory_;
};

}  // namespace myelin::tool
