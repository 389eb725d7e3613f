#include "commands/logs.hpp"

#include <condition_variable>
#include <cstdio>
#include <mutex>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "myelin/operation.capnp.h"
#include "myelin/operation/log_book.hpp"

namespace myelin::tool {

namespace {

/// Between two looks for what is new.
constexpr std::chrono::milliseconds kPause{200};

/// Waits, but not after Ctrl-C.
void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock guard{mutex};
  static_cast<void>(stopped.wait_for(guard, stop, kPause, [] { return false; }));
}

}  // namespace

void LogsCommand::declare_own(CLI::App& app) {
  app.add_option("node", node_, "Whose; default: the one that answers")->type_name("NODE");
  app.add_flag("-f,--follow", follow_, "Goes on with what comes, until Ctrl-C");
  app.footer(
      "A node keeps the last 10,000 lines for this; its log file has more. With --json, an object a line.\n\n"
      "Examples:\n"
      "  myelin logs north\n"
      "  myelin logs north -f");
}

Result<void> LogsCommand::run_on(const Connected& connected) {
  const Session& session = connected.session;
  for (std::uint64_t seen = 0; !session.stop.stop_requested();) {
    const auto answer = connected.ask<schema::LogPage>([&](schema::LogRequest::Builder request) {
      request.setNode(node_);
      request.setAfter(seen);
      request.setLinesMax(operation::LogBook::kPageLinesMax);
    });
    if (session.stop.stop_requested()) break;
    if (!answer) return tl::unexpected{answer.error()};
    const schema::LogPage::Reader page = **answer;
    if (page.getIsCut() && seen != 0) session.warn("lines are missing here: they came faster than they were read");
    std::uint64_t number = page.getLast() - page.getLines().size();
    for (const auto line : page.getLines()) {
      ++number;
      session.print_text(session.json ? nlohmann::json{{"number", number}, {"line", line.cStr()}}.dump(
                                            -1, ' ', false, nlohmann::json::error_handler_t::replace) +
                                            '\n'
                                      : std::string{line.cStr(), line.size()} + '\n');
    }
    std::fflush(session.terminal.out);  // whoever waits for a line may read a pipe
    seen = page.getLast();
    if (page.getLines().size() != 0) continue;
    if (!follow_) return {};
    pause(session.stop);
  }
  return {};
}

}  // namespace myelin::tool
