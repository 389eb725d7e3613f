#include "commands/certs_new.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "myelin/network/certificates.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;
using network::CertificateAndKey;

// A clock that is a little behind must not find a new certificate not good yet.
constexpr std::chrono::hours kBackdated{1};

Result<std::string> read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    return fail(Errc::io_error,
                fmt::format("cannot read '{}': {}", path.string(), std::generic_category().message(errno)));
  }
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

/// To a new file. **Errors**: io_error.
Result<void> write(const fs::path& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool is_written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  is_written = is_written && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (is_written) return {};
  return fail(Errc::io_error,
              fmt::format("cannot write '{}': {}", path.string(), std::generic_category().message(error)));
}

/// The folder's authority, made where there is none.
Result<CertificateAndKey> authority_in(const fs::path& folder, const std::string& cluster,
                                       const network::Validity& validity, bool& is_new) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return fail(Errc::io_error, fmt::format("cannot make '{}': {}", folder.string(), failed.message()));
  is_new = !fs::exists(folder / "authority.key", failed);
  if (!is_new) {
    auto certificate = read(folder / "authority.pem");
    if (!certificate) return tl::unexpected{certificate.error()};
    auto key = read(folder / "authority.key");
    if (!key) return tl::unexpected{key.error()};
    return CertificateAndKey{*std::move(certificate), *std::move(key)};
  }
  auto made = network::make_authority(cluster, validity);
  if (!made) return made;
  if (auto written = write(folder / "authority.pem", made->certificate, 0644); !written) {
    return tl::unexpected{written.error()};
  }
  if (auto written = write(folder / "authority.key", made->key, 0600); !written) {
    return tl::unexpected{written.error()};
  }
  return made;
}

}  // namespace

void CertsNew::declare(CLI::App& app) {
  constexpr unsigned kDaysMax = 36'500;
  app.add_option("dir", folder_, "Holds the authority, and a folder for each node")->required()->type_name("DIR");
  app.add_option("nodes", nodes_, "Names of nodes: validators, and whoever asks them")
      ->required()
      ->type_name("NODE...");
  app.add_option("--cluster", cluster_, "The cluster's name")->type_name("NAME")->capture_default_str();
  app.add_option("--days", days_, "How long certificates are good")
      ->check(CLI::Range(1U, kDaysMax).description(""))
      ->type_name("N")
      ->capture_default_str();
  app.footer(
      "Who has 'authority.key' can let nodes in: keep it where no node is. Each node needs its own folder only. Run "
      "it\n"
      "again with the same directory for further nodes; nothing is overwritten.\n\n"
      "Examples:\n"
      "  myelin certs new certs north east south west client\n"
      "  scp -r certs/north 10.0.0.1:/etc/myelin/");
}

Result<void> CertsNew::run(Session& session) {
  const auto now = std::chrono::system_clock::now();
  const network::Validity validity{now - kBackdated, now + std::chrono::hours{24} * days_};
  const fs::path folder = folder_;
  for (const std::string& node : nodes_) {
    if (auto good = network::check_name("a node's name", node); !good) return good;
    if (std::error_code ignored; fs::exists(folder / node, ignored)) {
      return fail(Errc::invalid_argument,
                  fmt::format("'{}' is there already; certificates are never overwritten", (folder / node).string()));
    }
  }
  bool is_new = false;
  const auto authority = authority_in(folder, cluster_, validity, is_new);
  if (!authority) return tl::unexpected{authority.error()};
  for (const std::string& node : nodes_) {
    const auto credentials = network::make_credentials(*authority, cluster_, node, validity);
    if (!credentials) return tl::unexpected{credentials.error()};
    if (auto saved = network::save_credentials(*credentials, folder / node); !saved) return saved;
  }
  if (session.json) {
    session.print_json({{"command", path()}, {"dir", folder_}, {"nodes", nodes_}, {"made_authority", is_new}});
  } else {
    session.print_text(fmt::format("{} certificate{} in '{}', good for {} days\n", nodes_.size(),
                                   nodes_.size() == 1 ? "" : "s", folder_, days_));
  }
  return {};
}

}  // namespace myelin::tool
