#include "commands/demo_digits.hpp"

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <nlohmann/json.hpp>

#include "bench/machine.hpp"
#include "demos/digits/demo.hpp"
#include "demos/digits/report.hpp"
#include "terminal/progress.hpp"

namespace myelin::tool {

namespace {

/// With --quick, unless more are asked for.
constexpr std::uint64_t kQuickRequests = 5'000;

std::string flag_of(const digits::Setting& setting) { return "--" + std::string{setting.name}; }

CLI::Option* add(CLI::App& app, digits::Settings& flags, const digits::Setting& setting) {
  const std::string help{setting.help};
  if (const auto* number = std::get_if<digits::Setting::Number>(&setting.member)) {
    return app.add_option(flag_of(setting), flags.*(*number), help)
        ->check(CLI::Range(setting.min, setting.max).description(""))
        ->capture_default_str();
  }
  std::string& text = flags.*std::get<digits::Setting::Text>(setting.member);
  CLI::Option* const option = app.add_option(flag_of(setting), text, help);
  return text.empty() ? option : option->capture_default_str();
}

std::string check_backend(const std::string& name) {
  const auto known = digits::check_backend_name(name);
  return known ? std::string{} : known.error().message;
}

}  // namespace

void DemoDigits::declare(CLI::App& app) {
  app_ = &app;
  for (const digits::Setting& setting : digits::all_settings()) {
    CLI::Option* const option = add(app, flags_, setting)->type_name(std::string{setting.value_name});
    if (setting.name == "backend") option->check(check_backend);
  }
  app.add_option("--config", config_, "TOML with settings of the same names; flags go before it")->type_name("FILE");
  app.add_flag("--quick", quick_, "A run of two seconds with 5,000 questions, to see that it works");
  app.footer(
      "Examples:\n"
      "  myelin demo digits                           # train, ask, compare: some ten seconds\n"
      "  myelin demo digits --agents 5000 --in-flight 4\n"
      "  myelin demo digits --backend scalar          # what SIMD is worth\n"
      "  myelin demo digits --save-model digits.mynn  # train now,\n"
      "  myelin demo digits --model digits.mynn       # ask later\n"
      "  myelin demo digits --memory results          # keep what was found in a shared memory,\n"
      "  myelin memory search 'digits/*' --dir results  # and look at it\n"
      "  myelin demo digits --config configs/demo_digits.toml --json > digits.json");
}

Result<digits::Settings> DemoDigits::resolve() const {
  digits::Settings settings;
  if (quick_) settings.requests = kQuickRequests;
  if (!config_.empty()) {
    auto read = digits::read_settings(config_, settings);
    if (!read) return read;
    settings = *std::move(read);
  }
  for (const digits::Setting& setting : digits::all_settings()) {
    if (app_->get_option(flag_of(setting))->count() == 0) continue;
    std::visit([&](auto member) { settings.*member = flags_.*member; }, setting.member);
  }
  return settings;
}

Result<void> DemoDigits::run(Session& session) {
  const Result<digits::Settings> settings = resolve();
  if (!settings) return tl::unexpected{settings.error()};
  Progress progress{session.terminal, session.quiet};
  Result<digits::Findings> findings = digits::run_demo(*settings, quick_, session.environment, progress, session.stop);
  progress.clear();
  if (!findings) return tl::unexpected{findings.error()};
  if (const std::string warning = warning_about(this_machine()); !warning.empty()) session.warn(warning);
  if (session.json) {
    session.print_json(digits::to_json(*findings));
  } else {
    session.print_text(digits::to_text(*findings, session.terminal.out_style));
  }
  return {};
}

}  // namespace myelin::tool
