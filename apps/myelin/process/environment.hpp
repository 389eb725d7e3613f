/// The process's environment variables, as a value, so that what depends on them can be tested.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::tool {

/// Immutable after construction. **Thread-safety**: thread-safe.
class Environment {
 public:
  /// The variables in force when it is called.
  [[nodiscard]] static Environment of_process();

  explicit Environment(std::map<std::string, std::string, std::less<>> variables) : variables_{std::move(variables)} {}

  /// The variable's value; nothing when it is unset or empty.
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;
  /// Names that begin so, of variables that are not empty.
  [[nodiscard]] std::vector<std::string> names_with(std::string_view prefix) const;

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace myelin::tool
