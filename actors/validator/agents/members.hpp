/// Where agents of a committee's members are reached, in their processes.
#pragma once

#include <memory>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/directory.hpp"

namespace myelin::validator {

/// What each member's node publishes by that name; for the node's own: no agent. The node keeps a connection from now
/// on to all that have an address. **Errors**: invalid_argument for a member without a name; those of
/// network::Node::find() and add_peer().
[[nodiscard]] Result<std::shared_ptr<Directory>> find_members(network::Node& node, const CommitteeFile& committee,
                                                              std::string_view name);

}  // namespace myelin::validator
