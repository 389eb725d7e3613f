#include "commands/memory_put.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <nlohmann/json.hpp>

#include "memory/import.hpp"
#include "memory/pairs.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "terminal/progress.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

void MemoryPut::declare_own(CLI::App& app) {
  app_ = &app;
  app.add_option("key", key_, "1 to 256 bytes, the space included")->type_name("KEY");
  app.add_option("value", value_, "Up to 64 KiB; - reads it from standard input")->type_name("VALUE");
  auto* const file = app.add_option("--file", file_, "Takes the value from a file")->type_name("FILE");
  app.add_option("--from", from_, "Sets many keys: lines of KEY<tab>VALUE, or of {\"key\": ..., \"value\": ...}")
      ->type_name("FILE")
      ->excludes(file);
  app.add_flag("--if-absent", if_absent_, "Only where the key holds nothing");
  declare_time_to_live(app);
  app.footer(
      "In lines with tabs, a value's own tab is written \\t, a newline \\n, a backslash \\\\, and any byte \\xNN:\n"
      "as 'memory search' writes them. Objects may have \"key_hex\" and \"value_hex\" instead.\n\n"
      "Examples:\n"
      "  myelin memory put colour blue                # makes ./myelin-memory where there is none\n"
      "  myelin memory put photo --file cat.jpg --space pictures\n"
      "  date | myelin memory put started -\n"
      "  myelin memory put --from pairs.tsv           # hundreds at a time\n"
      "  myelin memory put leader me --if-absent\n"
      "  myelin memory put session_17 open --ttl 30s  # and nothing after that");
}

Result<void> MemoryPut::prepare(Session& /*session*/) {
  const auto is_given = [&](const char* option) { return app_->get_option(option)->count() > 0; };
  if (is_given("--from")) {
    if (!is_given("key") && !if_absent_) return {};
    return fail(Errc::invalid_argument, "--from takes its keys from the file; give it without a key and --if-absent");
  }
  if (!is_given("key")) return fail(Errc::invalid_argument, "no key; give KEY and VALUE, or --from FILE");
  if (is_given("value") == is_given("--file")) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' needs one value: VALUE, - for standard input, or --file FILE", key_));
  }
  if (const auto good = check_key(key_); !good) return good;
  const std::string name = is_given("--file") ? fmt::format("'{}'", file_) : fmt::format("the value of '{}'", key_);
  if (is_given("--file") || value_ == "-") {
    // One byte more than there may be, to know that there is.
    auto bytes = read_bytes(is_given("--file") ? file_ : "-", consensus::limits::kValueBytesMax + 1);
    if (!bytes) return tl::unexpected{bytes.error()};
    value_ = *std::move(bytes);
  }
  return check_value(name, value_);
}

Result<void> MemoryPut::put_one(const Opened& opened) const {
  if (!if_absent_) return opened.ask(opened.space.put(key_, value_, put_options()));
  const auto outcome = opened.ask(opened.space.put_if_absent(key_, value_, put_options()));
  if (!outcome) return tl::unexpected{outcome.error()};
  if (outcome->is_swapped) return {};
  return fail(Errc::invalid_argument, fmt::format("'{}' holds something already: {}", key_,
                                                  outcome->found ? to_line(*outcome->found) : "not known what"));
}

Result<void> MemoryPut::run_on(const Opened& opened) {
  std::size_t pairs = 1;
  if (from_.empty()) {
    if (const auto done = put_one(opened); !done) return done;
  } else {
    Progress progress{opened.session.terminal, opened.session.quiet};
    Importer importer{
        [&](std::string_view key) { return check_key(key); },
        [&](std::span<const consensus::Transaction> batch) { return opened.ask(opened.space.execute(batch)); },
        put_options()};
    importer.on_batch = [&](std::size_t done) {
      progress.update(fmt::format("{} pairs put", format_count(static_cast<long long>(done))));
    };
    const auto imported = importer.run(from_, opened.space.prefix());
    progress.clear();
    if (!imported) return tl::unexpected{imported.error()};
    pairs = *imported;
  }
  if (opened.session.json) {
    nlohmann::json document{{"command", path()}, {"pairs", pairs}};
    if (from_.empty()) {
      add_bytes(document, "key", opened.space.prefix() + key_);
      document["bytes"] = value_.size();
    }
    opened.session.print_json(document);
  } else if (!from_.empty()) {
    opened.session.print_text(fmt::format("{} pairs put\n", format_count(static_cast<long long>(pairs))));
  }
  return {};
}

}  // namespace myelin::tool
