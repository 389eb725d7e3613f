/// Puts the files of a new project on the disk: all of them, or none.
#pragma once

#include <filesystem>
#include <span>

#include "myelin/base/result.hpp"
#include "project/agent_project.hpp"

namespace myelin::tool {

/// What to do about a folder that has files in it already.
enum class Existing : bool { refuse, replace };

/// Makes the folder `directory`. The files are written to a temporary folder beside it, which then takes its name, so
/// that nobody sees a part of them. With Existing::replace, files of these names are replaced one by one and all others
/// stay.
/// **Errors**: invalid_argument where the folder is not empty, and `replace` was not said, or is no folder; not_found
/// where its parent does not exist; io_error.
[[nodiscard]] Result<void> write_project(const std::filesystem::path& directory, std::span<const ProjectFile> files,
                                         Existing existing);

}  // namespace myelin::tool
