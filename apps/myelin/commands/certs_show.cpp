#include "commands/certs_show.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "myelin/network/certificates.hpp"
#include "terminal/table.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

/// Of a fingerprint, enough to tell a few authorities apart.
constexpr std::size_t kShownDigits = 16;

struct Shown {
  std::string folder;
  std::string name = {};
  std::string role = {};
  std::string cluster = {};
  std::string authority = {};  ///< Its fingerprint.
  std::optional<network::Validity> validity = {};
  std::string problem = {};  ///< Empty where there is none.
};

std::string day_of(std::chrono::system_clock::time_point time) { return fmt::format("{:%Y-%m-%d}", time); }
std::string instant_of(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(time));
}

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(file, ignored);
}

std::string text_in(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string problem_of(const network::Credentials& credentials, const network::Validity& validity) {
  const auto now = std::chrono::system_clock::now();
  if (!network::is_of_its_authority(credentials).value_or(false)) return "not signed by the authority in its ca.pem";
  if (now < validity.from) return "not good yet";
  if (now > validity.until) return "out of date: 'myelin certs new' makes another";
  return {};
}

/// What cannot be read says so in `problem`.
Shown look_at(const fs::path& folder) {
  Shown shown{.folder = folder.string()};
  const auto credentials = network::load_credentials(folder);
  if (!credentials) {
    shown.problem = credentials.error().message;
    return shown;
  }
  const auto name = network::node_of(*credentials);
  const auto role = network::role_of(*credentials);
  const auto validity = network::validity_of(*credentials);
  shown.authority = network::fingerprint_of(credentials->authority).value_or("");
  if (!name || !role || !validity) {
    shown.problem = "not made by 'myelin certs new'";
    return shown;
  }
  shown.name = *name;
  shown.role = to_string(*role);
  shown.cluster = network::cluster_of(*credentials).value_or("");
  shown.validity = *validity;
  shown.problem = problem_of(*credentials, *validity);
  return shown;
}

/// A node's own folder, or those in a folder of 'certs new'.
std::vector<fs::path> folders_in(const fs::path& folder) {
  if (is_there(folder / "node.pem")) return {folder};
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator{folder, ignored}) {
    if (is_there(entry.path() / "node.pem")) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

nlohmann::json to_json(const Shown& shown) {
  nlohmann::json document{{"folder", shown.folder},   {"name", shown.name},           {"role", shown.role},
                          {"cluster", shown.cluster}, {"authority", shown.authority}, {"problem", shown.problem}};
  if (shown.validity) {
    document["from"] = instant_of(shown.validity->from);
    document["until"] = instant_of(shown.validity->until);
  }
  return document;
}

}  // namespace

void CertsShow::declare(CLI::App& app) {
  app.add_option("dir", folder_, "A folder that 'certs new' has made, or one node's in it")
      ->required()
      ->type_name("DIR");
  app.footer(
      "Nodes believe each other whose certificates are of one authority (its fingerprint, SHA-256, is shown) and one\n"
      "cluster. Dates are UTC. Keys are never shown.\n\n"
      "Examples:\n"
      "  myelin certs show certs\n"
      "  myelin certs show certs/north --json");
}

Result<void> CertsShow::run(Session& session) {
  const fs::path folder = folder_;
  const fs::path authority_file = folder / "authority.pem";
  const std::vector<fs::path> folders = folders_in(folder);
  if (folders.empty() && !is_there(authority_file)) {
    return fail(Errc::not_found,
                fmt::format("'{}' holds no certificates: 'myelin certs new {} NODE' makes them", folder_, folder_));
  }
  std::vector<Shown> all;
  for (const fs::path& one : folders) all.push_back(look_at(one));

  std::optional<std::string> own;  // the folder's authority
  std::optional<network::Validity> own_validity;
  if (is_there(authority_file)) {
    const std::string certificate = text_in(authority_file);
    const auto fingerprint = network::fingerprint_of(certificate);
    if (!fingerprint) {
      return fail(Errc::corrupt_file, fmt::format("'{}': {}", authority_file.string(), fingerprint.error().message));
    }
    own = *fingerprint;
    if (auto validity = network::validity_of({.authority = {}, .certificate = certificate, .key = {}})) {
      own_validity = *validity;
    }
    for (Shown& shown : all) {
      if (shown.problem.empty() && shown.authority != *own) shown.problem = "of another authority than this folder's";
    }
  }
  if (session.json) {
    nlohmann::json certificates = nlohmann::json::array();
    for (const Shown& shown : all) certificates.push_back(to_json(shown));
    nlohmann::json document{{"dir", folder_}, {"certificates", std::move(certificates)}};
    if (own) document["authority"]["fingerprint"] = *own;
    if (own_validity) {
      document["authority"]["from"] = instant_of(own_validity->from);
      document["authority"]["until"] = instant_of(own_validity->until);
    }
    session.print_json(document);
    return {};
  }
  if (own) {
    session.print_text(fmt::format("authority {}{}\n\n", *own,
                                   own_validity ? ", good until " + day_of(own_validity->until) : std::string{}));
  }
  Table table{{{"name", Table::Align::left},
               {"role", Table::Align::left},
               {"cluster", Table::Align::left},
               {"good from", Table::Align::left},
               {"until", Table::Align::left},
               {"authority", Table::Align::left},
               {"folder", Table::Align::left},
               {"problem", Table::Align::left}}};
  for (const Shown& shown : all) {
    table.add_row({shown.name, shown.role, shown.cluster, shown.validity ? day_of(shown.validity->from) : "",
                   shown.validity ? day_of(shown.validity->until) : "", shown.authority.substr(0, kShownDigits),
                   shown.folder, shown.problem});
  }
  if (!all.empty()) session.print_text(table.to_string());
  return {};
}

}  // namespace myelin::tool
