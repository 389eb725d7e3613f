#include "node/examination.hpp"

#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "myelin/actors/mesh.hpp"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/target.hpp"
#include "myelin/network/certificates.hpp"
#include "myelin/network/node.hpp"
#include "myelin/plugin/load.hpp"
#include "myelin/validator/committee_file.hpp"
#include "myelin/validator/key_file.hpp"
#include "node/builtin_types.hpp"
#include "node/data_folder.hpp"
#include "node/node_credentials.hpp"
#include "terminal/units.hpp"

namespace myelin::tool {

namespace {

namespace fs = std::filesystem;
using Verdict = Finding::Verdict;

constexpr std::uint64_t kMemoryBytes = std::uint64_t{512} << 20;
constexpr std::uint64_t kDiskBytes = std::uint64_t{1} << 30;
constexpr rlim_t kOpenFiles = 4096;
constexpr std::chrono::hours kSoon{24 * 30};
constexpr std::chrono::seconds kSeedLimit{2};
constexpr std::chrono::milliseconds kLook{10};

std::uint64_t available_memory() {
  std::ifstream file{"/proc/meminfo"};
  std::string name;
  std::uint64_t kibibytes = 0;
  for (std::string unit; file >> name >> kibibytes; std::getline(file, unit)) {
    if (name == "MemAvailable:") return kibibytes << 10;
  }
  return 0;
}

Finding processor() {
  const std::string target{kernels::simd_target()};
  const std::string what = fmt::format("{} threads, SIMD by {}", std::thread::hardware_concurrency(), target);
  if (target != "SSE2" && target != "SCALAR" && target != "EMU128") return {Verdict::well, "processor", what};
  return {Verdict::doubtful, "processor", what, "numeric work is several times faster with AVX2 or NEON"};
}

Finding gpu() {
  const auto devices = kernels::opencl_devices();
  if (devices.empty()) return {Verdict::well, "gpu", "none by OpenCL: kernels run on the processor"};
  return {Verdict::well, "gpu", fmt::format("{}{}", devices.front().name, devices.front().is_cpu ? " (the CPU)" : "")};
}

Finding memory() {
  const std::uint64_t bytes = available_memory();
  const std::string what = fmt::format("{} to be had", format_bytes(static_cast<double>(bytes)));
  if (bytes >= kMemoryBytes) return {Verdict::well, "memory", what};
  return {Verdict::doubtful, "memory", what, "end something else; a node with full windows to its peers needs 512 MiB"};
}

Finding open_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::string what = fmt::format("{} may be open at once", limit.rlim_cur);
  if (limit.rlim_cur >= kOpenFiles) return {Verdict::well, "open files", what};
  return {Verdict::doubtful, "open files", what,
          fmt::format("'ulimit -n {}', or LimitNOFILE= of the systemd unit", kOpenFiles)};
}

Finding clock_source() {
  timex state{};
  const int clock = ::adjtimex(&state);
  if (clock >= 0 && clock != TIME_ERROR) return {Verdict::well, "clock", "kept in step with others"};
  return {
      Verdict::doubtful, "clock", "nobody keeps it in step",
      "run a time service (chrony, systemd-timesyncd): certificates have dates, and a node that starts anew is known "
      "by its clock"};
}

/// The folder, or the next one above it that is there.
fs::path existing(fs::path path) {
  std::error_code ignored;
  for (path = fs::absolute(path, ignored); !path.empty() && !fs::exists(path, ignored) && path != path.parent_path();) {
    path = path.parent_path();
  }
  return path;
}

Finding data_folder(const NodeConfig& config, bool runs) {
  const fs::path there = existing(config.data);
  std::error_code error;
  const fs::space_info space = fs::space(there, error);
  if (::access(there.c_str(), W_OK) != 0) {
    return {Verdict::wrong, "data folder", fmt::format("'{}' cannot be written", there.string()),
            "give it to the node's user, or name another with [node] data"};
  }
  const std::string what =
      fmt::format("'{}', {} free{}", config.data, format_bytes(static_cast<double>(space.available)),
                  runs ? "; a node runs in it" : "");
  if (!error && space.available < kDiskBytes) {
    return {Verdict::doubtful, "data folder", what, "make room: a shared memory's log and state need some GiB"};
  }
  return {Verdict::well, "data folder", what};
}

Finding certificates(const NodeConfig& config, std::optional<network::Credentials>& credentials) {
  if (config.insecure) {
    const bool far = !is_loopback(config.listen);
    return {
        Verdict::doubtful, "certificates",
        fmt::format("none, for the node is to be insecure{}",
                    far ? fmt::format(": whoever reaches {} is believed, and can start agents", config.listen) : ""),
        far ? fmt::format("leave 'insecure' out; 'myelin certs new DIR {0}', and [tls] certs = \"DIR/{0}\"",
                          config.node_name())
            : "without 'insecure', a node that listens on this machine only makes its own"};
  }
  const fs::path folder =
      config.certs.empty() ? fs::path{config.data} / "certs" / config.node_name() : fs::path{config.certs};
  const std::string make =
      fmt::format("'myelin certs new DIR {}', and [tls] certs = \"DIR/{}\"", config.node_name(), config.node_name());
  std::error_code ignored;
  if (config.certs.empty() && !fs::exists(folder, ignored)) {
    if (is_loopback(config.listen)) {
      return {Verdict::well, "certificates", fmt::format("will be made in '{}' at the first start", folder.string())};
    }
    return {Verdict::wrong, "certificates",
            fmt::format("none, and the node is to listen on {}, where others reach it", config.listen), make};
  }
  auto loaded = network::load_credentials(folder);
  if (!loaded) return {Verdict::wrong, "certificates", loaded.error().message, make};
  const auto name = network::node_of(*loaded);
  const auto role = network::role_of(*loaded);
  const auto validity = network::validity_of(*loaded);
  if (!name || !role || !validity) return {Verdict::wrong, "certificates", "not made by 'myelin certs new'", make};
  if (*name != config.node_name() || *role != network::Role::node) {
    return {Verdict::wrong, "certificates",
            fmt::format("'{}' is for {} '{}', and the node is '{}'", folder.string(), to_string(*role), *name,
                        config.node_name()),
            make};
  }
  const auto now = std::chrono::system_clock::now();
  if (now < validity->from || now > validity->until) {
    return {Verdict::wrong, "certificates", fmt::format("'{}' is out of date", folder.string()), make};
  }
  const auto days = std::chrono::duration_cast<std::chrono::hours>(validity->until - now).count() / 24;
  credentials = *std::move(loaded);
  const std::string what = fmt::format("'{}', good for {} days", folder.string(), days);
  if (validity->until - now < kSoon) return {Verdict::doubtful, "certificates", what, make};
  return {Verdict::well, "certificates", what};
}

void examine_agents(const NodeConfig& config, const std::vector<plugin::AgentType>& program_types,
                    std::vector<Finding>& findings) {
  plugin::AgentTypes types;
  static_cast<void>(types.add(inference_type()));
  static_cast<void>(types.add_all(program_types));
  std::error_code ignored;
  bool all_loaded = true;
  for (const std::string& file : config.plugins) {
    const auto loaded = plugin::load_plugin(file, types);
    if (loaded) {
      findings.push_back(
          {Verdict::well, "plugin", fmt::format("'{}': {} types of agents", file, loaded->types.size())});
    } else {
      const bool there = fs::exists(file, ignored);
      findings.push_back({Verdict::wrong, "plugin", loaded.error().message,
                          there ? "build it against this Myelin" : "build it, or mend [plugins] files"});
      all_loaded = false;
    }
  }
  if (!all_loaded) return;  // what they have is not known
  if (!types.find(echo_type().name)) static_cast<void>(types.add(echo_type()));
  for (const AgentEntry& entry : config.agents) {
    const auto found = types.find(entry.type);
    if (found) continue;
    findings.push_back({Verdict::wrong, "agent", fmt::format("'{}': {}", entry.names().front(), found.error().message),
                        "mend its type, or name the plugin that has it in [plugins] files"});
  }
}

Finding validator_key(const NodeConfig& config) {
  const fs::path file = fs::path{config.validator} / "key";
  const auto key = validator::load_key_file(file);
  if (key) return {Verdict::well, "validator", fmt::format("its key is '{}'", file.string())};
  std::error_code ignored;
  return {Verdict::wrong, "validator", key.error().message,
          fs::exists(file, ignored) ? "see docs/operating.md" : fmt::format("'myelin keys new {}'", file.string())};
}

/// Listens and dials, as the node would.
void examine_network(const NodeConfig& config, const std::optional<network::Credentials>& credentials,
                     std::vector<Finding>& findings) {
  Mesh mesh{{.workers = 1}};
  network::NodeOptions options{.cluster = config.cluster, .name = config.node_name(), .listen = config.listen};
  options.insecure = config.insecure;
  options.credentials = credentials;
  options.seeds = config.seeds;
  // Earlier than any: where the node itself runs elsewhere, it must not lose its connections to this one.
  options.incarnation = 1;
  const auto node = network::Node::start(mesh, options);
  if (!node) {
    const bool address = node.error().code == Errc::io_error;
    findings.push_back({Verdict::wrong, address ? "address" : "network", node.error().message,
                        address ? "end what listens there, or take another port" : "mend what it says"});
    return;
  }
  findings.push_back({Verdict::well, "address", fmt::format("{} is free", node->address())});
  const auto answered = [](const network::SeedStatus& seed) { return !seed.node.empty(); };
  for (const auto end = std::chrono::steady_clock::now() + kSeedLimit; std::chrono::steady_clock::now() < end;) {
    const auto seeds = node->seeds();
    if (std::all_of(seeds.begin(), seeds.end(), answered)) break;
    std::this_thread::sleep_for(kLook);
  }
  for (const network::SeedStatus& seed : node->seeds()) {
    if (answered(seed)) {
      findings.push_back({Verdict::well, "seed", fmt::format("{} is node '{}'", seed.address, seed.node)});
    } else {
      const std::string why = seed.last_error.empty() ? "no answer" : seed.last_error;
      // It is there, and does not want this node; or has nothing to do with it.
      const bool refused = why.starts_with(to_string(Errc::access_denied));
      findings.push_back({refused ? Verdict::wrong : Verdict::doubtful, "seed",
                          fmt::format("{}: {}", seed.address, why),
                          refused ? "mend what it says: no firewall is in the way"
                                  : "one seed that answers is enough; is it started, and let through by firewalls?"});
    }
  }
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::well: return "well";
    case Verdict::doubtful: return "doubtful";
    case Verdict::wrong: return "wrong";
  }
  return "unknown";
}

