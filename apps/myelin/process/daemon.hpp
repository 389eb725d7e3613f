/// This program once more, as a process that goes on when the one that started it ends.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// What it reads and writes.
struct DaemonFiles {
  int input = -1;                     ///< A descriptor; below 0: nothing.
  std::filesystem::path output = {};  ///< Made anew, as the other is; empty: nowhere.
  std::filesystem::path errors = {};
};

/// Starts the program's own executable with the arguments, in a session of its own: Ctrl-C does not reach it. Returns
/// its process. **Errors**: io_error.
[[nodiscard]] Result<pid_t> start_daemon(const std::vector<std::string>& arguments, const DaemonFiles& files);

/// Whether a process runs that has this among its arguments: another may have got its number meanwhile.
[[nodiscard]] bool is_running(pid_t process, const std::string& argument);

}  // namespace myelin::tool
