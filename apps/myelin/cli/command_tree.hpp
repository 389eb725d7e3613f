/// All commands and their options, written down for shells and for man.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace myelin::tool {

/// A script that completes commands and options; for zsh too, by its bashcompinit. **Requires**, of both: the root.
[[nodiscard]] std::string bash_completion(const CLI::App& root);
[[nodiscard]] std::string fish_completion(const CLI::App& root);
/// A page for man(1), with all commands. `date`: "2026-11-22".
[[nodiscard]] std::string manual_page(const CLI::App& root, const std::string& date);

}  // namespace myelin::tool
