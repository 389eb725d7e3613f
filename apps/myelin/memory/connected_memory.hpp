/// A shared memory whose validators run elsewhere.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>

#include "memory/node_flags.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-safe, but for construction and destruction.
class ConnectedMemory {
 public:
  /// Connects to the validators that a committee's file names, and waits until enough of them for an answer are
  /// there. Each process that connects at a time needs a certificate of its own.
  /// **Errors**: those of the file and of the node; timeout, naming who is not there; cancelled by `stop`.
  [[nodiscard]] static Result<std::unique_ptr<ConnectedMemory>> connect(const std::filesystem::path& committee,
                                                                        const NodeFlags& flags, Duration limit,
                                                                        const std::stop_token& stop);

  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }
  [[nodiscard]] network::Node& node() noexcept { return *node_; }
  [[nodiscard]] const validator::CommitteeFile& committee() const noexcept { return committee_; }
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }

 private:
  ConnectedMemory() = default;

  Mesh mesh_;
  validator::CommitteeFile committee_;
  std::optional<network::Node> node_;
  Memory memory_;
};

}  // namespace myelin::tool
