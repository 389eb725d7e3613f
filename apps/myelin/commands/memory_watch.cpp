#include "commands/memory_watch.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "memory/pairs.hpp"

namespace myelin::tool {

namespace {

/// Whether the next time may be better: validators come and go.
bool may_pass(Errc code) noexcept {
  switch (code) {
    case Errc::timeout:
    case Errc::unreachable:
    case Errc::outcome_unknown:
    case Errc::overloaded:
    case Errc::receiver_dead:
    case Errc::no_reply: return true;
    default: return false;
  }
}

}  // namespace

void MemoryWatch::declare_own(CLI::App& app) {
  app.add_option("pattern", pattern_, "* stands for any characters, also none; ? for one")
      ->required()
      ->type_name("PATTERN");
  app.add_option("--from", from_, "Begins behind this commit, as the lines name it; default: with what comes now")
      ->type_name("COMMIT");
  app.add_option("--count", count_, "Ends after so many changes; 0 is never")->type_name("N")->capture_default_str();
  app.footer(
      "A line a change: the commit, 'put' or 'del', the key and the value, with tabs between; with --json an object a\n"
      "line. Changes come in order, none is left out, and a key that one commit changed several times comes once. To\n"
      "go on after a pause, give the commit of the last line with --from: validators remember the last 16 MiB or "
      "so.\n\n"
      "Examples:\n"
      "  myelin memory watch 'project_*' --committee committee.toml --certs certs/client\n"
      "  myelin memory watch '*' --committee committee.toml --insecure --count 1");
}

void MemoryWatch::print(const Session& session, const MemoryChanges::Change& change) const {
  if (session.json) {
    nlohmann::json object = change.value ? to_json(*change.value) : nlohmann::json::object();
    object["commit"] = change.commit;
    object["is_deleted"] = !change.value.has_value();
    add_bytes(object, "key", change.key);
    session.print_text(object.dump() + '\n');
  } else {
    session.print_text(fmt::format("{}\t{}\t{}{}\n", change.commit, change.value ? "put" : "del",
                                   escape_key(change.key), change.value ? '\t' + to_line(*change.value) : ""));
  }
}

Result<void> MemoryWatch::run_on(const Opened& opened) {
  const Session& session = opened.session;
  MemoryPlace place;
  if (from_) {
    place.commit = *from_;
  } else {
    const auto now = opened.ask(opened.space.place());
    if (!now) return tl::unexpected{now.error()};
    place = *now;
  }
  std::uint64_t printed = 0;
  while (!session.stop.stop_requested()) {
    const auto news = opened.ask(opened.space.changes(pattern_, place, opened.limit / 2));
    if (session.stop.stop_requested()) break;
    if (!news && may_pass(news.error().code)) continue;
    if (!news) return tl::unexpected{news.error()};
    if (news->is_too_old) {
      return fail(Errc::not_found,
                  fmt::format("what changed behind commit {} is not remembered any more; read what there is with "
                              "'myelin memory search', and watch without --from",
                              place.commit));
    }
    for (const MemoryChanges::Change& change : news->changes) {
      print(session, change);
      if (++printed == count_) break;
    }
    std::fflush(session.terminal.out);  // whoever waits for a line may read a pipe
    if (count_ > 0 && printed >= count_) return {};
    place = news->place;
  }
  return {};
}

}  // namespace myelin::tool
