/// This program once more, as a process that goes on when the one that started it ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "myelin/base/result.hpp"

namespace myelin::tool {

/// Starts the program's own executable with the arguments, in a session of its own: Ctrl-C does not reach it. It reads
/// nothing, and writes to these files, which are made anew. Returns its process. **Errors**: io_error.
[[nodiscard]] Result<pid_t> start_daemon(const std::vector<std::string>& arguments, const std::filesystem::path& output,
                                         const std::filesystem::path& errors);

/// Whether a process runs that has this among its arguments: another may have got its number meanwhile.
[[nodiscard]] bool is_running(pid_t process, const std::string& argument);

/// Sends it a signal, and waits until it has ended. False if it has not by then.
[[nodiscard]] bool end_process(pid_t process, const std::string& argument, int signal, std::chrono::milliseconds limit);

}  // namespace myelin::tool
