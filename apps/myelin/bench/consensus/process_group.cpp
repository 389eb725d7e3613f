#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "bench/consensus/forger.hpp"
#include "bench/consensus/loaded_group.hpp"
#include "memory/connected_memory.hpp"
#include "myelin/network/certificates.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "process/child.hpp"
#include "process/cpu_time.hpp"
#include "process/line_child.hpp"
#include "process/temporary_folder.hpp"
#include "process/traffic.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::seconds kEndLimit{30};
/// What validators' nodes publish their doors as, each to the node of another.
constexpr const char* kDoorName = "validator-door";
constexpr const char* kClientName = "client";

std::string name_of(std::size_t validator) { return fmt::format("v{}", validator); }

/// A document that a child prints, which ends with a line "}".
Result<nlohmann::json> read_document(LineChild& child, std::chrono::milliseconds limit) {
  std::string text;
  while (true) {
    auto line = child.read_line(limit);
    if (!line) return tl::unexpected{line.error()};
    text += *line + '\n';
    if (*line != "}") continue;
    nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
    if (document.is_discarded()) return fail(Errc::io_error, "a validator's process said no JSON: " + text);
    return document;
  }
}

class ProcessGroup final : public LoadedGroup {
 public:
  explicit ProcessGroup(const GroupSetup& setup, TemporaryFolder folder)
      : is_insecure_{setup.hosting == Hosting::insecure_processes}, folder_{std::move(folder)} {}

  Result<void> start(const GroupSetup& setup, const std::stop_token& stop) {
    if (auto made = make_keys(setup.validators); !made) return made;
    if (auto made = make_certificates(setup.validators); !made) return made;
    const std::size_t honest = setup.validators - (setup.has_forger ? 1 : 0);
    for (std::size_t i = 0; i < honest; ++i) {
      if (auto started = start_validator(i); !started) return started;
    }
    if (setup.has_forger) {
      if (auto started = start_forger(honest); !started) return started;
    }
    const fs::path committee = folder_.path() / "committee.toml";
    if (auto saved = validator::save_committee_file(committee, committee_); !saved) return saved;
    NodeFlags flags;
    flags.insecure = is_insecure_;
    if (!is_insecure_) flags.certificates = certificates_of(kClientName).string();
    auto connected = ConnectedMemory::connect(committee, flags, kStartLimit, stop);
    if (!connected) return tl::unexpected{connected.error()};
    client_ = *std::move(connected);
    for (std::size_t i = 0; i < setup.crashed; ++i) children_.pop_back();
    return {};
  }

  Mesh& mesh() noexcept override { return client_->mesh(); }
  const Memory& memory() const noexcept override { return client_->memory(); }

  Used used() const override {
    Used used{process_cpu_time(), disk_bytes_of(::getpid()), loopback_bytes()};
    for (const LineChild& child : children_) {
      used.cpu += cpu_time_of(child.id());
      used.disk_bytes += disk_bytes_of(child.id());
    }
    return used;
  }

  Result<std::vector<Counts>> end() override {
    forger_node_.reset();
    std::vector<Counts> counts;
    for (LineChild& child : children_) {
      child.interrupt();
      const auto said = read_document(child, kEndLimit);
      if (!said) return tl::unexpected{said.error()};
      const auto count = [&](const char* name) { return said->value(name, std::uint64_t{0}); };
      counts.push_back({count("transactions"), count("signatures_checked"), count("signature_calls"),
                        count("log_bytes"), count("syncs"), count("letters_refused")});
    }
    return counts;
  }

 private:
  [[nodiscard]] fs::path folder_of(std::size_t validator) const { return folder_.path() / name_of(validator); }
  [[nodiscard]] fs::path certificates_of(const std::string& node) const { return folder_.path() / "certs" / node; }

  Result<void> make_keys(std::size_t validators) {
    for (std::size_t i = 0; i < validators; ++i) {
      std::error_code failed;
      fs::create_directories(folder_of(i), failed);
      if (failed)
        return fail(Errc::io_error, fmt::format("cannot make {}: {}", folder_of(i).string(), failed.message()));
      const auto key = validator::create_key_file(folder_of(i) / "key");
      if (!key) return tl::unexpected{key.error()};
      committee_.members.push_back({(*key)->public_key(), name_of(i), {}});
    }
    return {};
  }

