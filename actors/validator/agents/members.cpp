#include "agents/members.hpp"

#include <fmt/format.h>

#include <utility>

namespace myelin::validator {

Result<std::shared_ptr<Directory>> find_members(network::Node& node, const CommitteeFile& committee,
                                                std::string_view name) {
  auto directory = std::make_shared<Directory>(committee.members.size());
  for (std::size_t i = 0; i < committee.members.size(); ++i) {
    const Member& member = committee.members[i];
    if (member.name.empty()) {
      return fail(Errc::invalid_argument,
                  fmt::format("validator {} of the committee has no name: that of its node", i));
    }
    if (member.name == node.name()) continue;
    if (!member.address.empty()) {
      if (auto added = node.add_peer({member.name, member.address}); !added) return tl::unexpected{added.error()};
    }
    auto found = node.find(member.name, name);
    if (!found) return tl::unexpected{found.error()};
    directory->set(i, std::move(*found));
  }
  return directory;
}

}  // namespace myelin::validator
