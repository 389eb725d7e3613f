/// What a node proves itself with.
#pragma once

#include <filesystem>
#include <optional>

#include "myelin/base/result.hpp"
#include "myelin/network/certificates.hpp"
#include "node/node_config.hpp"

namespace myelin::tool {

struct NodeCredentials {
  network::Credentials credentials;
  std::filesystem::path folder;
  bool made = false;  ///< Just now.
};

/// From the folder that the configuration names; or from DATA/certs/NODE, where a node that listens on this machine
/// only makes them at its first start, with an authority, and the certificate of an operator, in DATA/certs. Nothing
/// where it is to be insecure.
/// **Errors**: invalid_argument, with the remedy: certificates for another node, or none where they cannot be made;
/// those of network::load_credentials().
[[nodiscard]] Result<std::optional<NodeCredentials>> node_credentials(const NodeConfig& config);

/// Whether an address is this machine's alone, as far as its text says.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace myelin::tool
