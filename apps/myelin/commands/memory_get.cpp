#include "commands/memory_get.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "memory/pairs.hpp"

namespace myelin::tool {

void MemoryGet::declare_own(CLI::App& app) {
  app.add_option("key", key_, "What to look up")->required()->type_name("KEY");
  app.footer(
      "Bytes come out as they were put in, without a newline but on a terminal; numbers and leases as a line. The "
      "exit\n"
      "status is 1 where the key holds nothing.\n\n"
      "Examples:\n"
      "  myelin memory get colour\n"
      "  myelin memory get photo --space pictures > cat.jpg\n"
      "  myelin memory get colour --json");
}

Result<void> MemoryGet::prepare(Session& /*session*/) { return check_key(key_); }

Result<void> MemoryGet::run_on(const Opened& opened) {
  const auto found = opened.ask(opened.space.get(key_));
  if (!found) return tl::unexpected{found.error()};
  if (!*found) {
    return fail(Errc::not_found, fmt::format("'{}{}' holds nothing in '{}'", opened.space.prefix(), key_, directory()));
  }
  const MemoryValue& value = **found;
  if (opened.session.json) {
    nlohmann::json document = to_json(value);
    document["command"] = path();
    add_bytes(document, "key", opened.space.prefix() + key_);
    opened.session.print_json(document);
  } else if (value.kind() == ValueKind::bytes) {
    opened.session.print_text(value.text());
    if (opened.session.terminal.out_is_terminal && !value.text().ends_with('\n')) opened.session.print_text("\n");
  } else {
    opened.session.print_text(to_line(value) + '\n');
  }
  return {};
}

}  // namespace myelin::tool
