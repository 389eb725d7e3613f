#include "cli/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

#include "myelin/base/suggestion.hpp"
#include "process/interrupt.hpp"

namespace myelin::tool {

namespace {

/// "myelin bench kernels".
std::string words_of(const CLI::App& app) {
  const CLI::App* const parent = app.get_parent();
  return parent == nullptr ? app.get_name() : words_of(*parent) + ' ' + app.get_name();
}

std::string with_suggestion(std::string problem, std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto near = nearest(word, candidates)) problem += fmt::format("; did you mean '{}'?", *near);
  return problem;
}

std::string see_help(std::string_view problem, const CLI::App& app) {
  const bool asks = problem.ends_with('?');
  return fmt::format("{}{} See '{} --help'", problem, asks ? "" : ".", words_of(app));
}

std::vector<std::string> subcommands_of(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : app.get_subcommands([](CLI::App*) { return true; })) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

/// The options a user is told of, with their dashes.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// "0.1" of "0.100000", as std::to_string() writes it; whole numbers stay.
std::string without_zeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  while (number.ends_with('0')) number.pop_back();
  if (number.ends_with('.')) number.pop_back();
  return number;
}

/// What is wrong with an option's value, of what CLI11 says: which option, which value, and what is expected. One line;
/// what it says otherwise, our own validators' words among it, stays as it is.
std::string problem_with_value(std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  while (what.ends_with('.') || what.ends_with(' ')) what.pop_back();
  static const std::regex kRange{R"((\S+): Value (.*) not in range (\S+) to (\S+))"};
  static const std::regex kConversion{R"(Could not convert: (\S+) = (.*))"};
  static const std::regex kChoice{R"((\S+): (.*) not in \{(.*)\})"};
  std::smatch part;
  if (std::regex_match(what, part, kRange)) {
    const std::string min = part[3];
    return fmt::format("{}: '{}': expected a {}number from {} to {}", part[1].str(), part[2].str(),
                       min.find('.') == std::string::npos ? "whole " : "", without_zeros(min), without_zeros(part[4]));
  }
  if (std::regex_match(what, part, kConversion)) {
    return fmt::format("{}: '{}': expected a number", part[1].str(), part[2].str());
  }
  if (std::regex_match(what, part, kChoice)) {
    std::string choices = part[3];
    std::vector<std::string> names;
    for (std::size_t at = 0; at < choices.size();) {
      const std::size_t end = std::min(choices.find(',', at), choices.size());
      names.push_back(choices.substr(at, end - at));
      at = end + 1;
    }
    return with_suggestion(
        fmt::format("{}: '{}': expected one of: {}", part[1].str(), part[2].str(), fmt::join(names, ", ")),
        part[2].str(), names);
  }
  return what;
}

/// "--help" behind the words, where the first of them is "help" and the others name a command; otherwise the words that
/// are to be parsed, and found to be wrong.
std::vector<std::string> without_help(CLI::App& root, std::vector<std::string> arguments) {
  const auto first =
      std::ranges::find_if(arguments, [](const std::string& word) { return word != "--json" && word != "--quiet"; });
  if (first == arguments.end() || *first != "help") return arguments;
  arguments.erase(first);
  CLI::App* app = &root;
  for (const std::string& word : arguments) {
    if (word.starts_with('-')) continue;
    const std::vector<std::string> names = subcommands_of(*app);
    if (names.empty()) break;  // a command's own arguments: nothing is run of what is to be explained
    if (std::ranges::find(names, word) == names.end()) return arguments;
    app = app->get_subcommand(word);
  }
  arguments.emplace_back("--help");
  return arguments;
}

void add_common_options(CLI::App& app, bool& json, bool& quiet, const std::string& group) {
  app.add_flag("--json", json, "One JSON document on stdout; progress stays on stderr")->group(group);
  app.add_flag("--quiet", quiet, "No progress on stderr")->group(group);
}

}  // namespace

CommandLine::CommandLine(std::function<std::string()> version, std::string footer)
    : app_{"Agents as actors: demos, benchmarks, nodes", "myelin"} {
  app_.set_help_flag("-h,--help", "What the command does, its options, and examples");
  app_.set_version_flag("--version", std::move(version), "Version, SIMD target and compute backends");
  app_.footer(std::move(footer));
  // Before the subcommand too, where many type them; the help names them where they belong.
  add_common_options(app_, json_, quiet_, "");
  app_.add_subcommand("help", "Explains a command: 'myelin help node' is 'myelin node --help'");
}

