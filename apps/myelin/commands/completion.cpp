#include "commands/completion.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cli/command_tree.hpp"

namespace myelin::tool {

namespace {

const CLI::App& root_of(const CLI::App& app) {
  const CLI::App* root = &app;
  while (root->get_parent() != nullptr) root = root->get_parent();
  return *root;
}

void print(const Session& session, const std::string& text) {
  if (session.json) {
    session.print_json({{"text", text}});
  } else {
    session.print_text(text);
  }
}

}  // namespace

void Completion::declare(CLI::App& app) {
  app_ = &app;
  app.add_option("shell", shell_, "bash (also for zsh), or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "fish"}))
      ->type_name("SHELL");
  app.footer(
      "Examples:\n"
      "  source <(myelin completion bash)             # in this shell; zsh: after 'autoload bashcompinit; "
      "bashcompinit'\n"
      "  myelin completion fish > ~/.config/fish/completions/myelin.fish");
}

Result<void> Completion::run(Session& session) {
  print(session, shell_ == "fish" ? fish_completion(root_of(*app_)) : bash_completion(root_of(*app_)));
  return {};
}

void Manual::declare(CLI::App& app) {
  app_ = &app;
  app.footer(
      "Examples:\n"
      "  myelin manual | man -l -\n"
      "  myelin manual > /usr/local/share/man/man1/myelin.1");
}

Result<void> Manual::run(Session& session) {
  print(session, manual_page(root_of(*app_), fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)))));
  return {};
}

}  // namespace myelin::tool
