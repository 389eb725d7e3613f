#include "commands/memory_search.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "memory/pairs.hpp"
#include "myelin/consensus/execution_limits.hpp"

namespace myelin::tool {

void MemorySearch::declare_own(CLI::App& app) {
  app.add_option("pattern", pattern_, "* stands for any characters, also none; ? for one")
      ->required()
      ->type_name("PATTERN");
  app.add_option("--limit", limit_, "Most keys to list; 0 is all")->type_name("N")->capture_default_str();
  app.add_option("--cursor", cursor_, "Goes on behind this key, the last that was listed")->type_name("KEY");
  app.add_flag("--keys", keys_only_, "Keys without their values");
  app.footer(
      "A line a key: the key, a tab, the value; in order, and read a page at a time: what others change meanwhile may "
      "be\n"
      "in it or not. Tabs, newlines, backslashes and bytes that are no text are written \\t, \\n, \\\\ and \\xNN.\n"
      "What comes before the first * or ? narrows down what is looked at: begin a pattern with it where you can.\n\n"
      "Examples:\n"
      "  myelin memory search '*'                     # everything\n"
      "  myelin memory search 'project_*' --limit 100\n"
      "  myelin memory search '*' --space ledger --json");
}

Result<void> MemorySearch::run_on(const Opened& opened) {
  const Session& session = opened.session;
  nlohmann::json entries = nlohmann::json::array();
  std::uint64_t listed = 0;
  std::string cursor = cursor_;
  std::string last;  // listed
  bool is_more = false;
  do {
    const auto page = opened.ask(opened.space.search(pattern_, consensus::limits::kRangeEntriesMax, cursor));
    if (!page) return tl::unexpected{page.error()};
    for (const MemoryPage::Entry& entry : page->entries) {
      is_more = limit_ > 0 && listed == limit_;
      if (is_more) break;
      ++listed;
      last = entry.key;
      if (session.json) {
        nlohmann::json object = keys_only_ ? nlohmann::json::object() : to_json(entry.value);
        add_bytes(object, "key", entry.key);
        entries.push_back(std::move(object));
      } else {
        session.print_text(escape_key(entry.key) + (keys_only_ ? "" : '\t' + to_line(entry.value)) + '\n');
      }
    }
    cursor = page->cursor;
  } while (!is_more && !cursor.empty());
  if (session.json) {
    nlohmann::json document{{"command", path()}, {"entries", std::move(entries)}};
    if (is_more) add_bytes(document, "cursor", last);
    session.print_json(document);
  } else if (is_more && !session.quiet) {
    fmt::print(session.terminal.err, "myelin: there is more; go on with --cursor '{}'\n", escape(last));
  }
  return {};
}

}  // namespace myelin::tool
