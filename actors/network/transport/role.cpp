#include "myelin/network/role.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace myelin::network {

namespace {

constexpr std::array kNames{std::pair{Role::node, std::string_view{"node"}},
                            std::pair{Role::operator_, std::string_view{"operator"}},
                            std::pair{Role::read_only, std::string_view{"read-only"}}};

}  // namespace

std::string_view to_string(Role role) noexcept {
  for (const auto& [named, name] : kNames) {
    if (named == role) return name;
  }
  return "unknown";
}

Result<Role> parse_role(std::string_view text) {
  for (const auto& [role, name] : kNames) {
    if (name == text) return role;
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no role: there are node, operator and read-only", text.substr(0, 64)));
}

}  // namespace myelin::network
