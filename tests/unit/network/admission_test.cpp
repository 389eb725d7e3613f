// Who gets in, and who does not.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <random>
#include <vector>

#include "../../support/temporary_directory.hpp"
#include "cluster/greeting.hpp"
#include "myelin/network/limits.hpp"
#include "nodes.hpp"
#include "transport/address.hpp"
#include "transport/tls_transport.hpp"
#include "wire/burst.hpp"
#include "wire_records.hpp"

namespace myelin::test {

namespace {

using network::Validity;

/// A connected socket that the node knows nothing of.
int dial(const std::string& address) {
  const auto resolved = network::resolve_address(address, true);
  require_success(resolved);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  BOOST_REQUIRE(::connect(socket, resolved->get(), resolved->size) == 0);
  return socket;
}

/// Whether the other side closes within the limit, having said whatever it likes.
bool is_closed_by_the_other(int socket) {
  const timeval limit{.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(kLimit).count(), .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::array<char, 4096> bytes{};
  ssize_t count = 0;
  while ((count = ::recv(socket, bytes.data(), bytes.size(), 0)) > 0) {
  }
  return count == 0 || errno == ECONNRESET;
}

/// Why `stranger` does not get to `host`.
std::string refusal(const network::NodeOptions& host, network::NodeOptions stranger) {
  NodeFixture right{host};
  stranger.peers = {{host.name, right.node->address()}};
  NodeFixture left{stranger};
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = left.node->peers().front().last_error).empty(); }));
  BOOST_TEST(!left.node->peers().front().connected);
  for (const network::PeerStatus& peer : right.node->peers()) BOOST_TEST(!peer.connected);
  return why;
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_is_refused) {
  const auto other = network::make_authority("cluster", this_year());
  require_success(other);
  network::NodeOptions stranger = options_of("left", true);
  stranger.credentials = *network::make_credentials(*other, "cluster", "left", this_year());
  const std::string why = refusal(options_of("right", true), stranger);
  BOOST_TEST(mentions(why, "of another authority than ca.pem here"), why);  // it does not believe the other either
  // Nor does it help to believe: now the node refuses.
  stranger.credentials->authority = authority().certificate;
  const std::string theirs = refusal(options_of("right", true), stranger);
  BOOST_TEST(mentions(theirs, "does not believe the certificate of this one"), theirs);
}

BOOST_AUTO_TEST_CASE(a_certificate_that_is_out_of_date_is_refused) {
  const auto now = std::chrono::system_clock::now();
  network::NodeOptions stranger = options_of("left", true);
  const Validity last_year{now - std::chrono::hours{48}, now - std::chrono::hours{24}};
  const Validity next_year{now + std::chrono::hours{24}, now + std::chrono::hours{48}};
  stranger.credentials = *network::make_credentials(authority(), "cluster", "left", last_year);
  const std::string late = refusal(options_of("right", true), stranger);
  BOOST_TEST(mentions(late, "the certificate of this side is out of date"), late);
  stranger.credentials = *network::make_credentials(authority(), "cluster", "left", next_year);
  const std::string early = refusal(options_of("right", true), stranger);
  BOOST_TEST(mentions(early, "does not believe the certificate of this one"), early);
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_is_refused) {
  for (const bool tls : {false, true}) {
    network::NodeOptions stranger = options_of("left", tls);
    stranger.cluster = "others";
    if (tls) stranger.credentials = *network::make_credentials(authority(), "others", "left", this_year());
    const std::string why = refusal(options_of("right", tls), stranger);
    BOOST_TEST(mentions(why, "a node of cluster 'others'"), why);
  }
}

BOOST_AUTO_TEST_CASE(a_node_under_another_name_than_the_one_dialled_is_not_taken_for_it) {
  NodeFixture right{options_of("right", true)};
  network::NodeOptions dialling = options_of("left", true);
  dialling.peers = {{"wrong", right.node->address()}};
  NodeFixture left{dialling};
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = left.node->peers().front().last_error).empty(); }));
  BOOST_TEST(mentions(why, "node 'right' is where 'wrong' was expected"), why);
}

