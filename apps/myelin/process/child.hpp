/// Other programs, and this same one once more, run to their end in a fresh process.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// This program's file, by which its processes are called in lists of them; where it was deleted or replaced meanwhile,
/// the system's name for it.
[[nodiscard]] std::filesystem::path own_executable();

/// Runs the program's own executable with the arguments and returns what it wrote to stdout; its stderr is ours.
/// **Errors**: io_error when it cannot start, or exits with a status other than 0. **Cost**: blocks until it ends.
[[nodiscard]] Result<std::string> run_self(const std::vector<std::string>& arguments);

/// The same with words[0], looked for in PATH, and the other words as arguments.
/// **Errors**: not_found when there is no such program; io_error as above. **Cost**: blocks until it ends.
[[nodiscard]] Result<std::string> run_program(const std::vector<std::string>& words);

}  // namespace myelin::tool
