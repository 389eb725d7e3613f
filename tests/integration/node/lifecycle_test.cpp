// A node from its start to its end: ready, told to end, refused.
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstring>
#include <string>

#include "../program.hpp"
#include "node_child.hpp"
#include "temporary_directory.hpp"

using namespace myelin::test;

namespace {

const std::vector<std::string> kFreePort{"--listen", "127.0.0.1:0"};

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Runs a node that is to refuse to start, and returns how it ended and what it said.
std::pair<int, std::string> refused(const TemporaryDirectory& folder, const std::vector<std::string>& words) {
  NodeChild node{folder.path(), "refused", words};
  if (node.wait_ready()) BOOST_FAIL("it was to refuse: " + node.out());
  const int status = node.wait();
  return {status, node.err()};
}

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(node_lifecycle)

BOOST_AUTO_TEST_CASE(it_says_when_it_is_ready_and_ends_with_0_when_it_is_told_to) {
  const TemporaryDirectory folder;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    NodeChild node{
        folder.path(), "north",
        kFreePort + std::vector<std::string>{"--name", "north", "--data", (folder.path() / "data").string()}};
    node.require_ready();
    BOOST_TEST(node.said().at("node") == "north");
    BOOST_TEST(node.said().at("secure") == true);
    BOOST_TEST(node.address().starts_with("127.0.0.1:"));
    node.signal(signal);
    BOOST_TEST(node.wait() == 0, node.err());
    // What is for people at a terminal is not for a journal.
    BOOST_TEST(!says(node.err(), "interrupt again"), node.err());
    BOOST_TEST(!says(node.err(), "\n\n"), node.err());
  }
  // Made at the first start, kept at the second.
  BOOST_TEST(std::filesystem::exists(folder.path() / "data" / "certs" / "north" / "node.key"));
  BOOST_TEST(std::filesystem::exists(folder.path() / "data" / "certs" / "operator" / "node.pem"));
}

BOOST_AUTO_TEST_CASE(of_many_agents_the_first_are_named) {
  const TemporaryDirectory folder;
  const auto file = folder.write("node.toml",
                                 "[node]\nname = 'north'\nlisten = '127.0.0.1:0'\ndata = 'data'\nlog = 'node.log'\n"
                                 "[[agent]]\ntype = 'echo'\nname = 'parrot'\ncount = 1000\n");
  Drain err;
  Program program{{"node", "--config", file.string()}, err.write_end()};
  err.start();
  BOOST_TEST(comes_true([&] { return says(content_of(folder.path() / "data" / "node.log"), "is ready on"); }));
  program.signal(SIGTERM);
  const Outcome outcome = program.wait();
  static_cast<void>(err.finish());
  BOOST_TEST(outcome.status == 0);
  BOOST_TEST(says(outcome.out, "agents: parrot-1, parrot-2, "), outcome.out);
  BOOST_TEST(says(outcome.out, " and 990 more"), outcome.out);
  BOOST_TEST(outcome.out.size() < 500U);
}

BOOST_AUTO_TEST_CASE(under_nohup_the_end_of_its_terminal_is_not_its_end) {
  const TemporaryDirectory folder;
  const std::string data = (folder.path() / "data").string();
  Drain err;
  Program program{{"-c", "trap '' HUP; exec " MYELIN_BINARY " node --name north --listen 127.0.0.1:0 --log node.log "
                         "--data " +
                             data},
                  err.write_end(),
                  {},
                  "/bin/sh"};
  err.start();
  const auto logged = [&](std::string_view part) { return says(content_of(data + "/node.log"), part); };
  BOOST_TEST(comes_true([&] { return logged("is ready on"); }));
  program.signal(SIGHUP);
  // It still serves: what asks it afterwards is answered, and only then it is told to end.
  const std::string text = content_of(data + "/node.log");
  const std::size_t at = text.find("is ready on ") + std::string{"is ready on "}.size();
  const Outcome asked = run({"status", "--connect", text.substr(at, text.find(": ", at) - at), "--certs",
                             data + "/certs/operator", "--timeout", "60"});
  BOOST_TEST(asked.status == 0, asked.err);
  BOOST_TEST(!logged("stopping"));
  program.signal(SIGTERM);
  BOOST_TEST(program.wait().status == 0);
  static_cast<void>(err.finish());
}