BOOST_AUTO_TEST_CASE(two_nodes_of_one_name_do_not_talk) {
  NodeFixture right{options_of("same", true)};
  network::NodeOptions dialling = options_of("same", true);
  dialling.peers = {{"other", right.node->address()}};
  NodeFixture left{dialling};
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = left.node->peers().front().last_error).empty(); }));
  BOOST_TEST(mentions(why, "each needs a name of its own"), why);
}

// Somebody has copied a configuration. If both got in, each would drive the other out, again and again.
BOOST_AUTO_TEST_CASE(of_two_nodes_of_one_name_the_one_started_earlier_stays_out) {
  NodeFixture middle{options_of("middle", true)};
  network::NodeOptions later = options_of("same", true);
  later.incarnation = 20;
  later.peers = {{"middle", middle.node->address()}};
  NodeFixture second{later};
  require_success(middle.node->wait_connected("same", kLimit));
  network::NodeOptions earlier = later;
  earlier.incarnation = 10;
  NodeFixture first{earlier};
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = first.node->peers().front().last_error).empty(); }));
  BOOST_TEST(mentions(why, "calls itself 'same' too"), why);
  const network::PeerStatus peer = middle.node->peers().front();
  BOOST_TEST(peer.connected);
  BOOST_TEST(peer.connections == 1U);
  BOOST_TEST(peer.incarnation == 20U);
}

