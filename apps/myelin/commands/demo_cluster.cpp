#include "commands/demo_cluster.hpp"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <nlohmann/json.hpp>

#include "bench/machine.hpp"
#include "demos/cluster/demo.hpp"
#include "demos/cluster/report.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool {

namespace {

// With --quick, unless others are asked for.
constexpr double kQuickSeconds = 3;
constexpr std::size_t kQuickAgents = 40;

}  // namespace

void DemoCluster::declare(CLI::App& app) {
  constexpr std::size_t kNodesMin = 2, kNodesMax = 32, kAgentsMax = 20'000;
  constexpr double kSecondsMin = 1, kSecondsMax = 86'400;
  app_ = &app;
  app.add_option("--nodes", nodes_, "Processes, each a node")
      ->check(CLI::Range(kNodesMin, kNodesMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--agents", agents_, "Agents, spread over the nodes")
      ->check(CLI::Range(std::size_t{1}, kAgentsMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seconds", seconds_, "How long there is work; the node dies after a third, and is back after a half")
      ->check(CLI::Range(kSecondsMin, kSecondsMax).description(""))
      ->type_name("S")
      ->capture_default_str();
  app.add_flag("--no-kill", no_kill_, "Nobody dies");
  app.add_option("--dir", folder_, "Keep the nodes' folder, with their logs, here")->type_name("DIR");
  app.add_option("--data", data_, "The digits; default: what scripts/fetch-digits cached")->type_name("FILE");
  app.add_flag("--quick", quick_, "40 agents for three seconds, to see that it works");
  app.footer(
      "This process joins the nodes' cluster, trains a network, starts a kernel actor and readers on each node, and\n"
      "puts one question after another to each reader. In the middle one node is killed (kill -9): its questions end\n"
      "with errors, and are put to others; when it is back, its agents are started anew. If a request is not answered\n"
      "in the end, or is twice, the exit status is 1.\n\n"
      "Examples:\n"
      "  myelin demo cluster\n"
      "  myelin demo cluster --dir cluster && less cluster/node3/data/node.log\n"
      "  myelin demo cluster --nodes 8 --agents 4000 --seconds 30 --json");
}

Result<void> DemoCluster::run(Session& session) {
  const auto is_given = [&](const char* option) { return app_->get_option(option)->count() > 0; };
  const double seconds = quick_ && !is_given("--seconds") ? kQuickSeconds : seconds_;
  const reading::Settings settings{
      .nodes = nodes_,
      .agents = quick_ && !is_given("--agents") ? kQuickAgents : agents_,
      .duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds}),
      .kill = !no_kill_,
      .folder = folder_,
      .data = data_};
  Progress progress{session.terminal, session.quiet};
  const Result<reading::Findings> found = reading::run_demo(settings, session.environment, progress, session.stop);
  progress.clear();
  if (!found) return tl::unexpected{found.error()};
  if (const std::string warning = warning_about(this_machine()); !warning.empty()) session.warn(warning);
  const Result<void> proof = found->proof();
  if (session.json && proof) {
    session.print_json(reading::to_json(*found));
  } else if (!session.json) {
    session.print_text(reading::to_text(*found));
  }
  return proof;
}

}  // namespace myelin::tool
