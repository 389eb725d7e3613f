/// What lies in a group's folder beside its validators' own.
#pragma once

#include <filesystem>

#include <fmt/format.h>

namespace myelin::validator {

[[nodiscard]] inline std::filesystem::path folder_of_validator(const std::filesystem::path& group,
                                                               std::size_t validator) {
  return group / fmt::format("validator{}", validator);
}

/// While it is there, the group has never run: its keys may be made, and its logs begun.
[[nodiscard]] inline std::filesystem::path beginning_of(const std::filesystem::path& group) {
  return group / "beginning";
}

/// While it is there, the group, or the validator, is not whole: it is being restored, or that was broken off.
[[nodiscard]] inline std::filesystem::path restoring_of(const std::filesystem::path& group) {
  return group / "restoring";
}

// In the folder of a validator that has a process of its own:

/// Who validates in the latest epoch that it has begun.
[[nodiscard]] inline std::filesystem::path committee_of_validator(const std::filesystem::path& folder) {
  return folder / "committee.toml";
}

/// Whom its operator wants in the next one.
[[nodiscard]] inline std::filesystem::path wanted_by_operator(const std::filesystem::path& folder) {
  return folder / "next.toml";
}

}  // namespace myelin::validator
