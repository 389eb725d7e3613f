/// A shared memory in this process, with its files in a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>

#include "myelin/base/result.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin::tool {

/// Validators with a folder each in the directory: as many as there are, and one where it is new.
/// **Thread-safety**: thread-safe, but for construction and destruction.
class EmbeddedMemory {
 public:
  enum class IfMissing : std::uint8_t { fail, make };

  /// `left_out`: a validator that is not to be started, for it is to be replaced.
  /// **Errors**: not_found, with the remedy, where nothing is there and none is to be made; what starting validators
  /// gives.
  [[nodiscard]] static Result<std::unique_ptr<EmbeddedMemory>> open(const std::filesystem::path& directory,
                                                                    IfMissing if_missing,
                                                                    std::optional<std::size_t> left_out = {});

  /// Whether it was made now.
  [[nodiscard]] bool is_new() const noexcept { return is_new_; }
  [[nodiscard]] std::size_t validators() const noexcept { return group_->size(); }
  [[nodiscard]] Mesh& mesh() noexcept { return mesh_; }

  /// Copies all that was answered so far into a new file; says up to which commit, at least. **Errors**: those of
  /// ValidatorGroup::backup(); timeout, if the group answers nothing; cancelled by `stop`.
  [[nodiscard]] Result<std::uint64_t> backup(const std::filesystem::path& file, const std::stop_token& stop);
  /// Returns the epoch that has begun. **Errors**: those of ValidatorGroup::replace(); invalid_argument, where there
  /// are too few validators for it.
  [[nodiscard]] Result<std::uint64_t> replace(std::size_t validator, Duration limit);
  [[nodiscard]] const Memory& memory() const noexcept { return memory_; }

 private:
  EmbeddedMemory(std::size_t validators, bool is_new);

  bool is_new_;
  Mesh mesh_;
  std::optional<validator::ValidatorGroup> group_;
  Memory memory_;
};

/// How many validators a directory is of, as their folders and the committee's file say, so that one whose folder is
/// missing is noticed; 0 where there is none.
[[nodiscard]] std::size_t validators_in(const std::filesystem::path& directory);

}  // namespace myelin::tool
