#include "cli/command_tree.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <functional>
#include <sstream>
#include <string_view>
#include <vector>

namespace myelin::tool {

namespace {

std::vector<const CLI::App*> children_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* child) { return !child->get_name().empty(); });
}

/// "--listen", "-f", ...: as they are typed.
std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

/// Of "ROLE:{node,operator}", as CLI11 names the type of what has choices: these.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t begin = type.find('{');
  const std::size_t end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  std::istringstream list{type.substr(begin + 1, end - begin - 1)};
  for (std::string choice; std::getline(list, choice, ',');) choices.push_back(choice);
  return choices;
}

/// Calls `each` with every command and its words, e.g. "demo digits"; groups and the root too.
void walk(const CLI::App& app, const std::string& words,
          const std::function<void(const CLI::App&, const std::string&)>& each) {
  each(app, words);
  for (const CLI::App* child : children_of(app)) {
    walk(*child, words.empty() ? child->get_name() : words + ' ' + child->get_name(), each);
  }
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& apps) {
  std::vector<std::string> names;
  for (const CLI::App* app : apps) names.push_back(app->get_name());
  return names;
}

/// What is true of all commands.
constexpr std::string_view kSections =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nDone; of a node: it was told to end, and did.\n"
    ".TP\n.B 1\nIt failed, and said why on standard error.\n"
    ".TP\n.B 2\nThe command line makes no sense; nothing was done.\n"
    ".TP\n.B 3 to 6\nOf \\fBmyelin node\\fR alone: its description above says which.\n"
    ".TP\n.B 130\nInterrupted: Ctrl\\-C, SIGTERM, or the end of its terminal.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B MYELIN_SECTION_KEY\nEach key of a node's configuration, e.g. MYELIN_NODE_LISTEN; 'myelin config show' "
    "lists the keys.\n"
    ".TP\n.B MYELIN_DATA_DIR, XDG_CACHE_HOME, HOME\nWhere the demos' data are looked for: there, or in the folder "
    "myelin of the cache.\n"
    ".TP\n.B NO_COLOR, TERM, LC_ALL, LC_CTYPE, LANG\nWhether colour and UTF\\-8 are used.\n"
    ".TP\n.B TMPDIR\nWhere demos and benchmarks make folders that go when they end.\n"
    ".TP\n.B NOTIFY_SOCKET\nSet by systemd, which is told when a node is ready.\n"
    ".SH FILES\n"
    ".TP\n.I myelin\\-cluster/\nA cluster of 'myelin cluster up', unless \\-\\-dir names another folder: its list of "
    "nodes (cluster.json), their certificates, and a folder a node.\n"
    ".TP\n.I myelin\\-memory/\nA shared memory of 'myelin memory', unless \\-\\-dir names another.\n"
    ".TP\n.I /etc/myelin/NAME.toml, /var/lib/myelin/NAME/\nConfiguration and data of the node that systemd runs as "
    "myelin\\-node@NAME.\n"
    ".TP\n.I ~/.cache/myelin/\nData of the demos, as scripts/fetch\\-digits has fetched them.\n";

/// For roff: no line is taken for a request, and hyphens stay hyphens.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char letter : text) {
    if (begins && (letter == '.' || letter == '\'')) out += "\\&";
    if (letter == '\\') {
      out += "\\e";
    } else if (letter == '-') {
      out += "\\-";
    } else {
      out += letter;
    }
    begins = letter == '\n';
  }
  return out;
}

