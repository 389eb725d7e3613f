/// From argv to a command: parsing, help, usage errors, exit status.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace myelin::tool {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;  ///< The command ran and failed.
inline constexpr int kExitUsage = 2;    ///< The command line makes no sense; nothing ran.

/// Owns the commands. Groups ("bench" of "bench kernels") are made with the first command in them.
/// **Thread-safety**: thread-compatible.
class CommandLine {
 public:
  /// `version` makes what `--version` prints; `footer` ends the help.
  CommandLine(std::function<std::string()> version, std::string footer);

  /// Names a group and says what is in it. **Requires**: before the group's first command.
  void add_group(const std::string& name, const std::string& summary, const std::string& footer);
  /// **Requires**: the group of its path is there; the path is new.
  void add(std::unique_ptr<Command> command);

  /// Parses and runs. Returns the exit status: the command's own (kExitOk, kExitFailure, ...), kExitUsage, or
  /// kExitInterrupted when the session's stop was requested. Never throws.
  [[nodiscard]] int run(int argc, const char* const* argv, Session& session);

 private:
  [[nodiscard]] int dispatch(int argc, const char* const* argv, Session& session);
  [[nodiscard]] int execute(Command& command, Session& session) const;
  [[nodiscard]] std::string explain(const std::vector<std::string>& arguments, const CLI::ParseError& error);
  [[nodiscard]] CLI::App& group_of(const std::string& path);

  CLI::App app_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::vector<CLI::App*> apps_;  ///< Of each command.
  bool json_ = false;
  bool quiet_ = false;
};

}  // namespace myelin::tool