BOOST_AUTO_TEST_CASE(a_node_is_told_whom_it_has_not_let_in_and_why) {
  std::mutex mutex;
  std::vector<std::string> refused;
  const auto is_told = [&](std::string_view part) {
    return eventually([&] {
      const std::lock_guard guard{mutex};
      return std::ranges::any_of(refused, [&](const std::string& one) { return mentions(one, std::string{part}); });
    });
  };
  network::NodeOptions options = options_of("right", true);
  options.set_up_max = std::chrono::milliseconds{50};
  options.on_refused = [&](const std::string& address, const Error& why) {
    const std::lock_guard guard{mutex};
    refused.push_back(address + " " + why.message);
  };
  NodeFixture right{options};
  const int socket = dial(right.node->address());
  BOOST_TEST(is_told("was not set up in time"));
  ::close(socket);
  network::NodeOptions plain = options_of("left", false);
  plain.peers = {{"right", right.node->address()}};
  NodeFixture left{plain};
  BOOST_TEST(is_told("does not speak TLS"));
  std::string why;
  BOOST_REQUIRE(eventually([&] { return !(why = left.node->peers().front().last_error).empty(); }));
  BOOST_TEST(mentions(why, "perhaps it speaks TLS"), why);
  network::NodeOptions other = options_of("other", true);
  other.cluster = "others";
  other.credentials = *network::make_credentials(authority(), "others", "other", this_year());
  other.peers = {{"right", right.node->address()}};
  NodeFixture third{other};
  BOOST_TEST(is_told("a node of cluster 'others'"));
  BOOST_TEST(is_told("127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(without_credentials_a_node_starts_only_if_it_is_told_to_be_insecure) {
  Mesh mesh{{.workers = 1}};
  network::NodeOptions options{.name = "bare", .listen = "0.0.0.0:0"};
  BOOST_TEST((network::Node::start(mesh, options).error().code == Errc::invalid_argument));
  options.insecure = true;
  BOOST_TEST(network::Node::start(mesh, options).has_value());
}

BOOST_AUTO_TEST_CASE(a_key_that_others_can_read_is_not_used) {
  const TemporaryDirectory folder;
  require_success(network::save_credentials(*options_of("left", true).credentials, folder.path()));
  require_success(network::load_credentials(folder.path()));
  const auto key = folder.path() / "node.key";
  std::filesystem::permissions(key, std::filesystem::perms{0640});
  require_success(network::load_credentials(folder.path()));
  std::filesystem::permissions(key, std::filesystem::perms{0644});
  const auto open = network::load_credentials(folder.path());
  BOOST_REQUIRE(!open);
  BOOST_TEST(mentions(open.error().message, "chmod 600"), open.error().message);
}

BOOST_AUTO_TEST_CASE(a_key_of_another_certificate_is_named) {
  Mesh mesh{{.workers = 1}};
  network::NodeOptions options = options_of("left", true);
  options.credentials->key = options_of("left", true).credentials->key;  // made anew each time
  const auto started = network::Node::start(mesh, options);
  BOOST_REQUIRE(!started);
  BOOST_TEST(mentions(started.error().message, "is not that of its certificate"), started.error().message);
}

BOOST_AUTO_TEST_CASE(a_certificate_must_be_for_the_node_that_uses_it) {
  Mesh mesh{{.workers = 1}};
  network::NodeOptions options = options_of("left", true);
  options.name = "right";
  const auto started = network::Node::start(mesh, options);
  BOOST_REQUIRE(!started);
  BOOST_TEST(mentions(started.error().message, "is for node 'left'"), started.error().message);
}

BOOST_AUTO_TEST_CASE(who_says_nothing_is_shown_out) {
  for (const bool tls : {false, true}) {
    network::NodeOptions options = options_of("right", tls);
    options.set_up_max = std::chrono::milliseconds{50};
    NodeFixture right{options};
    const int socket = dial(right.node->address());
    BOOST_TEST(is_closed_by_the_other(socket));
    ::close(socket);
  }
}

BOOST_AUTO_TEST_CASE(any_number_of_strangers_who_say_nothing_keeps_nobody_out) {
  network::NodeOptions options = options_of("right", true);
  options.set_up_max = std::chrono::hours{1};
  NodeFixture right{options};
  std::vector<int> silent;
  for (std::size_t i = 0; i < network::limits::kStrangersMax + 10; ++i) silent.push_back(dial(right.node->address()));
  // Those that came first have made room: then all were taken in.
  for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(is_closed_by_the_other(silent[i]));
  network::NodeOptions dialling = options_of("left", true);
  dialling.peers = {{"right", right.node->address()}};
  NodeFixture left{dialling};
  require_success(left.node->wait_connected("right", kLimit));
  for (const int socket : silent) ::close(socket);
}

BOOST_AUTO_TEST_CASE(strangers_who_say_nothing_do_not_show_out_who_has_been_answered) {
  network::NodeOptions options = options_of("right", false);
  options.set_up_max = std::chrono::hours{1};
  NodeFixture right{options};
  const auto say = [](int socket, const std::string& bytes) {
    BOOST_REQUIRE(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  };
  const int answered = dial(right.node->address());
  const auto hello = network::hello_record({.who = {"cluster", "left"}, .incarnation = 1});
  say(answered, record(network::RecordKind::hello, hello->payload));
  std::array<char, 4096> bytes{};
  BOOST_REQUIRE(::recv(answered, bytes.data(), bytes.size(), 0) > 0);
  std::vector<int> silent;
  for (std::size_t i = 0; i < network::limits::kStrangersMax + 10; ++i) silent.push_back(dial(right.node->address()));
  for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(is_closed_by_the_other(silent[i]));
  say(answered, record(network::RecordKind::ping, ""));
  require_success(right.node->wait_connected("left", kLimit));
  for (const int socket : silent) ::close(socket);
  ::close(answered);
}

BOOST_AUTO_TEST_CASE(strangers_who_say_nothing_do_not_show_out_who_has_a_certificate) {
  network::NodeOptions options = options_of("right", true);
  options.set_up_max = std::chrono::hours{1};
  NodeFixture right{options};
  const int secured = dial(right.node->address());
  ::fcntl(secured, F_SETFL, O_NONBLOCK);
  const network::NodeOptions left = options_of("left", true);
  const auto context = network::TlsContext::make(*left.credentials, {"cluster", "left"});
  require_success(context);
  auto transport = (*context)->open(secured, network::TlsContext::Side::dials);
  require_success(transport);
  using Progress = network::Transport::Progress;
  const auto is_set_up = [&] {
    const auto progress = (*transport)->set_up();
    require_success(progress);
    return *progress == Progress::done;
  };
  BOOST_REQUIRE(eventually(is_set_up));
  network::Burst burst;
  burst.add(network::hello_record({.who = {"cluster", "left"}, .incarnation = 1}), TimePoint{});
  // The node has to see the certificate before the others come: it has by the time that another has got in.
  network::NodeOptions dialling = options_of("other", true);
  dialling.peers = {{"right", right.node->address()}};
  NodeFixture other{dialling};
  require_success(other.node->wait_connected("right", kLimit));
  std::vector<int> silent;
  for (std::size_t i = 0; i < network::limits::kStrangersMax + 10; ++i) silent.push_back(dial(right.node->address()));
  for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(is_closed_by_the_other(silent[i]));
  BOOST_REQUIRE(eventually([&] {
    const auto written = (*transport)->write(burst);
    require_success(written);
    return *written;
  }));
  std::array<std::byte, 4096> answer{};
  BOOST_TEST(eventually([&] {
    const auto count = (*transport)->read({answer, {}});
    require_success(count);
    return *count > 0;
  }));
  for (const int socket : silent) ::close(socket);
  ::close(secured);
}

BOOST_AUTO_TEST_CASE(garbage_from_thousands_of_strangers_does_no_harm) {
  for (const bool tls : {false, true}) {
    PairFixture nodes{tls};
    require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
    const AgentRef echo = nodes.left.find("right", "echo");
    std::minstd_rand random{1};
    std::array<unsigned char, 3000> bytes{};
    for (int stranger = 0; stranger < 2000; ++stranger) {
      const int socket = dial(nodes.right.node->address());
      const std::size_t count = random() % bytes.size();
      for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(random() >> 8);
      if (stranger % 4 == 0) {  // something like a record
        bytes = {};
        bytes[0] = static_cast<unsigned char>(random());
        bytes[4] = static_cast<unsigned char>(random() % 16);
      } else if (stranger % 4 == 1) {  // something like TLS
        bytes[0] = 0x16;
        bytes[1] = 0x03;
        bytes[2] = 0x01;
      }
      static_cast<void>(::send(socket, bytes.data(), count, MSG_NOSIGNAL));
      ::close(socket);
      if (stranger % 200 == 0) {
        const auto answer = nodes.left.ask<samples::Tick>(echo, [](samples::Tick::Builder tick) { tick.setValue(4); });
        require_success(answer);
      }
    }
    BOOST_TEST(nodes.left.node->peers().front().connections == 1);
  }
}

BOOST_AUTO_TEST_CASE(credentials_survive_their_files) {
  const TemporaryDirectory folder;
  const auto made = network::make_credentials(authority(), "cluster", "left", this_year());
  require_success(made);
  require_success(network::save_credentials(*made, folder.path() / "left"));
  const auto loaded = network::load_credentials(folder.path() / "left");
  require_success(loaded);
  BOOST_TEST(loaded->authority == made->authority);
  BOOST_TEST(loaded->certificate == made->certificate);
  BOOST_TEST(loaded->key == made->key);
  BOOST_TEST((network::load_credentials(folder.path() / "none").error().code == Errc::not_found));
}

BOOST_AUTO_TEST_CASE(names_have_letters_digits_and_a_few_signs) {
  for (const char* good : {"a", "node-1", "a.b_C"}) BOOST_TEST(network::check_name("node", good).has_value());
  for (const std::string& bad : {std::string{}, std::string{"a/b"}, std::string{"a b"}, std::string(129, 'x')}) {
    BOOST_TEST(!network::check_name("node", bad).has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