  Result<void> make_certificates(std::size_t validators) {
    if (is_insecure_) return {};
    const network::Validity validity = network::valid_for(std::chrono::hours{24});
    const std::string cluster = NodeFlags{}.cluster;
    const auto authority = network::make_authority(cluster, validity);
    if (!authority) return tl::unexpected{authority.error()};
    for (std::size_t i = 0; i <= validators; ++i) {
      const std::string name = i < validators ? name_of(i) : kClientName;
      const auto credentials = network::make_credentials(*authority, cluster, name, validity);
      if (!credentials) return tl::unexpected{credentials.error()};
      if (auto saved = network::save_credentials(*credentials, certificates_of(name)); !saved) return saved;
    }
    return {};
  }

  /// On a port of its choice: it dials those that run already.
  Result<void> start_validator(std::size_t i) {
    const fs::path committee = folder_.path() / fmt::format("committee{}.toml", i);
    if (auto saved = validator::save_committee_file(committee, committee_); !saved) return saved;
    std::vector<std::string> words{own_executable().string(), "validator", "run", folder_of(i).string(), "--committee",
                                   committee.string(),        "--json"};
    if (is_insecure_) {
      words.push_back("--insecure");
    } else {
      words.insert(words.end(), {"--certs", certificates_of(name_of(i)).string()});
    }
    auto child = LineChild::start(words);
    if (!child) return tl::unexpected{child.error()};
    const auto said = read_document(*child, kStartLimit);
    if (!said) return tl::unexpected{said.error()};
    committee_.members[i].address = said->value("address", "");
    children_.push_back(*std::move(child));
    return {};
  }

  /// On a node of this process, which has the name and the certificate of the validator that it stands for.
  Result<void> start_forger(std::size_t self) {
    NodeFlags flags;
    flags.insecure = is_insecure_;
    if (!is_insecure_) flags.certificates = certificates_of(name_of(self)).string();
    auto options = flags.options(name_of(self));
    if (!options) return tl::unexpected{options.error()};
    options->listen = "127.0.0.1:0";
    forger_mesh_.emplace(MeshConfig{.workers = 1});
    auto node = network::Node::start(*forger_mesh_, *options);
    if (!node) return tl::unexpected{node.error()};
    forger_node_.emplace(*std::move(node));
    std::vector<AgentRef> doors;
    for (std::size_t i = 0; i < self; ++i) {
      if (auto added = forger_node_->add_peer({name_of(i), committee_.members[i].address}); !added) return added;
      if (auto there = forger_node_->wait_connected(name_of(i), kStartLimit); !there) return there;
      auto door = forger_node_->find(name_of(i), kDoorName);
      if (!door) return tl::unexpected{door.error()};
      doors.push_back(*std::move(door));
    }
    auto committee = validator::committee_of(committee_);
    if (!committee) return tl::unexpected{committee.error()};
    forger_mesh_->spawn<Forger>(*std::move(committee), static_cast<consensus::ValidatorIndex>(self), std::move(doors));
    return {};
  }

  bool is_insecure_;
  TemporaryFolder folder_;
  validator::CommitteeFile committee_;
  std::vector<LineChild> children_;
  std::unique_ptr<ConnectedMemory> client_;
  std::optional<Mesh> forger_mesh_;
  std::optional<network::Node> forger_node_;
};

}  // namespace

Result<std::unique_ptr<LoadedGroup>> start_processes(const GroupSetup& setup, const std::stop_token& stop) {
  auto folder = setup.folder.empty() ? TemporaryFolder::make("myelin-bench-")
                                     : TemporaryFolder::make_in(setup.folder, "myelin-bench-");
  if (!folder) return tl::unexpected{folder.error()};
  auto group = std::make_unique<ProcessGroup>(setup, *std::move(folder));
  if (auto started = group->start(setup, stop); !started) return tl::unexpected{started.error()};
  return group;
}

}  // namespace myelin::tool
