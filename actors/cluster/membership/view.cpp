#include "myelin/cluster/view.hpp"

#include <algorithm>

namespace myelin::cluster {

std::string_view to_string(MemberState state) noexcept {
  switch (state) {
    case MemberState::up: return "up";
    case MemberState::down: return "down";
    case MemberState::left: return "left";
  }
  return "unknown";
}

const Member* View::find(std::string_view node) const noexcept {
  const auto found = std::ranges::find(members, node, &Member::node);
  return found == members.end() ? nullptr : &*found;
}

std::size_t View::count(MemberState state) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(members, state, &Member::state));
}

}  // namespace myelin::cluster