void CommandLine::add_group(const std::string& name, const std::string& summary, const std::string& footer) {
  app_.add_subcommand(name, summary)->footer(footer);
}

CLI::App& CommandLine::group_of(const std::string& path) {
  const std::size_t space = path.find(' ');
  return space == std::string::npos ? app_ : *app_.get_subcommand(path.substr(0, space));
}

void CommandLine::add(std::unique_ptr<Command> command) {
  const std::string path = command->path();
  CLI::App* const app = group_of(path).add_subcommand(path.substr(path.find(' ') + 1), command->summary());
  command->declare(*app);
  add_common_options(*app, json_, quiet_, "Output");
  apps_.push_back(app);
  commands_.push_back(std::move(command));
}

int CommandLine::run(int argc, const char* const* argv, Session& session) {
  const int status = dispatch(argc, argv, session);
  if (std::fflush(session.terminal.out) != 0 || std::ferror(session.terminal.out) != 0) {
    fmt::print(session.terminal.err, "myelin: cannot write to standard output; is the disk full?\n");
    return kExitFailure;
  }
  return status;
}

int CommandLine::dispatch(int argc, const char* const* argv, Session& session) {
  std::FILE* const err = session.terminal.err;
  const std::vector<std::string> arguments = without_help(app_, {argv + std::min(argc, 1), argv + argc});
  try {
    app_.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
  } catch (const CLI::CallForHelp&) {
    session.print_text(app_.help());
    return kExitOk;
  } catch (const CLI::CallForVersion& version) {
    session.print_text(std::string{version.what()} + '\n');
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    fmt::print(err, "myelin: {}\n", explain(arguments, error));
    return kExitUsage;
  }
  if (app_.get_subcommand("help")->parsed()) {  // nothing is run of what is to be explained
    fmt::print(err, "{}", app_.help());
    return kExitUsage;
  }
  session.json = json_;
  session.quiet = quiet_;
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    if (apps_[i]->parsed()) return execute(*commands_[i], session);
  }
  fmt::print(err, "{}", app_.help());  // A group alone, or nothing: show what there is.
  return kExitUsage;
}

int CommandLine::execute(Command& command, Session& session) const {
  Result<void> result;
  session.command = command.path();
  try {
    result = command.run(session);
  } catch (const std::exception& exception) {
    fmt::print(session.terminal.err, "myelin: internal error in '{}': {}\n", command.path(), exception.what());
    return kExitFailure;
  }
  const bool stopped = session.stop.stop_requested() && !command.ends_when_told();
  if (!result && !stopped) {
    const Error& error = result.error();
    fmt::print(session.terminal.err, "myelin: {}\n", error.message);
    if (session.json) {
      const auto code = static_cast<int>(error.code);
      session.print_json(
          nlohmann::json{{"error", {{"code", code}, {"name", to_string(error.code)}, {"message", error.message}}}});
    }
  }
  if (stopped) return kExitInterrupted;
  return command.exit_status(result.has_value());
}

std::string CommandLine::explain(const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  CLI::App* app = &app_;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.size() > 1 && argument.front() == '-') {
      const std::string name = argument.substr(0, argument.find('='));
      const CLI::Option* const option = app->get_option_no_throw(name);
      if (option == nullptr) {
        const std::string problem = fmt::format("unknown option '{}' for '{}'", name, words_of(*app));
        return see_help(with_suggestion(problem, name, options_of(*app)), *app);
      }
      if (option->get_items_expected_max() == 0 || name != argument) continue;
      if (++i == arguments.size()) return see_help(fmt::format("option '{}' needs a value", name), *app);
      continue;
    }
    const std::vector<std::string> names = subcommands_of(*app);
    if (names.empty()) {
      if (app->get_options([](const CLI::Option* option) { return option->get_positional(); }).empty()) {
        return see_help(fmt::format("unexpected argument '{}' for '{}'", argument, words_of(*app)), *app);
      }
      continue;
    }
    if (std::find(names.begin(), names.end(), argument) == names.end()) {
      const char* const in = app == &app_ ? "" : " of '";
      const std::string group = app == &app_ ? "" : words_of(*app) + '\'';
      const std::string problem = fmt::format("unknown subcommand '{}'{}{}", argument, in, group);
      return see_help(with_suggestion(problem, argument, names), *app);
    }
    app = app->get_subcommand(argument);
  }
  // The names are sound, so it is about a value.
  return see_help(problem_with_value(error.what()), *app);
}

}  // namespace myelin::tool
