/// Backups of validators that run in processes of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string_view>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/consensus/types.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/directory.hpp"

namespace myelin::validator {

/// What a node publishes copies of its validator's state as.
inline constexpr std::string_view kCopiesName = "validator-copies";

/// Where nodes give copies of the state of the validators of a committee. **Errors**: those of find_validators().
[[nodiscard]] Result<std::shared_ptr<Directory>> find_copies(network::Node& node, const CommitteeFile& committee);

struct BackupOptions {
  /// The state after this commit, or a later one: one that a session was told of (Memory::place()).
  consensus::CommitIndex commit_min = 0;
  /// For the validator to save and copy its state, and for each part of that.
  Duration patience = std::chrono::minutes{1};
  std::stop_token stop{};
};

struct BackupMade {
  std::uint64_t bytes = 0;            ///< Of the file.
  consensus::CommitIndex commit = 0;  ///< It is the state after this commit, or a later one.
};

/// Has a validator copy its state, and writes that into a new file, as ValidatorGroup::backup() would: piece by piece,
/// while the validator goes on. The file is on disk when this returns, and its hash is right; where anything fails,
/// there is none. It is believed as far as this validator is. `copies`: its address, from find_copies().
/// **Errors**: invalid_argument, if there is such a file; timeout: it is not as far as `commit_min`, or did not answer;
/// overloaded: it makes as many copies as it can; unreachable, outcome_unknown; corrupt_file: what came is no backup;
/// cancelled; io_error. Never call this in an agent.
/// **Thread-safety**: thread-safe.
[[nodiscard]] Result<BackupMade> back_up(Mesh& mesh, const AgentRef& copies, const std::filesystem::path& file,
                                         const BackupOptions& options = {});

}  // namespace myelin::validator
