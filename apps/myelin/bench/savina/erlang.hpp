/// The programs in Erlang/OTP, run by a virtual machine beside this process, where one is installed.
#pragma once

#include <memory>
#include <string>

#include "bench/savina/work.hpp"
#include "myelin/base/result.hpp"
#include "process/line_child.hpp"
#include "process/temporary_folder.hpp"

namespace myelin::tool::savina {

/// savina.erl, which is part of this program.
extern const char* const kErlangSource;

inline constexpr const char* kErlangMissing = "not installed: apt-get install erlang-base";

/// What the virtual machine answers to one request: "ok NANOSECONDS RESULT" or "error WHY".
/// **Errors**: io_error for the latter, and for a line that is neither.
[[nodiscard]] Result<Finish> parse_erlang_answer(const std::string& line);

/// One virtual machine, kept for all rounds. **Thread-safety**: thread-compatible.
class Erlang {
 public:
  /// Compiles the programs into a folder of its own, and starts the machine with so many schedulers.
  /// **Errors**: not_found when Erlang is not installed; io_error. **Cost**: about a second.
  [[nodiscard]] static Result<std::unique_ptr<Erlang>> start(std::size_t workers_max);

  Erlang(TemporaryFolder folder, LineChild machine) : folder_{std::move(folder)}, machine_{std::move(machine)} {}

  /// Runs a program of savina.erl, timed inside the machine. **Requires**: work.workers as given to start(), or fewer.
  /// **Errors**: io_error, timeout.
  [[nodiscard]] Result<Finish> run(const std::string& program, const Work& work);

 private:
  TemporaryFolder folder_;
  LineChild machine_;
};

}  // namespace myelin::tool::savina
