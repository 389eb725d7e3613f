/// Who is in the cluster, as one node sees it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace myelin::cluster {

enum class MemberState : std::uint8_t {
  up,    ///< Reached, by this node or by way of others.
  down,  ///< Not reached: it has ended, hangs, or is cut off.
  left,  ///< It has said goodbye.
};

/// "up", "down", "left". **Thread-safety**: thread-safe.
[[nodiscard]] std::string_view to_string(MemberState state) noexcept;

struct Member {
  std::string node;
  std::string address;  ///< "host:port"; empty where nobody can dial it.
  MemberState state = MemberState::down;
  bool connected = false;  ///< To this node; true for itself.
  std::uint64_t incarnation = 0;
  std::vector<std::string> tags = {};

  friend bool operator==(const Member&, const Member&) = default;
};

/// All that are known, by name; the node itself is among them.
struct View {
  std::vector<Member> members;

  /// Null if nobody is known by that name. Valid as long as the view.
  [[nodiscard]] const Member* find(std::string_view node) const noexcept;
  [[nodiscard]] std::size_t count(MemberState state) const noexcept;

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace myelin::cluster