std::string quoted_for_fish(std::string text) {
  for (std::size_t at = 0; (at = text.find_first_of("'\\", at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return '\'' + text + '\'';
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::string cases;
  std::string values;
  walk(root, {}, [&](const CLI::App& app, const std::string& words) {
    for (const CLI::Option* option : app.get_options()) {
      const std::vector<std::string> known = choices_of(*option);
      if (known.empty()) continue;
      // What stands without an option before it has an empty one.
      std::vector<std::string> names{option->get_positional() ? "" : "--" + option->get_lnames().front()};
      values += fmt::format("    '{} {}') echo '{}' ;;\n", words, names.front(), fmt::join(known, " "));
    }
    std::vector<std::string> choices = names_of(children_of(app));
    for (std::string& flag : flags_of(app)) choices.push_back(std::move(flag));
    cases += fmt::format("    '{}') choices='{}' ;;\n", words, fmt::join(choices, " "));
  });
  return fmt::format(
      "# Completion for myelin: 'myelin completion bash > /etc/bash_completion.d/myelin', or 'source <(myelin "
      "completion "
      "bash)'.\n"
      "_myelin() {{\n"
      "  local word path='' choices='' i\n"
      "  for ((i = 1; i < COMP_CWORD; ++i)); do\n"
      "    word=${{COMP_WORDS[i]}}\n"
      "    [[ $word == -* ]] && continue\n"
      "    case \" $(_myelin_children \"$path\") \" in\n"
      "      *\" $word \"*) path=\"${{path:+$path }}$word\" ;;\n"
      "    esac\n"
      "  done\n"
      "  choices=$(_myelin_values \"$path ${{COMP_WORDS[COMP_CWORD-1]}}\")\n"
      "  [[ $choices ]] || choices=\"$(_myelin_choices \"$path\") $(_myelin_values \"$path \")\"\n"
      "  COMPREPLY=($(compgen -W \"$choices\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "}}\n"
      "_myelin_choices() {{\n"
      "  local choices=''\n"
      "  case $1 in\n{}  esac\n"
      "  echo \"$choices\"\n"
      "}}\n"
      "_myelin_values() {{\n"
      "  case $1 in\n{}  esac\n"
      "}}\n"
      "_myelin_children() {{\n"
      "  local choice\n"
      "  for choice in $(_myelin_choices \"$1\"); do [[ $choice == -* ]] || echo -n \"$choice \"; done\n"
      "}}\n"
      "complete -o default -F _myelin myelin\n",
      cases, values);
}

std::string fish_completion(const CLI::App& root) {
  std::string out = "# Completion for myelin: 'myelin completion fish > ~/.config/fish/completions/myelin.fish'.\n";
  walk(root, {}, [&](const CLI::App& app, const std::string& words) {
    const auto children = children_of(app);
    const std::string seen = words.empty()
                                 ? std::string{}
                                 : fmt::format("__fish_seen_subcommand_from {}", words.substr(words.rfind(' ') + 1));
    const std::string nothing_yet =
        fmt::format("not __fish_seen_subcommand_from {}", fmt::join(names_of(children), " "));
    const std::string condition = words.empty() ? nothing_yet : seen + "; and " + nothing_yet;
    for (const CLI::App* child : children) {
      out += fmt::format("complete -c myelin -f -n {} -a {} -d {}\n", quoted_for_fish(condition), child->get_name(),
                         quoted_for_fish(child->get_description()));
    }
    if (!children.empty()) return;
    for (const CLI::Option* option : app.get_options()) {
      const std::vector<std::string> known = choices_of(*option);
      const std::string values =
          known.empty() ? "" : fmt::format(" -x -a {}", quoted_for_fish(fmt::format("{}", fmt::join(known, " "))));
      if (option->get_positional() && !known.empty()) {
        out += fmt::format("complete -c myelin -n {}{}\n", quoted_for_fish(seen), values);
      }
      for (const std::string& name : option->get_lnames()) {
        out += fmt::format("complete -c myelin -n {} -l {}{} -d {}\n", quoted_for_fish(seen), name, values,
                           quoted_for_fish(option->get_description()));
      }
    }
  });
  return out;
}

std::string manual_page(const CLI::App& root, const std::string& date) {
  std::string out = fmt::format(
      ".TH MYELIN 1 \"{}\" \"{}\" \"User Commands\"\n.SH NAME\nmyelin \\- {}\n.SH SYNOPSIS\n.B myelin\n.I command\n"
      "[\\fIoptions\\fR]\n.SH COMMANDS\n",
      date, roff(root.version().substr(0, root.version().find('\n'))), roff(root.get_description()));
  walk(root, {}, [&](const CLI::App& app, const std::string& words) {
    if (words.empty() || !children_of(app).empty()) return;
    out += fmt::format(".SS {}\n{}\n", roff("myelin " + words), roff(app.get_description()));
    for (const CLI::Option* option : app.get_options()) {
      const std::string name = option->get_positional() ? option->get_name(true) : option->get_name(false, true);
      const std::string type = option->get_type_name();
      out += fmt::format(".TP\n.B {}{}\n{}\n", roff(name), type.empty() ? "" : " \\fI" + roff(type) + "\\fR",
                         roff(option->get_description()));
    }
    if (!app.get_footer().empty()) out += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(app.get_footer()));
  });
  out += kSections;
  out += fmt::format(".SH NOTES\n.nf\n{}\n.fi\n", roff(root.get_footer()));
  return out;
}

}  // namespace myelin::tool
