/// This same program, run once more in a fresh process.
#pragma once

#include <string>
#include <vector>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Runs the program's own executable with the arguments and returns what it wrote to stdout; its stderr is ours.
/// **Errors**: io_error when it cannot start, or exits with a status other than 0. **Cost**: blocks until it ends.
[[nodiscard]] Result<std::string> run_self(const std::vector<std::string>& arguments);

}  // namespace myelin::tool
