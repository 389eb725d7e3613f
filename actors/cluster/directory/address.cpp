#include "myelin/cluster/address.hpp"

#include <fmt/format.h>

#include "myelin/network/certificates.hpp"

namespace myelin::cluster {

namespace {

Result<AgentAddress> checked(AgentAddress address) {
  if (Result<void> named = network::check_name("node", address.node); !named) return tl::unexpected{named.error()};
  if (Result<void> named = network::check_name("agent", address.name); !named) return tl::unexpected{named.error()};
  return address;
}

}  // namespace

std::string to_string(const AgentAddress& address) { return fmt::format("{}/{}", address.node, address.name); }

Result<AgentAddress> parse_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no agent's address: that is NODE/NAME, e.g. north/greeter", text.substr(0, 256)));
  }
  return checked({std::string{text.substr(0, slash)}, std::string{text.substr(slash + 1)}});
}

void write_address(const AgentAddress& address, schema::AgentAddress::Builder builder) {
  builder.setNode(address.node);
  builder.setName(address.name);
}

Result<AgentAddress> read_address(schema::AgentAddress::Reader reader) {
  return checked({reader.getNode(), reader.getName()});
}

}  // namespace myelin::cluster
