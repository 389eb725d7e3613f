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
  /// Whose word it believes: see believed_committee().
  CommitteeFile committee;
  /// It joins a group that is there already, and takes its state from `committee`'s members. Where it has none yet, its
  /// key is new: where that is not said, a folder with a key and nothing else is one that has lost its log.
  bool joins = false;
  bool syncs = true;  ///< As GroupOptions::syncs.
  SavingOptions saving{};
  std::size_t recent_changes_bytes = limits::kRecentChangesBytes;
  consensus::CoreOptions core{};
  consensus::Executor executor = consensus::Executor::automatic;
  std::function<consensus::WallTime()> wall_clock{};  ///< Nanoseconds since 1970; by default the system's clock.
};

/// It goes its way at once, whether or not the others are there: with a quorum of them things are ordered.
///
/// Letters of another validator come from the node that has its name, as far as certificates, or `insecure`, let
/// anybody know: what others send is refused. Vertices and statements in them are signed as well.
///
/// It goes on from epoch to epoch. Where its operator, and those of a quorum, approve of a next committee
/// (approve_next()), it has that ordered, and begins the next epoch with it. One that was away meanwhile, or is new,
/// asks the members of the committee that it knows: it believes what more than f of them tell alike, has one of them
/// give it the state that the epoch starts from, and compares that with the root that they told. One that is no member
/// any more has halted, and says so.
///
/// **Thread-safety**: thread-safe, but for construction and destruction. Its mesh and its node live longer, and the
/// node is not moved meanwhile. The mesh should have limits::kJobsPerLoneValidator job threads.
class Validator {
 public:
  /// `node`: has the member's name. Where it has no state of the committee's epoch, it waits for the others to give it
  /// one: status() says so. **Errors**: not_found, if there is no key; invalid_argument: the key is no member's, the
  /// node has another name, the state is of another committee; corrupt_file, if its log is gone; what opening files
  /// gives.
  [[nodiscard]] static Result<Validator> start(Mesh& mesh, network::Node& node, const ValidatorSettings& settings);
  Validator(Validator&&) noexcept;
  Validator& operator=(Validator&&) = delete;
  /// Ends it in the middle of whatever it does, as a crash would.
  ~Validator();

  /// Its index in the present committee.
  [[nodiscard]] std::size_t index() const;
  /// Who validates, as far as it knows.
  [[nodiscard]] CommitteeFile committee() const;
  /// As of some tenths of a second ago.
  [[nodiscard]] ValidatorStatus status() const;

 private:
  class Impl;
  explicit Validator(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace myelin::validator
