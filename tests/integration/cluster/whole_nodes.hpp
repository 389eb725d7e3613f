/// Nodes in processes of their own, with certificates of one authority, configurations, and addresses that they keep.
#pragma once

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../node/node_child.hpp"
#include "expect_success.hpp"
#include "myelin/network/certificates.hpp"
#include "temporary_directory.hpp"

namespace myelin::test {

/// Sanitizers keep what was freed, and are slow.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

/// Looks now and then whether a condition holds, for a minute: nothing waits so long but on failure. Rarely enough that
/// looking takes no processor from the processes that are looked at.
template <class Condition>
[[nodiscard]] bool eventually(Condition&& condition) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

/// Where a node of this process can listen now and again, without being given a port by chance: the machine gives
/// 127.0.0.1 and high ports to others, and this address only to tests whose process has this one's number.
inline std::string loopback_address(std::size_t node) {
  const auto process = static_cast<unsigned>(::getpid());
  return "127." + std::to_string(64 + ((process >> 16) & 63)) + "." + std::to_string((process >> 8) & 255) + "." +
         std::to_string(process & 255) + ":" + std::to_string(7400 + node);
}

/// Bytes of memory that a process has; 0 if it is not there.
inline std::size_t resident_bytes(pid_t process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// How a node is started.
struct NodePlan {
  std::string name;
  std::string address;
  std::vector<std::string> seeds = {};
  std::string advertise = {};  ///< Empty: the address.
  std::string more = {};       ///< Behind its configuration.
  std::string cluster = "cluster";
};

/// Each node has an agent "greeter", and one "silent", which keeps what it is asked. **Thread-safety**:
/// thread-compatible.
class WholeNodes {
 public:
  static network::Validity this_year() {
    const auto now = std::chrono::system_clock::now();
    return {now - std::chrono::hours{1}, now + std::chrono::hours{24 * 365}};
  }
  [[nodiscard]] static network::CertificateAndKey new_authority() {
    auto made = network::make_authority("cluster", this_year());
    require_success(made);
    return *std::move(made);
  }

  [[nodiscard]] const network::CertificateAndKey& authority() const { return authority_; }
  [[nodiscard]] network::Credentials credentials(const std::string& name, network::Role role = network::Role::node) {
    auto made = network::make_credentials(authority_, "cluster", name, this_year(), role);
    require_success(made);
    return *std::move(made);
  }
  /// The node's certificate from now on, instead of one that start() makes.
  void save(const std::string& name, const network::Credentials& credentials) {
    require_success(network::save_credentials(credentials, folder_.path() / "certs" / name));
  }

  /// Starts it, and does not wait until it is ready.
  NodeChild& launch(const NodePlan& plan) {
    if (!std::filesystem::exists(folder_.path() / "certs" / plan.name)) save(plan.name, credentials(plan.name));
    const std::string seeds = nlohmann::json(plan.seeds).dump();
    const auto file = folder_.write(
        plan.name + ".toml", "[node]\ncluster = '" + plan.cluster + "'\nname = '" + plan.name + "'\nlisten = '" +
                                 plan.address + "'\nadvertise = '" + plan.advertise + "'\ndata = 'data-" + plan.name +
                                 "'\nseeds = " + seeds + "\n[tls]\ncerts = 'certs/" + plan.name +
                                 "'\n[plugins]\nfiles = ['" MYELIN_PLUGIN
                                 "']\n[[agent]]\ntype = 'greeter'\n[[agent]]\ntype = 'silent'\n" +
                                 plan.more);
    nodes_.erase(plan.name);
    return *(nodes_[plan.name] = std::make_unique<NodeChild>(folder_.path(), plan.name,
                                                             std::vector<std::string>{"--config", file.string()}));
  }
  NodeChild& start(const NodePlan& plan) {
    NodeChild& node = launch(plan);
    node.require_ready();
    return node;
  }
  [[nodiscard]] NodeChild& operator[](const std::string& name) { return *nodes_.at(name); }
  void kill(const std::string& name) {
    nodes_.at(name)->signal(SIGKILL);
    BOOST_TEST(nodes_.at(name)->wait() == 1000 + SIGKILL);
  }
  /// Told to end, and does.
  void terminate(const std::string& name) {
    BOOST_TEST(nodes_.at(name)->terminate() == 0, name << ": " << nodes_.at(name)->err());
  }
  /// All that run, told before any is waited for.
  void terminate_all(const std::vector<std::string>& names) {
    for (const std::string& name : names) nodes_.at(name)->signal(SIGTERM);
    for (const std::string& name : names) BOOST_TEST(nodes_.at(name)->wait() == 0, name << ": " << (*this)[name].err());
  }

 private:
  TemporaryDirectory folder_;
  network::CertificateAndKey authority_ = new_authority();
  std::map<std::string, std::unique_ptr<NodeChild>> nodes_;
};

}  // namespace myelin::test
