/// An agent anywhere in the cluster.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/cluster.capnp.h"

namespace myelin::cluster {

/// What a handle is turned into to be sent in a message, and back into one where it arrives: Cluster::address_of()
/// and Cluster::resolve().
struct AgentAddress {
  std::string node;
  std::string name;

  friend auto operator<=>(const AgentAddress&, const AgentAddress&) = default;
};

/// "node/name". **Thread-safety**: thread-safe, as all of these.
[[nodiscard]] std::string to_string(const AgentAddress& address);
/// **Errors**: invalid_argument for what is not two names with a slash between them.
[[nodiscard]] Result<AgentAddress> parse_address(std::string_view text);

void write_address(const AgentAddress& address, schema::AgentAddress::Builder builder);
/// **Errors**: invalid_argument, for names that nothing can have.
[[nodiscard]] Result<AgentAddress> read_address(schema::AgentAddress::Reader reader);

}  // namespace myelin::cluster
