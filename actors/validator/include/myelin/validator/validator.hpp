/// One validator of a group whose others run in processes of their own.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/directory.hpp"
#include "myelin/validator/group.hpp"
#include "myelin/validator/status.hpp"

namespace myelin::validator {

/// What a node publishes its validator as.
inline constexpr std::string_view kValidatorName = "validator";

/// Where clients on this node reach the validators of a committee: each is the agent kValidatorName of the node that
/// has the member's name. The node keeps a connection from now on to all members that have an address.
/// **Errors**: invalid_argument for a member without a name; those of network::Node::find() and add_peer().
[[nodiscard]] Result<std::shared_ptr<Directory>> find_validators(network::Node& node, const CommitteeFile& committee);

struct ValidatorSettings {
  /// Holds its key, log and state. The key tells which member it is.
  std::filesystem::path folder;
  CommitteeFile committee;
  bool syncs = true;  ///< As GroupOptions::syncs.
  SavingOptions saving{};
  std::size_t recent_changes_bytes = limits::kRecentChangesBytes;
  consensus::CoreOptions core{};
  consensus::Executor executor = consensus::Executor::automatic;
  std::function<consensus::WallTime()> wall_clock{};  ///< Nanoseconds since 1970; by default the system's clock.
};

/// It goes its way at once, whether or not the others are there: with a quorum of them things are ordered.
///
/// Whoever is let into the cluster can send it letters. Vertices and statements in them are signed, so nobody can speak
/// in a validator's name; but what validators ask each other is not.
///
/// **Thread-safety**: thread-safe, but for construction and destruction. Its mesh and its node live longer, and the
/// node is not moved meanwhile.
class Validator {
 public:
  /// `node`: has the member's name. **Errors**: not_found, if there is no key; invalid_argument: the key is no
  /// member's, the node has another name, the state is of another committee; corrupt_file, if its log is gone; what
  /// opening files gives.
  [[nodiscard]] static Result<Validator> start(Mesh& mesh, network::Node& node, const ValidatorSettings& settings);
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) = delete;
  /// Ends it in the middle of whatever it does, as a crash would.
  ~Validator();

  /// Its index in the committee.
  [[nodiscard]] std::size_t index() const noexcept;
  /// As of some tenths of a second ago.
  [[nodiscard]] ValidatorStatus status() const;

 private:
  class Impl;
  explicit Validator(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
