#include "commands/certs_new.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "myelin/network/certificates.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;
using network::CertificateAndKey;

/// The folder's authority, made where there is none.
Result<CertificateAndKey> authority_in(const fs::path& folder, const std::string& cluster,
                                       const network::Validity& validity, bool& is_new) {
  std::error_code ignored;
  is_new = !fs::exists(folder / "authority.key", ignored);
  if (!is_new) return network::load_authority(folder);
  auto made = network::make_authority(cluster, validity);
  if (!made) return made;
  if (auto saved = network::save_authority(*made, folder); !saved) return tl::unexpected{saved.error()};
  return made;
}

}  // namespace

void CertsNew::declare(CLI::App& app) {
  constexpr unsigned kDaysMax = 36'500;
  app.add_option("dir", folder_, "Holds the authority, and a folder for each node")->required()->type_name("DIR");
  app.add_option("nodes", nodes_, "Names of nodes (validators, and whoever asks them), or of people")
      ->required()
      ->type_name("NODE...");
  app.add_option("--cluster", cluster_, "The cluster's name")->type_name("NAME")->capture_default_str();
  app.add_option("--role", role_,
                 "What they are for: 'node'; 'operator', for a person who changes things; 'read-only', who looks")
      ->check(CLI::IsMember({"node", "operator", "read-only"}))
      ->type_name("ROLE")
      ->capture_default_str();
  app.add_option("--days", days_, "How long certificates are good")
      ->check(CLI::Range(1U, kDaysMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.footer(
      "Who has 'authority.key' can let nodes in: keep it where no node is. Each node needs its own folder only. Run "
      "it\n"
      "again with the same directory for further ones; nothing is overwritten.\n\n"
      "Examples:\n"
      "  myelin certs new certs north east south west client\n"
      "  myelin certs new certs ada --role operator    # for 'myelin status' and its like\n"
      "  scp -r certs/north 10.0.0.1:/etc/myelin/certs/    # and there: chown it to the user that runs the node");
}

Result<void> CertsNew::run(Session& session) {
  const network::Validity validity = network::valid_for(std::chrono::hours{24} * days_);
  const fs::path folder = folder_;
  const auto role = network::parse_role(role_);
  if (!role) return tl::unexpected{role.error()};
  for (const std::string& node : nodes_) {
    if (auto good = network::check_name("node", node); !good) return good;
    if (std::error_code ignored; fs::exists(folder / node, ignored)) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' is there already; certificates are never overwritten", (folder / node).string()));
    }
  }
  bool is_new = false;
  const auto authority = authority_in(folder, cluster_, validity, is_new);
  if (!authority) return tl::unexpected{authority.error()};
  for (const std::string& node : nodes_) {
    const auto credentials = network::make_credentials(*authority, cluster_, node, validity, *role);
    if (!credentials) return tl::unexpected{credentials.error()};
    if (auto saved = network::save_credentials(*credentials, folder / node); !saved) return saved;
  }
  if (session.json) {
    session.print_json(
        {{"command", path()}, {"dir", folder_}, {"nodes", nodes_}, {"role", role_}, {"made_authority", is_new}});
  } else {
    session.print_text(fmt::format("{} certificate{} in '{}', good for {} days\n", nodes_.size(),
                                   nodes_.size() == 1 ? "" : "s", folder_, days_));
  }
  return {};
}

}  // namespace myelin::tool
