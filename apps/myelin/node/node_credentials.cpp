#include "node/node_credentials.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <system_error>

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kGoodFor{24 * 3650};
/// Whose certificate is made with the node's own.
constexpr std::string_view kOperator = "operator";

Result<void> make_credentials(const fs::path& folder, const NodeConfig& config) {
  const network::Validity validity = network::valid_for(kGoodFor);
  std::error_code ignored;
  const bool is_new = !fs::exists(folder / "authority.key", ignored);
  const auto authority = is_new ? network::make_authority(config.cluster, validity) : network::load_authority(folder);
  if (!authority) return tl::unexpected{authority.error()};
  if (is_new) {
    if (const auto saved = network::save_authority(*authority, folder); !saved) return saved;
  }
  const auto make = [&](const std::string& name, network::Role role) -> Result<void> {
    if (fs::exists(folder / name, ignored)) return {};
    const auto made = network::make_credentials(*authority, config.cluster, name, validity, role);
    if (!made) return tl::unexpected{made.error()};
    return network::save_credentials(*made, folder / name);
  };
  if (const auto done = make(config.node_name(), network::Role::node); !done) return done;
  return make(std::string{kOperator}, network::Role::operator_);
}

}  // namespace

bool is_loopback(std::string_view address) {
  const auto host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

Result<std::optional<NodeCredentials>> node_credentials(const NodeConfig& config) {
  if (config.insecure) return std::nullopt;
  NodeCredentials found;
  const std::string name = config.node_name();
  if (!config.certs.empty()) {
    found.folder = config.certs;
  } else {
    const fs::path folder = fs::path{config.data} / "certs";
    found.folder = folder / name;
    std::error_code ignored;
    if (!fs::exists(found.folder, ignored)) {
      if (!is_loopback(config.listen)) {
        return fail(Errc::invalid_argument,
                    fmt::format("it is to listen on {}, where others can reach it, and has no certificate: 'myelin "
                                "certs new certs {}' makes one, and [tls] certs names its folder",
                                config.listen, name));
      }
      if (const auto made = make_credentials(folder, config); !made) return tl::unexpected{made.error()};
      found.made = true;
    }
  }
  auto loaded = network::load_credentials(found.folder);
  if (!loaded) {
    return fail(loaded.error().code, loaded.error().message + "; 'myelin certs new' makes such a folder");
  }
  const auto certified = network::node_of(*loaded);
  if (!certified) return tl::unexpected{certified.error()};
  const auto role = network::role_of(*loaded);
  if (!role) return tl::unexpected{role.error()};
  if (*certified != name || *role != network::Role::node) {
    return fail(Errc::invalid_argument,
                fmt::format("the certificate in '{}' is for the {} '{}', and this is the node '{}': name the folder of "
                            "its own, or give the node that name",
                            found.folder.string(), network::to_string(*role), *certified, name));
  }
  const auto validity = network::validity_of(*loaded);
  if (!validity) return tl::unexpected{validity.error()};
  // One that is not good yet may be so when the clock is set.
  if (std::chrono::system_clock::now() > validity->until) {
    return fail(
        Errc::invalid_argument,
        fmt::format("the certificate in '{}' was good until {:%F %T} UTC, and no node would believe it: 'myelin "
                    "certs new' makes another",
                    found.folder.string(), fmt::gmtime(std::chrono::system_clock::to_time_t(validity->until))));
  }
  found.credentials = *std::move(loaded);
  return found;
}

}  // namespace myelin::tool
