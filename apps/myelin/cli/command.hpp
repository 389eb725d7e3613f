/// A subcommand of the tool.
#pragma once

#include <string>

#include "cli/session.hpp"
#include "myelin/base/result.hpp"

namespace CLI {
class App;
}

namespace myelin::tool {

/// Declared once, run at most once. **Thread-safety**: thread-compatible.
class Command {
 public:
  Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  /// The words after `myelin`, e.g. "bench kernels".
  [[nodiscard]] virtual std::string path() const = 0;
  /// One line for the list of subcommands.
  [[nodiscard]] virtual std::string summary() const = 0;
  /// Adds the command's own options and footer; `--json` and `--quiet` are there already.
  virtual void declare(CLI::App& app) = 0;
  /// Does the work. An error becomes one line on stderr.
  [[nodiscard]] virtual Result<void> run(Session& session) = 0;
  /// Whether it runs until it is told to end, so that Ctrl-C is no interruption of it.
  [[nodiscard]] virtual bool ends_when_told() const { return false; }
  /// Asked after run(), with whether it has succeeded.
  [[nodiscard]] virtual int exit_status(bool succeeded) const { return succeeded ? 0 : 1; }
};

}  // namespace myelin::tool