BOOST_AUTO_TEST_CASE(systemd_is_told_that_it_is_ready_and_that_it_stops) {
  const TemporaryDirectory folder;
  const std::string path = (folder.path() / "notify").string();
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  BOOST_REQUIRE(socket >= 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  BOOST_REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  BOOST_REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto received = [&]() -> std::string {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 60'000) <= 0) return "nothing";
    std::array<char, 512> text{};
    const ssize_t size = ::recv(socket, text.data(), text.size(), 0);
    return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size))};
  };
  NodeChild node{folder.path(),
                 "it",
                 kFreePort + std::vector<std::string>{"--data", (folder.path() / "d").string()},
                 {"NOTIFY_SOCKET=" + path}};
  node.require_ready();
  const std::string ready = received();
  BOOST_TEST(ready.starts_with("READY=1\nSTATUS="), ready);
  BOOST_TEST(says(ready, node.address()));
  node.signal(SIGTERM);
  BOOST_TEST(received() == "STOPPING=1\n");
  BOOST_TEST(node.wait() == 0);
  ::close(socket);
}

BOOST_AUTO_TEST_CASE(each_reason_not_to_start_has_a_status_of_its_own) {
  const TemporaryDirectory folder;
  const std::string data = (folder.path() / "data").string();
  const auto with = [&](const std::vector<std::string>& words) {
    return refused(folder, kFreePort + std::vector<std::string>{"--data", data} + words);
  };
  BOOST_TEST(with({"--lisen", "x"}).first == 2);
  {
    const auto [status, text] = with({"--workers", "99999"});
    BOOST_TEST(status == 2);
    BOOST_TEST(says(text, "--workers: '99999': expected a whole number from 0 to 1024"), text);
  }
  {
    const Outcome closed = run({"node", "--data", data, "--ready-fd", "77"});
    BOOST_TEST(closed.status == 2);
    BOOST_TEST(says(closed.err, "--ready-fd 77"), closed.err);
  }
  {
    const auto file = folder.write("bad.toml", "[node]\nnam = 'x'\n[[agent]]\nname = 'y'\n");
    const auto [status, text] = with({"--config", file.string()});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "line 2: unknown key 'nam'"), text);
    BOOST_TEST(says(text, "line 3: [[agent]] without a type"), text);
  }
  {
    const auto [status, text] = with({"--plugins", (folder.path() / "none.so").string()});
    BOOST_TEST(status == 3);
    BOOST_TEST(text.find("none.so") == text.rfind("none.so"), text);  // said, and said once
    BOOST_TEST(says(text, "none.so"), text);
  }
  {
    const auto file = folder.write("agent.toml", "[[agent]]\ntype = 'greter'\n");
    const auto [status, text] = with({"--config", file.string(), "--plugins", MYELIN_PLUGIN});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "did you mean 'greeter'?"), text);
  }
  {
    const auto file = folder.write("settings.toml", "[[agent]]\ntype = 'greeter'\nsettings = { greting = 'x' }\n");
    const auto [status, text] = with({"--config", file.string(), "--plugins", MYELIN_PLUGIN});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "did you mean 'greeting'?"), text);
  }
  {
    const auto file = folder.write("memory.toml", "[[agent]]\ntype = 'guest-book'\n");
    const auto [status, text] = with({"--config", file.string(), "--plugins", MYELIN_PLUGIN});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "it needs 'memory'"), text);
  }
  const std::string fresh = (folder.path() / "fresh").string();  // no certificates yet
  {
    const auto [status, text] =
        refused(folder, {"--data", fresh, "--listen", "0.0.0.0:0", "--advertise", "127.0.0.1:7400"});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "myelin certs new"), text);
  }
  {
    const auto [status, text] = refused(folder, {"--data", fresh, "--listen", "0.0.0.0:0", "--insecure"});
    BOOST_TEST(status == 3);
    BOOST_TEST(says(text, "say at which HOST:PORT they reach it"), text);
  }
}

