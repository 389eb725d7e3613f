#include "cli/session.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace myelin::tool {

void Session::print_text(std::string_view text) const { std::fwrite(text.data(), 1, text.size(), terminal.out); }

void Session::print_json(const nlohmann::json& document) const {
  nlohmann::json whole = document;
  if (whole.is_object() && !command.empty()) whole.emplace("command", command);
  print_text(whole.dump(2) + '\n');
}

void Session::warn(std::string_view text) const { fmt::print(terminal.err, "myelin: warning: {}\n", text); }

}  // namespace myelin::tool
