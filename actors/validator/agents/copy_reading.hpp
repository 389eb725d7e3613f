/// Reads a copy of a state that a validator in another process has made, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "myelin/actors/mesh.hpp"
#include "myelin/base/result.hpp"
#include "myelin/consensus/types.hpp"

namespace myelin::validator {

/// Which copy, and how long to wait: for each answer, and for all.
struct CopyWanted {
  consensus::Epoch start_of = 0;  ///< 0: a backup.
  consensus::CommitIndex commit_min = 0;
  std::uint64_t bytes_max = ~std::uint64_t{0};  ///< A larger one is not read.
  Duration patience{};
  TimePoint deadline = kNever;
  std::stop_token stop{};
};

struct CopyRead {
  std::uint64_t bytes = 0;
  consensus::CommitIndex commit = 0;
};

/// Calls `use` for each piece, in order, until it fails. **Errors**: those of StateCopies, of questions, and of `use`;
/// bad_frame: the validator sends another copy than it has announced. Never call this in an agent.
[[nodiscard]] Result<CopyRead> read_copy(
    Mesh& mesh, const AgentRef& copies, const CopyWanted& wanted,
    const std::function<Result<void>(std::span<const std::byte> piece, std::uint64_t offset)>& use);

}  // namespace myelin::validator
