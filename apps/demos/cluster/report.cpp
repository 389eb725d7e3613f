#include "demos/cluster/report.hpp"

#include <fmt/format.h>

#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::reading {

namespace {

std::string count(std::uint64_t number) { return tool::format_count(static_cast<long long>(number)); }
std::string text(Duration duration) { return tool::format_duration_ns(static_cast<double>(duration.count())); }
std::string text(const std::optional<Duration>& duration) { return duration ? text(*duration) : "not seen"; }
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
nlohmann::json to_json(const std::optional<Duration>& duration) {
  return duration ? nlohmann::json(duration->count()) : nlohmann::json();
}
double rate(const Findings& found) {
  return static_cast<double>(found.books.answered) / std::max(seconds(found.elapsed), 1e-9);
}

std::string failures_of(const Books::Node& node) {
  std::string all;
  for (const auto& [code, number] : node.failed) {
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", count(number), to_string(code));
  }
  return all.empty() ? "none" : all;
}

}  // namespace

std::string to_text(const Findings& found) {
  const Books::State& books = found.books;
  std::string out =
      fmt::format("Nodes      {} processes on this machine, TLS between them; {} to start, and see each other\n",
                  found.settings.nodes, text(found.start_up));
  out +=
      fmt::format("Agents     {} readers, started from here in {}; on each node a kernel actor that knows digits\n\n",
                  count(found.settings.agents), text(found.hiring));
  tool::Table table{{{"node", tool::Table::Align::left},
                     {"answered"},
                     {"ended with an error, and put again", tool::Table::Align::left}}};
  for (const auto& [name, node] : books.nodes) table.add_row({name, count(node.answered), failures_of(node)});
  out += table.to_string() + '\n';
  if (found.crash) {
    const Crash& crash = *found.crash;
    out += fmt::format("Killed     {} (kill -9), with {} questions open\n", crash.node, count(crash.open));
    out += fmt::format("           first of them ended with an error after {}; seen to be down after {}\n",
                       text(crash.first_error), text(crash.seen_down));
    out += fmt::format("Back       seen to be up {} after it was started again; its agents answered after {}\n",
                       text(crash.seen_up), text(crash.first_answer));
  }
  out += fmt::format("Requests   {} asked, {} answered, {} twice, {} lost: {} a second; {} of the digits right\n",
                     count(books.asked), count(books.answered), count(books.twice), count(books.asked - books.answered),
                     count(static_cast<std::uint64_t>(rate(found))),
                     tool::format_percent(static_cast<double>(found.right) /
                                          static_cast<double>(std::max<std::uint64_t>(1, books.answered))));
  if (found.proof()) out += "           Every request was answered, and once.\n";
  if (!found.is_complete) out += "           (Interrupted before its time.)\n";
  return out;
}

nlohmann::json to_json(const Findings& found) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const auto& [name, node] : found.books.nodes) {
    nlohmann::json failed = nlohmann::json::object();
    for (const auto& [code, number] : node.failed) failed[std::string{to_string(code)}] = number;
    nodes.push_back({{"name", name}, {"answered", node.answered}, {"failed", failed}});
  }
  nlohmann::json document{{"command", "demo cluster"},
                          {"is_complete", found.is_complete},
                          {"agents", found.settings.agents},
                          {"start_up_ns", found.start_up.count()},
                          {"hiring_ns", found.hiring.count()},
                          {"elapsed_ns", found.elapsed.count()},
                          {"nodes", nodes},
                          {"requests",
                           {{"asked", found.books.asked},
                            {"answered", found.books.answered},
                            {"twice", found.books.twice},
                            {"lost", found.books.asked - found.books.answered},
                            {"right", found.right},
                            {"per_second", rate(found)}}}};
  if (found.crash) {
    document["crash"] = {{"node", found.crash->node},
                         {"open_questions", found.crash->open},
                         {"first_error_ns", to_json(found.crash->first_error)},
                         {"seen_down_ns", to_json(found.crash->seen_down)},
                         {"seen_up_ns", to_json(found.crash->seen_up)},
                         {"first_answer_ns", to_json(found.crash->first_answer)}};
  }
  return document;
}

}  // namespace myelin::reading