BOOST_AUTO_TEST_CASE(a_port_and_a_data_folder_belong_to_one_node) {
  const TemporaryDirectory folder;
  const std::string data = (folder.path() / "data").string();
  NodeChild first{folder.path(), "first", kFreePort + std::vector<std::string>{"--name", "first", "--data", data}};
  first.require_ready();
  const auto [same_folder, told] = refused(folder, kFreePort + std::vector<std::string>{"--data", data});
  BOOST_TEST(same_folder == 5);
  BOOST_TEST(says(told, "(process " + std::to_string(first.id()) + ")"), told);
  const auto [same_port, said] =
      refused(folder, {"--listen", first.address(), "--data", (folder.path() / "other").string()});
  BOOST_TEST(same_port == 4);
  BOOST_TEST(says(said, first.address()), said);
  // One that was killed leaves nothing behind that keeps the next from starting.
  first.signal(SIGKILL);
  BOOST_TEST(first.wait() == 1000 + SIGKILL);
  NodeChild again{folder.path(), "again", kFreePort + std::vector<std::string>{"--name", "first", "--data", data}};
  again.require_ready();
  BOOST_TEST(again.terminate() == 0);
}

BOOST_AUTO_TEST_CASE(the_log_can_go_to_a_file) {
  const TemporaryDirectory folder;
  const auto data = folder.path() / "data";
  NodeChild node{folder.path(), "it",
                 kFreePort + std::vector<std::string>{"--data", data.string(), "--log", "node.log"}};
  node.require_ready();
  BOOST_TEST(node.terminate() == 0);
  std::ifstream log{data / "node.log"};
  const std::string text{std::istreambuf_iterator<char>{log}, {}};
  BOOST_TEST(says(text, "is ready on"), text);
  BOOST_TEST(says(text, "stopped"), text);
  BOOST_TEST(!says(node.err(), "is ready on"));
}

BOOST_AUTO_TEST_CASE(check_and_show_agree_with_the_node) {
  const TemporaryDirectory folder;
  const Outcome shown = run({"config", "show"});
  BOOST_TEST(shown.status == 0);
  const auto file = folder.write("shown.toml", shown.out);
  const Outcome checked = run({"config", "check", file.string()});
  BOOST_TEST(checked.status == 0, checked.out);
  const auto bad = folder.write("bad.toml", "[node]\nlisen = 'x'\nworkers = 3\n");
  const Outcome wrong = run({"config", "check", bad.string()});
  BOOST_TEST(wrong.status == 1);
  BOOST_TEST(says(wrong.out, "line 2: unknown key 'lisen' in [node]; did you mean 'listen'?"), wrong.out);
  BOOST_TEST(says(wrong.out, "line 3: "), wrong.out);
  const Outcome json = run({"config", "check", bad.string(), "--json"});
  BOOST_TEST(json.status == 1);
  BOOST_TEST(nlohmann::json::parse(json.out).at("problems").size() == 2U);
  const Outcome effective = run({"config", "show", "--config", file.string(), "--json"}, {"MYELIN_MESH_WORKERS=5"});
  BOOST_TEST(effective.status == 0);
  BOOST_TEST(nlohmann::json::parse(effective.out).at("mesh").at("workers") == 5);
  BOOST_TEST(run({"config", "check", (folder.path() / "none").string()}).status == 1);
}

BOOST_AUTO_TEST_SUITE_END()
