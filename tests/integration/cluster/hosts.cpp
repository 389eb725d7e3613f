#include "hosts.hpp"

#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "temporary_directory.hpp"

namespace myelin::test {

namespace {

constexpr int kPort = 7400;

std::string path_of_ip() {
  for (const char* path : {"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

/// Runs `ip` with these commands. Returns what it complained about; empty if nothing.
std::string ip(const std::vector<std::string>& commands) {
  const TemporaryDirectory folder;
  std::string text;
  for (const std::string& command : commands) text += command + "\n";
  const std::string batch = folder.write("commands", text).string();
  const std::string errors = (folder.path() / "errors").string();
  std::string program = path_of_ip();
  std::array<std::string, 3> words{"ip", "-batch", batch};
  std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t child = 0;
  const int failed = ::posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return "cannot run " + program;
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status == 0) return {};
  return "ip: " + content_of(errors) + "(" + text + ")";
}

void require_ip(const std::vector<std::string>& commands) {
  const std::string complaint = ip(commands);
  BOOST_REQUIRE_MESSAGE(complaint.empty(), complaint);
}

bool write_setting(const std::string& file, const std::string& value) {
  std::ofstream stream{file};
  stream << value << std::flush;
  return stream.good();
}

int own_namespace() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

std::string inner_address(std::size_t host) { return "10.77." + std::to_string(host + 1) + ".2"; }
std::string outer_name(std::size_t host) { return "host" + std::to_string(host); }

/// A user that is root of namespaces of his own.
std::string become_own_root() {
  const std::string user = std::to_string(::getuid());
  const std::string group = std::to_string(::getgid());
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return std::string{"neither root nor a user with namespaces of his own: "} + std::strerror(errno);
  }
  if (!write_setting("/proc/self/setgroups", "deny") || !write_setting("/proc/self/uid_map", "0 " + user + " 1") ||
      !write_setting("/proc/self/gid_map", "0 " + group + " 1")) {
    return "the user's number cannot be mapped";
  }
  return {};
}

}  // namespace

std::string enter_own_network() {
  if (path_of_ip().empty()) return "there is no program 'ip' (Debian's package iproute2)";
  if (::unshare(CLONE_NEWNET) != 0) {
    if (std::string problem = become_own_root(); !problem.empty()) return problem;
  }
  // Of the machine's settings a new network has some: those that would hinder what this one is for.
  const std::string settings = "/proc/sys/net/ipv4/";
  if (!write_setting(settings + "ip_forward", "1") || !write_setting(settings + "conf/all/rp_filter", "0") ||
      !write_setting(settings + "conf/default/rp_filter", "0")) {
    return "the settings in /proc/sys/net/ipv4 cannot be written";
  }
  // All kinds of things that are used, once.
  return ip({"link set lo up", "link add name probe0 type veth peer name probe1", "link delete probe0",
             "rule add from 192.0.2.1 to 192.0.2.2 ipproto tcp dport 1 priority 1 blackhole",
             "rule delete priority 1"});
}

Hosts::Hosts(std::size_t count) {
  const int router = own_namespace();
  for (std::size_t host = 0; host < count; ++host) {
    BOOST_REQUIRE(::unshare(CLONE_NEWNET) == 0);
    namespaces_.push_back(own_namespace());
    BOOST_REQUIRE(::setns(router, CLONE_NEWNET) == 0);
    const std::string outer = outer_name(host);
    const std::string network = "10.77." + std::to_string(host + 1);
    require_ip(
        {"link add name " + outer + " type veth peer name cable",
         "link set dev cable netns /proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespaces_.back()),
         "address add " + network + ".1/24 dev " + outer, "link set dev " + outer + " up"});
    const Stay there{*this, host};
    require_ip({"link set dev lo up", "address add " + network + ".2/24 dev cable", "link set dev cable up",
                "route add default via " + network + ".1"});
  }
  ::close(router);
}

Hosts::~Hosts() {
  std::vector<std::string> commands;
  for (const std::string& rule : rules_) commands.push_back("rule delete " + rule);
  for (std::size_t host = 0; host < namespaces_.size(); ++host) commands.push_back("link delete " + outer_name(host));
  BOOST_TEST(ip(commands) == "");
  for (const int one : namespaces_) ::close(one);
}

std::string Hosts::address(std::size_t host) const { return inner_address(host) + ":" + std::to_string(kPort); }

Hosts::Stay::Stay(const Hosts& hosts, std::size_t host) : router_{own_namespace()} {
  BOOST_REQUIRE(::setns(hosts.namespaces_.at(host), CLONE_NEWNET) == 0);
}

Hosts::Stay::~Stay() {
  BOOST_TEST(::setns(router_, CLONE_NEWNET) == 0);
  ::close(router_);
}

void Hosts::add_rule(const std::string& rule) {
  // Each has a number of its own, below those of the rules that there are.
  const std::string numbered = "priority " + std::to_string(rules_.size() + 1) + " " + rule + " blackhole";
  require_ip({"rule add " + numbered});
  rules_.push_back(numbered);
}

void Hosts::lose(std::size_t from, std::size_t to) {
  add_rule("from " + inner_address(from) + " to " + inner_address(to));
}

void Hosts::lose_both_ways(std::size_t one, std::size_t other) {
  lose(one, other);
  lose(other, one);
}

void Hosts::lose_dialling(std::size_t from, std::size_t to) {
  add_rule("from " + inner_address(from) + " to " + inner_address(to) + " ipproto tcp dport " + std::to_string(kPort));
}

void Hosts::part(const std::vector<std::size_t>& one, const std::vector<std::size_t>& other) {
  for (const std::size_t here : one) {
    for (const std::size_t there : other) lose_both_ways(here, there);
  }
}

void Hosts::mend() {
  std::vector<std::string> commands;
  for (const std::string& rule : rules_) commands.push_back("rule delete " + rule);
  rules_.clear();
  require_ip(commands);
}

void Hosts::pull_plug(std::size_t host) { require_ip({"link set dev " + outer_name(host) + " down"}); }
void Hosts::plug_in(std::size_t host) { require_ip({"link set dev " + outer_name(host) + " up"}); }

}  // namespace myelin::test
