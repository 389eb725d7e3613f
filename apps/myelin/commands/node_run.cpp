#include "commands/node_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "node/config_file.hpp"
#include "node/config_keys.hpp"
#include "node/deadline.hpp"
#include "node/readiness.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

// What the process may take beyond the deadline, to see that it has passed and say so.
constexpr std::chrono::milliseconds kGrace{500};

}  // namespace

namespace {

/// "LEVEL:{debug,info}", as options show their choices, and completions take them.
std::string type_of(const ConfigKey& key) {
  std::string choices{key.choices};
  std::ranges::replace(choices, ' ', ',');
  return choices.empty() ? std::string{key.value_name} : fmt::format("{}:{{{}}}", key.value_name, choices);
}

/// Of many agents the first, and how many more there are.
std::string list_of(const std::vector<std::string>& agents) {
  constexpr std::size_t kShown = 10;
  const std::size_t shown = std::min(agents.size(), kShown);
  std::string text =
      fmt::format("{}", fmt::join(agents.begin(), agents.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < agents.size()) {
    text += fmt::format(" and {} more ('myelin agents ls' has all)",
                        format_count(static_cast<long long>(agents.size() - shown)));
  }
  return text;
}

}  // namespace

void NodeRun::declare(CLI::App& app) {
  app.add_option("--config", file_, "Its configuration; without it everything has its default")->type_name("FILE");
  app.add_option("--ready-fd", ready_fd_, "Write 'ready' to this descriptor, and close it, when it is ready")
      ->type_name("N");
  for (const ConfigKey& key : all_keys()) {
    const std::string flag = key.flag();
    const std::string help{key.help};
    if (std::holds_alternative<ConfigKey::Switch>(key.member)) {
      app.add_flag_callback(
             flag, [this, flag] { flags_[flag] = "true"; }, help)
          ->group("Configuration");
    } else {
      app.add_option_function<std::string>(
             flag, [this, flag](const std::string& text) { flags_[flag] = text; }, help)
          ->type_name(type_of(key))
          ->group("Configuration");
    }
  }
  app.footer(
      "It says when it is ready: on standard output, to --ready-fd, and to systemd. It runs until Ctrl-C or\n"
      "SIGTERM; then nothing new is taken in, agents finish what they have begun, and it ends within\n"
      "--stop-deadline. Each key of the file is also an environment variable, e.g. MYELIN_NODE_LISTEN;\n"
      "flags count more than the environment, and that more than the file. 'myelin config show' prints a\n"
      "file with all keys.\n\n"
      "Without [tls] certs a node that listens on this machine only makes certificates at its first start,\n"
      "in DATA/certs: its own, an authority, and an operator's for this tool.\n\n"
      "Exit status: 0 it was told to end, and did; 1 something broke; 2 the command line makes no sense;\n"
      "3 the configuration, a plugin or a certificate is wrong; 4 another process listens there; 5 its data\n"
      "folder is in use; 6 not all agents were done within the deadline; 130 told to end twice.\n\n"
      "Examples:\n"
      "  myelin config show > node.toml               # a file to start from\n"
      "  myelin node --config node.toml\n"
      "  myelin node --name north --listen 127.0.0.1:0 --data north --plugins ./greeter.so");
}

Result<void> NodeRun::run(Session& session) {
  auto done = run_node(session);
  if (done) return {};
  status_ = done.error().status;
  return tl::unexpected{std::move(done.error().error)};
}

NodeResult<void> NodeRun::run_node(Session& session) {
  auto readiness = Readiness::create(ready_fd_, session.environment);
  if (!readiness) return fail_with(NodeExit::usage, readiness.error());
  const auto read = read_config({.file = file_, .environment = &session.environment, .flags = flags_});
  if (!read) return fail_with(NodeExit::configuration, read.error());
  if (!read->problems.empty()) {
    std::string all;
    bool only_flags = true;
    for (const ConfigProblem& problem : read->problems) {
      all += (all.empty() ? "" : "\n        ") + problem.text();
      only_flags = only_flags && problem.where.starts_with("--");
    }
    return fail_with(only_flags ? NodeExit::usage : NodeExit::configuration, {Errc::invalid_argument, std::move(all)});
  }
  auto started = NodeProcess::start(read->config, types_);
  if (!started) return tl::unexpected{started.error()};
  NodeProcess& node = **started;
  show_ready(session, node);
  if (const auto told = readiness->ready(
          fmt::format("{} on {}", counted(node.published().size(), "agent"), node.cluster().node().address()));
      !told) {
    node.log().warn("{}", told.error().message);
  }
  const auto waited = node.wait(session.stop);
  readiness->stopping();
  const std::chrono::seconds limit{read->config.stop_deadline};
  const Deadline deadline{limit + kGrace, static_cast<int>(NodeExit::late)};
  auto stopped = node.stop(limit);
  started->reset();  // under the deadline too
  if (session.json) session.print_json({{"ended", true}, {"in_time", stopped.has_value()}});
  return waited ? std::move(stopped) : waited;
}

void NodeRun::show_ready(Session& session, NodeProcess& node) const {
  const std::string address = node.cluster().node().address();
  const auto& credentials = node.credentials();
  if (session.json) {
    nlohmann::json plugins = nlohmann::json::array();
    for (const plugin::LoadedPlugin& each : node.plugins())
      plugins.push_back({{"file", each.file}, {"types", each.types}});
    nlohmann::json document{{"command", path()},
                            {"node", node.cluster().node().name()},
                            {"address", address},
                            {"process", ::getpid()},
                            {"incarnation", std::to_string(node.cluster().node().incarnation())},
                            {"agents", node.published()},
                            {"plugins", std::move(plugins)},
                            {"secure", credentials.has_value()}};
    if (credentials) document["certs"] = credentials->folder.string();
    session.print_json(document);
  } else {
    session.print_text(fmt::format("node '{}' is ready on {}{}\n", node.cluster().node().name(), address,
                                   credentials ? "" : ", without TLS"));
    if (!node.published().empty()) session.print_text(fmt::format("agents: {}\n", list_of(node.published())));
  }
  std::fflush(session.terminal.out);  // whoever waits for it may read a pipe
}

}  // namespace myelin::tool
