/// The files of a new project: an agent of one's own, with its schema, a program and a test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "project/agent_name.hpp"

namespace myelin::tool {

/// `path` is relative to the project.
struct ProjectFile {
  std::string path;
  std::string text;
};

/// What the templates leave open.
struct AgentProject {
  AgentName name;
  std::uint64_t schema_id;     ///< See fresh_schema_id().
  std::string myelin_version;  ///< That it asks find_package() for, e.g. "0.1".
};

/// A Cap'n Proto id made of random bits: it has its top bit set, as `capnp id` has it.
[[nodiscard]] constexpr std::uint64_t fresh_schema_id(std::uint64_t random) noexcept {
  return random | std::uint64_t{1} << 63;
}

/// All files, in the order in which one reads them. Pure.
[[nodiscard]] std::vector<ProjectFile> agent_project_files(const AgentProject& project);

/// `text` with what stands between two `@` replaced: `@name@`, `@Name@`, `@schema_id@`, `@myelin_version@`. Any other
/// `@` stays.
[[nodiscard]] std::string expand_template(std::string_view text, const AgentProject& project);

}  // namespace myelin::tool
