// One thread at a time writes a connection, whoever sends: many agents on several workers send on one connection at
// once, tiny frames and large ones, while the other side stops reading now and then. So writing changes hands between
// the workers and the node's own thread, and stops half-way in the middle of frames.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "nodes.hpp"
#include "transport/address.hpp"

namespace myelin::test {

namespace {

constexpr std::size_t kSenders = 8;
constexpr std::uint64_t kNotes = 1000;  ///< Of each sender.

/// What note `id` of a sender holds: every word tells from which it is, and where.
std::size_t words_of(std::uint64_t sender, std::uint64_t id) {
  if (id % 53 == sender) return 90'000;  // in parts
  if (id % 17 == sender) return 7'500;   // in one piece, sent from where it lies
  return id % 5;                         // put together with others
}
std::uint64_t word_at(std::uint64_t sender, std::uint64_t id, std::size_t at) { return sender << 56 | id << 32 | at; }
Lane lane_of(std::uint64_t sender) { return sender % 2 == 0 ? Lane::normal : Lane::bulk; }

/// Checks what comes.
class Checker : public Agent {
 public:
  struct State {
    std::atomic<std::uint64_t> handled{0};
    std::atomic<std::uint64_t> out_of_order{0};
    std::atomic<std::uint64_t> damaged{0};
  };
  Checker(std::uint64_t sender, std::shared_ptr<State> state) : sender_{sender}, state_{std::move(state)} {}
  static void handlers(Handlers<Checker>& on) { on.message<&Checker::note>(); }

 private:
  void note(samples::Note::Reader note) {
    const std::uint64_t id = state_->handled;
    if (note.getId() != id) ++state_->out_of_order;
    const capnp::Data::Reader payload = note.getPayload();
    bool whole = payload.size() == words_of(sender_, note.getId()) * sizeof(std::uint64_t);
    for (std::size_t at = 0; whole && at < payload.size() / sizeof(std::uint64_t); ++at) {
      std::uint64_t word = 0;
      std::memcpy(&word, payload.begin() + at * sizeof word, sizeof word);
      whole = word == word_at(sender_, note.getId(), at);
    }
    if (!whole) ++state_->damaged;
    ++state_->handled;
  }
  const std::uint64_t sender_;
  const std::shared_ptr<State> state_;
};

/// Sends its notes, some a turn; after some turns it is silent for a moment, so that the next one is written by the
/// worker itself.
class Writer : public Agent {
 public:
  Writer(AgentRef to, std::uint64_t sender) : to_{std::move(to)}, sender_{sender}, random_{sender + 1} {}
  static void handlers(Handlers<Writer>& on) { on.message<&Writer::go_on>(); }

