#include "commands/logs.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "myelin/operation.capnp.h"
#include "myelin/operation/log_book.hpp"

namespace myelin::tool {

namespace {

/// Between two looks for what is new, and for whether a node that is gone is back.
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kPauseGone{500};

/// Waits, but not after Ctrl-C.
void pause(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock guard{mutex};
  static_cast<void>(stopped.wait_for(guard, stop, time, [] { return false; }));
}

}  // namespace

void LogsCommand::declare_own(CLI::App& app) {
  app.add_option("node", node_, "Whose; default: the first that runs of a cluster's folder, or the one that answers")
      ->type_name("NODE");
  app.add_option("-n,--lines", lines_, "How many of the last lines")
      ->check(CLI::Range(std::size_t{0}, operation::LogBook::kLinesMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--level", level_name_, "Only lines of this level, and above")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical"}))
      ->type_name("LEVEL")
      ->capture_default_str();
  app.add_flag("-f,--follow", follow_, "Goes on with what comes, until Ctrl-C; waits for a node that is gone");
  app.footer(
      "A node keeps the last 10,000 lines for this; its log file has more. With --json, an object a line: node,\n"
      "number, time, level and text.\n\n"
      "Examples:\n"
      "  myelin logs north\n"
      "  myelin logs north -n 1000 --level warning\n"
      "  myelin logs north -f");
}

Result<void> LogsCommand::prepare(Session& /*session*/) {
  level_ = parse_level(level_name_).value_or(LogLevel::trace);
  return {};
}

Result<LogsCommand::Source> LogsCommand::find(const Connected& connected, const std::string& node) const {
  const auto status = connected.ask<schema::NodeStatus>(
      [&](schema::StatusRequest::Builder request) { request.setNode(node); }, fmt::format("node '{}'", node));
  if (!status) return tl::unexpected{status.error()};
  return Source{.node = (*status)->getNode().cStr(), .incarnation = (*status)->getIncarnation()};
}

Result<std::vector<LogsCommand::Line>> LogsCommand::read(const Connected& connected, Source& source) const {
  std::vector<Line> lines;
  while (!connected.session.stop.stop_requested()) {
    const auto answer = connected.ask<schema::LogPage>(
        [&](schema::LogRequest::Builder request) {
          request.setNode(source.node);
          request.setAfter(source.seen);
          request.setLinesMax(operation::LogBook::kPageLinesMax);
        },
        fmt::format("node '{}'", source.node));
    if (!answer) return tl::unexpected{answer.error()};
    const schema::LogPage::Reader page = **answer;
    if (page.getIsCut() && source.seen != 0) {
      connected.session.warn("lines are missing here: they came faster than they were read");
    }
    if (page.getLines().size() == 0) break;
    std::uint64_t number = page.getLast() - page.getLines().size();
    for (const auto text : page.getLines()) {
      Line line{.number = ++number, .whole = {text.cStr(), text.size()}, .parts = {}};
      line.parts = parse_log_line(line.whole, source.level);
      source.level = line.parts.level;
      if (line.parts.level >= level_) lines.push_back(std::move(line));
    }
    source.seen = page.getLast();
  }
  return lines;
}

void LogsCommand::print(const Session& session, const Source& source, const Line& line) const {
  if (!session.json) return session.print_text(line.whole + '\n');
  const nlohmann::json document{{"node", source.node},
                                {"number", line.number},
                                {"time", line.parts.time},
                                {"level", to_string(line.parts.level)},
                                {"text", line.parts.text}};
  session.print_text(document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

Result<void> LogsCommand::run_on(const Connected& connected) {
  const Session& session = connected.session;
  auto source = find(connected, connected.node_or(node_));
  if (!source) return tl::unexpected{source.error()};
  const auto lines = read(connected, *source);
  if (!lines) return session.stop.stop_requested() ? Result<void>{} : tl::unexpected{lines.error()};
  if (!session.quiet && !session.json) fmt::print(session.terminal.err, "==> node '{}' <==\n", source->node);
  const std::size_t first = lines->size() - std::min(lines->size(), lines_);
  for (std::size_t i = first; i < lines->size(); ++i) print(session, *source, (*lines)[i]);
  std::fflush(session.terminal.out);  // whoever waits for a line may read a pipe
  return follow_ ? follow(connected, *std::move(source)) : Result<void>{};
}

Result<void> LogsCommand::follow(const Connected& connected, Source source) {
  Session& session = connected.session;
  std::unique_ptr<OperatorConnection> own;  // where the first was lost
  for (bool is_gone = false; !session.stop.stop_requested();) {
    const Connected now{session, own ? *own : connected.connection, connected.limit, source.node};
    Result<std::vector<Line>> lines;
    if (is_gone) {
      auto again = find(now, source.node);
      if (again && again->incarnation != source.incarnation) source = *std::move(again);
      if (again) session.warn(fmt::format("node '{}' is back", source.node));
      if (!again) lines = tl::unexpected{again.error()};
    }
    if (lines) lines = read(now, source);
    if (session.stop.stop_requested()) break;
    if (lines) {
      is_gone = false;
      for (const Line& line : *lines) print(session, source, line);
      std::fflush(session.terminal.out);
      pause(session.stop, kPause);
      continue;
    }
    if (lines.error().code == Errc::access_denied) return tl::unexpected{lines.error()};
    if (!is_gone) {
      session.warn(fmt::format("node '{}' is gone, and is waited for: {}", source.node, lines.error().message));
    }
    is_gone = true;
    pause(session.stop, kPauseGone);
    // Perhaps it is the connection that is lost; and a node that is started anew may have another address.
    if (auto connection = connect(session)) own = *std::move(connection);
  }
  return {};
}

}  // namespace myelin::tool
