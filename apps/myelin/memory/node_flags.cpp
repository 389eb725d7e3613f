#include "memory/node_flags.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <utility>

namespace myelin::tool {

void NodeFlags::declare(CLI::App& app) {
  app.add_option("--cluster", cluster, "Only nodes of one cluster talk to each other")
      ->type_name("NAME")
      ->capture_default_str();
  auto* const folder =
      app.add_option("--certs", certificates, "This node's certificate and key, and the cluster's authority")
          ->type_name("DIR");
  app.add_flag("--insecure", insecure, "No TLS: whoever reaches a port is believed")->excludes(folder);
}

Result<network::NodeOptions> NodeFlags::options(std::string name) const {
  network::NodeOptions options{.cluster = cluster, .name = std::move(name), .listen = {}, .insecure = insecure};
  if (insecure) {
    if (options.name.empty()) options.name = fmt::format("client-{}", ::getpid());
    return options;
  }
  if (certificates.empty()) {
    return fail(Errc::invalid_argument,
                "nodes prove who they are: name a folder with --certs ('myelin certs new' makes them), or try "
                "things out on this machine with --insecure");
  }
  auto credentials = network::load_credentials(certificates);
  if (!credentials) {
    return fail(credentials.error().code, credentials.error().message + "; 'myelin certs new' makes such a folder");
  }
  if (options.name.empty()) {
    auto certified = network::node_of(*credentials);
    if (!certified) return tl::unexpected{certified.error()};
    options.name = *std::move(certified);
  }
  options.credentials = std::move(*credentials);
  return options;
}

}  // namespace myelin::tool
