#include "commands/doctor.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "node/examination.hpp"

namespace myelin::tool {

void Doctor::declare(CLI::App& app) {
  app.add_option("--config", file_, "The node's configuration; without it only the machine is looked at")
      ->type_name("FILE");
  app.footer(
      "With a configuration it does what a node does at its start, and nothing more: it reads certificates and\n"
      "plugins, listens for a moment, and dials the seeds. Where the node runs already, it is left alone.\n"
      "Exit status 1 if something is wrong.\n\n"
      "Examples:\n"
      "  myelin doctor\n"
      "  myelin doctor --config node.toml");
}

Result<void> Doctor::run(Session& session) {
  std::vector<Finding> findings;
  if (!file_.empty()) {
    const auto read = read_config({.file = file_, .environment = &session.environment});
    if (!read) return tl::unexpected{read.error()};
    for (const ConfigProblem& problem : read->problems) {
      findings.push_back(
          {Finding::Verdict::wrong, "configuration", problem.text(), "'myelin config show' explains all keys"});
    }
    if (read->problems.empty()) {
      findings.push_back({Finding::Verdict::well, "configuration", fmt::format("'{}'", file_)});
      std::ranges::move(examine_node(read->config, types_), std::back_inserter(findings));
    }
  }
  std::vector<Finding> all = examine_machine();
  std::ranges::move(findings, std::back_inserter(all));
  const auto wrong = std::ranges::count(all, Finding::Verdict::wrong, &Finding::verdict);
  if (session.json) {
    nlohmann::json document = nlohmann::json::array();
    for (const Finding& one : all) {
      document.push_back(
          {{"subject", one.subject}, {"verdict", to_string(one.verdict)}, {"what", one.what}, {"remedy", one.remedy}});
    }
    if (wrong == 0) session.print_json({{"command", path()}, {"findings", document}});
  } else {
    for (const Finding& one : all) {
      session.print_text(fmt::format("{:<8}  {:<13}  {}\n", to_string(one.verdict), one.subject, one.what));
      if (!one.remedy.empty()) session.print_text(fmt::format("{:25}-> {}\n", "", one.remedy));
    }
  }
  if (wrong == 0) return {};
  std::string text = fmt::format("{} thing{} wrong", wrong, wrong == 1 ? " is" : "s are");
  for (const Finding& one : all) {
    if (session.json && one.verdict == Finding::Verdict::wrong) {
      text += fmt::format("; {}: {} ({})", one.subject, one.what, one.remedy);
    }
  }
  return fail(Errc::invalid_argument, text);
}

}  // namespace myelin::tool