 private:
  void go_on(samples::Tick::Reader) {
    for (std::uint64_t left = 1 + random_() % 7; left > 0 && sent_ < kNotes; --left) send_one();
    if (sent_ == kNotes) return;
    if (random_() % 4 == 0) {
      after(std::chrono::microseconds{random_() % 500}, [this] { again(); });
    } else {
      again();
    }
  }
  void again() {
    send(self(), make_frame<samples::Tick>([](samples::Tick::Builder tick) { tick.setValue(1); }));
  }
  void send_one() {
    const std::size_t words = words_of(sender_, sent_);
    send(to_, make_frame<samples::Note>(
                  [&](samples::Note::Builder note) {
                    note.setId(sent_);
                    auto payload = note.initPayload(static_cast<unsigned>(words * sizeof(std::uint64_t)));
                    for (std::size_t at = 0; at < words; ++at) {
                      const std::uint64_t word = word_at(sender_, sent_, at);
                      std::memcpy(payload.begin() + at * sizeof word, &word, sizeof word);
                    }
                  },
                  {.lane = lane_of(sender_)}, 16 + words));
    ++sent_;
  }
  const AgentRef to_;
  const std::uint64_t sender_;
  std::minstd_rand random_;
  std::uint64_t sent_ = 0;
};

/// Between two nodes: passes on what comes, in pieces of any size, and does not read at all now and then, so that what
/// is written gets stuck anywhere.
class Relay {
 public:
  explicit Relay(const std::string& to) {
    const auto address = network::resolve_address(to, true);
    require_success(address);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    const int small = 32 << 10;
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    BOOST_REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&here), size) == 0);
    BOOST_REQUIRE(::listen(listener_, 1) == 0);
    BOOST_REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size) == 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(here.sin_port));
    accepts_ = std::thread{[this, to = *address] {
      near_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (near_ < 0 || ::connect(far_, to.get(), to.size) != 0) return;
      std::thread back{[this] { pass_on(far_, near_, 1); }};
      pass_on(near_, far_, 2);
      back.join();
    }};
  }
  ~Relay() {
    for (const int socket : {listener_, near_.load(), far_}) ::shutdown(socket, SHUT_RDWR);
    accepts_.join();
    for (const int socket : {listener_, near_.load(), far_}) ::close(socket);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] int pauses() const { return pauses_; }

 private:
  void pass_on(int from, int to, unsigned seed) {
    std::minstd_rand random{seed};
    std::vector<char> bytes(100'000);
    for (;;) {
      if (random() % 64 == 0) {
        ++pauses_;
        std::this_thread::sleep_for(std::chrono::milliseconds{1 + random() % 10});
      }
      const ssize_t count = ::recv(from, bytes.data(), 1 + random() % bytes.size(), 0);
      if (count <= 0) break;
      for (ssize_t sent = 0; sent < count;) {
        const ssize_t some = ::send(to, bytes.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
        if (some <= 0) break;
        sent += some;
      }
    }
    ::shutdown(to, SHUT_RDWR);
    ::shutdown(from, SHUT_RDWR);
  }

  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int far_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::atomic<int> near_{-1};
  std::atomic<int> pauses_{0};
  std::string address_;
  std::thread accepts_;
};

/// A mesh whose workers send at once, and its node.
struct ManyWorkers {
  explicit ManyWorkers(const network::NodeOptions& options) : mesh{{.workers = 4}} {
    auto started = network::Node::start(mesh, options);
    require_success(started);
    node.emplace(std::move(*started));
  }
  Mesh mesh;
  std::optional<network::Node> node;
};

void send_from_many_agents(bool tls) {
  ManyWorkers right{options_of("right", tls)};
  const Relay relay{right.node->address()};
  network::NodeOptions dialling = options_of("left", tls);
  dialling.peers = {{"right", relay.address()}};
  ManyWorkers left{dialling};
  require_success(left.node->wait_connected("right", kLimit));
  std::vector<std::shared_ptr<Checker::State>> states;
  std::vector<AgentRef> writers;
  for (std::uint64_t sender = 0; sender < kSenders; ++sender) {
    states.push_back(std::make_shared<Checker::State>());
    const std::string name = "checker" + std::to_string(sender);
    require_success(right.node->publish(name, right.mesh.spawn<Checker>(sender, states.back())));
    const auto to = left.node->find("right", name);
    require_success(to);
    writers.push_back(left.mesh.spawn<Writer>(*to, sender));
  }
  // Questions go to and fro meanwhile: both sides write, and read.
  require_success(right.node->publish("echo", right.mesh.spawn<Echo>()));
  const auto echo = left.node->find("right", "echo");
  require_success(echo);
  const auto tick = [](samples::Tick::Builder one) { one.setValue(1); };
  for (const AgentRef& writer : writers) left.mesh.tell(writer, tick);
  const auto all_handled = [&] {
    for (const auto& state : states) {
      if (state->handled < kNotes) return false;
    }
    return true;
  };
  while (!all_handled()) {
    const auto answer = left.mesh.ask<samples::Tick>(*echo, tick, kLimit);
    require_success(answer);
    BOOST_REQUIRE((*answer)->getValue() == 2U);
  }
  for (const auto& state : states) {
    BOOST_TEST(state->handled == kNotes);
    BOOST_TEST(state->out_of_order == 0U);
    BOOST_TEST(state->damaged == 0U);
  }
  BOOST_TEST(relay.pauses() > 0);
  BOOST_TEST(left.node->peers().front().connections == 1U);
  BOOST_TEST(left.mesh.dead_letters().recent().empty());
  BOOST_TEST(right.mesh.dead_letters().recent().empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(writers)

BOOST_AUTO_TEST_CASE(many_agents_that_write_at_once_keep_their_order) {
  for (int round = 0; round < 3; ++round) send_from_many_agents(false);
}
BOOST_AUTO_TEST_CASE(many_agents_that_write_at_once_keep_their_order_under_tls) { send_from_many_agents(true); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
