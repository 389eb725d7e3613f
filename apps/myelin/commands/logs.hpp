/// `myelin logs`: the log of a running node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "commands/operator_command.hpp"
#include "operation/log_line.hpp"

namespace myelin::tool {

class LogsCommand final : public OperatorCommand {
 public:
  [[nodiscard]] std::string path() const override { return "logs"; }
  [[nodiscard]] std::string summary() const override { return "The last lines of a node's log, and what follows"; }

 private:
  /// Which node it is, and whether it is still the one that it was.
  struct Source {
    std::string node;
    std::uint64_t incarnation = 0;
    std::uint64_t seen = 0;  ///< The number of the last line that was read.
    LogLevel level = LogLevel::info;
  };
  struct Line {
    std::uint64_t number = 0;
    std::string whole;
    LogLine parts;
  };

  void declare_own(CLI::App& app) override;
  [[nodiscard]] Result<void> prepare(Session& session) override;
  [[nodiscard]] Result<void> run_on(const Connected& connected) override;

  [[nodiscard]] Result<Source> find(const Connected& connected, const std::string& node) const;
  /// What there is behind what was seen, of the level that is wanted.
  [[nodiscard]] Result<std::vector<Line>> read(const Connected& connected, Source& source) const;
  [[nodiscard]] Result<void> follow(const Connected& connected, Source source);
  void print(const Session& session, const Source& source, const Line& line) const;

  std::string node_;
  std::size_t lines_ = 100;
  std::string level_name_ = "trace";
  LogLevel level_ = LogLevel::trace;
  bool follow_ = false;
};

}  // namespace myelin::tool