std::vector<Finding> examine_machine() { return {processor(), gpu(), memory(), open_files(), clock_source()}; }

std::vector<Finding> examine_node(const NodeConfig& config, const std::vector<plugin::AgentType>& program_types) {
  std::vector<Finding> findings;
  std::error_code ignored;
  // Plugins first: while there are no threads that hold locks, for each is tried in a child process.
  examine_agents(config, program_types, findings);
  std::optional<DataFolder> taken;
  bool runs = false;
  if (fs::exists(fs::path{config.data} / "lock", ignored)) {
    auto folder = DataFolder::take(config.data);
    runs = !folder && folder.error().code == Errc::invalid_argument;
    if (folder) taken.emplace(*std::move(folder));
  }
  findings.push_back(data_folder(config, runs));
  std::optional<network::Credentials> credentials;
  findings.push_back(certificates(config, credentials));
  if (!config.committee.empty()) {
    const auto committee = validator::load_committee_file(config.committee);
    findings.push_back(
        committee
            ? Finding{Verdict::well, "committee", fmt::format("{} validators", committee->members.size())}
            : Finding{Verdict::wrong, "committee", committee.error().message, "docs/operating.md says how it is made"});
  }
  if (!config.validator.empty()) findings.push_back(validator_key(config));
  if (runs) {
    findings.push_back({Verdict::well, "network", "not tried: the node runs; 'myelin status' asks it"});
  } else if (credentials || config.insecure) {
    examine_network(config, credentials, findings);
  }
  return findings;
}

}  // namespace myelin::tool
