#include "commands/bench_network.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/network/cases.hpp"
#include "bench/network/sides.hpp"
#include "bench/network/summary.hpp"

namespace myelin::tool {

namespace {

constexpr const char* kNotes =
    "x: how many times as good, by round; above 1 is better. Whoever has no row of a figure has no such thing.\n\n";

}  // namespace

void BenchNetwork::declare(CLI::App& app) {
  options_.declare(app);
  app.add_option("--only", only_, "The case of this name, or those whose names hold this text; no others")
      ->type_name("TEXT");
  app.add_option("--side", sides_, "These sides; no others: 'Myelin', 'Myelin, TLS', 'raw CAF', ...")
      ->type_name("NAME")
      ->delimiter(';');
  app.add_option("--serve", served_side_, "Internal: be the other process of this side")->group("");
  app.add_option("--serve-port", served_port_, "Internal: where to listen")->group("");
  app.add_option("--serve-with", served_credentials_, "Internal: a folder with credentials")->group("");
  app.footer(
      "Two processes talk over loopback: agents of two nodes, with TLS and without; actors of raw CAF over BASP; "
      "threads\n"
      "with ZeroMQ's sockets (apt-get install libzmq3-dev, before the build). All have this program's allocator.\n\n"
      "Examples:\n"
      "  myelin bench network                         # everything, some minutes\n"
      "  myelin bench network --quick                 # does it work here?\n"
      "  myelin bench network --only '64 B' --repetitions 3\n"
      "  myelin bench network --only question --side Myelin --side ZeroMQ\n"
      "  myelin bench network --json > network.json\n\n"
      "Two processes need two cores that nobody else uses.");
}

Result<void> BenchNetwork::run(Session& session) {
  if (!served_side_.empty()) return serve_network_side(served_side_, served_credentials_, served_port_);
  if (auto can = options_.check(); !can) return can;
  std::vector<std::string> absent;
  auto sides = network_sides(absent);
  if (!sides) return tl::unexpected{sides.error()};
  for (const std::string& name : sides_) {
    if (std::ranges::find(*sides, name, &NetworkSide::name) != sides->end()) continue;
    std::string there;
    for (const NetworkSide& side : *sides) there += (there.empty() ? "'" : ", '") + side.name + "'";
    return fail(Errc::invalid_argument, fmt::format("no side is called '{}'; there are {}", name, there));
  }
  std::erase_if(*sides, [this](const NetworkSide& side) {
    return !sides_.empty() && std::ranges::find(sides_, side.name) == sides_.end();
  });
  const std::vector<NetworkCase> cases = network_cases(options_.quick, only_, session.stop);
  if (cases.empty()) {
    return fail(Errc::invalid_argument, fmt::format("no case's name holds '{}'; without --only all are shown", only_));
  }
  const Machine machine = introduce(session, path());
  for (const std::string& why : absent) session.warn(why);
  Progress progress{session.terminal, session.quiet};
  const auto comparisons = run_network_cases(cases, *sides, options_.rounds(), progress, session.stop);
  if (!comparisons) return tl::unexpected{comparisons.error()};
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["results"] = *comparisons;
  document["absent"] = absent;
  const std::vector<Bar> bars = network_bars(*comparisons);
  document["bars"] = bars;
  return publish(session, options_, document,
                 one_way_table(cases, *comparisons) + answers_table(cases, *comparisons) + kNotes + bar_table(bars));
}

}  // namespace myelin::tool
