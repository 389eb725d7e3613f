#include "commands/config_check.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "node/config_file.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

void ConfigCheck::declare(CLI::App& app) {
  app.add_option("file,--config", file_, "The configuration")->required()->type_name("FILE");
  app.footer(
      "It looks at what the file says, and at nothing that the file names: plugins and certificates are not\n"
      "opened. Exit status 0 if nothing is wrong, and 1 otherwise.\n\n"
      "Examples:\n"
      "  myelin config check node.toml\n"
      "  myelin config check node.toml --json");
}

Result<void> ConfigCheck::run(Session& session) {
  const auto read = read_config({.file = file_});
  if (!read) return tl::unexpected{read.error()};
  const std::size_t count = read->problems.size();
  if (session.json) {
    nlohmann::json problems = nlohmann::json::array();
    for (const ConfigProblem& problem : read->problems) {
      problems.push_back({{"where", problem.where}, {"what", problem.what}});
    }
    session.print_json({{"command", path()}, {"file", file_}, {"problems", std::move(problems)}});
    is_well_ = count == 0;
    return {};
  }
  if (count == 0) {
    session.print_text(fmt::format("'{}' is well: node '{}', {}\n", file_, read->config.node_name(),
                                   counted(read->config.agents.size(), "agent")));
    return {};
  }
  for (const ConfigProblem& problem : read->problems) session.print_text(problem.text() + '\n');
  return fail(Errc::invalid_argument, fmt::format("{} mistake{} in '{}'", count, count == 1 ? "" : "s", file_));
}

}  // namespace myelin::tool
