/// What a command works with: streams, environment, and the wish to stop. Made in main.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <string_view>

#include "process/environment.hpp"
#include "terminal/terminal.hpp"

namespace myelin::tool {

/// **Thread-safety**: thread-compatible.
struct Session {
  const Environment& environment;
  const Terminal& terminal;
  std::stop_token stop;  ///< Requested by Ctrl-C. A command then ends soon, and main exits with kExitInterrupted.

  std::string command = {};  ///< Its words, e.g. "bench kernels".
  bool json = false;         ///< `--json`: one JSON document on stdout, and nothing else there.
  bool quiet = false;        ///< `--quiet`: no progress on stderr.

  /// Writes to stdout.
  void print_text(std::string_view text) const;
  /// Writes the document to stdout, indented, with a newline; with the command, where it does not say it.
  void print_json(const nlohmann::json& document) const;
  /// A line on stderr that is no progress, e.g. a warning: written even when quiet.
  void warn(std::string_view text) const;
};

}  // namespace myelin::tool
