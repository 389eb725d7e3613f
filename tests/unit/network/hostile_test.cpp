// A node of the cluster that does not keep to the format: it is cut off, and nobody else notices.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <random>
#include <vector>

#include "cluster/greeting.hpp"
#include "myelin/network/limits.hpp"
#include "myelin/serialization/wire.hpp"
#include "nodes.hpp"
#include "transport/address.hpp"
#include "wire/burst.hpp"
#include "wire_records.hpp"

namespace myelin::test {

namespace {

using network::Outgoing;
using network::RecordHeader;
using network::RecordKind;

Frame tick_frame(const FrameHeader& header = {}) {
  return make_frame<samples::Tick>([](samples::Tick::Builder tick) { tick.setValue(1); }, header);
}

/// A socket that opens a connection, and then says whatever it is told.
class Stranger {
 public:
  explicit Stranger(const std::string& address) {
    const auto resolved = network::resolve_address(address, true);
    require_success(resolved);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BOOST_REQUIRE(::connect(socket_, resolved->get(), resolved->size) == 0);
    const std::unique_ptr<Outgoing> hello = network::hello_record({.who = {"cluster", "evil"}, .incarnation = 1});
    say(record(RecordKind::hello, hello->payload));
    std::array<char, 4096> answer{};
    BOOST_REQUIRE(::recv(socket_, answer.data(), answer.size(), 0) > 0);
    say(record(RecordKind::ping, ""));  // opens the connection
  }
  ~Stranger() { ::close(socket_); }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  /// False if the other side has closed.
  bool say(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  /// Whether it closes, whatever it has said before.
  bool is_cut_off() {
    const timeval limit{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::array<char, 4096> bytes{};
    ssize_t count = 0;
    while ((count = ::recv(socket_, bytes.data(), bytes.size(), 0)) > 0) {
    }
    return count == 0 || errno == ECONNRESET;
  }

 private:
  int socket_;
};

struct HostFixture {
  HostFixture() { require_success(pair.right.node->publish("echo", pair.right.mesh.spawn<Echo>())); }
  [[nodiscard]] std::string address() const { return pair.right.node->address(); }
  /// The others are served.
  void require_health() {
    const auto answer = pair.left.ask<samples::Tick>(pair.left.find("right", "echo"),
                                                     [](samples::Tick::Builder tick) { tick.setValue(1); });
    require_success(answer);
    BOOST_TEST(pair.left.node->peers().front().connections == 1U);
  }
  std::string last_error() {
    for (const network::PeerStatus& peer : pair.right.node->peers()) {
      if (peer.node == "evil") return peer.last_error;
    }
    return {};
  }
  PairFixture pair;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(hostile, HostFixture)

BOOST_AUTO_TEST_CASE(what_no_node_sends_that_keeps_to_the_format_ends_the_connection) {
  const std::string frame = text_of(encode(tick_frame(), TimePoint{}));
  const std::string head = text_of(encode_head(tick_frame(), TimePoint{}));
  const std::string name = record(RecordKind::name, "echo", 1);
  const std::pair<std::string, std::string> wrong[] = {
      {"a record of kind 0", record(RecordKind{0}, "")},
      {"a record of kind 13", record(RecordKind{13}, "")},
      {"a record of lane 4", record(RecordKind::message, frame, 1, 0, 0, 4)},
      {"flags 0x2", record(RecordKind::message, frame, 1, 0, 2)},
      {"flags 0x1", record(RecordKind::ping, "", 0, 0, 1)},
      {"it has 0 at most", record(RecordKind::ping, "x")},
      {"it has 65536 at most", bytes_of({.bytes = 65'537, .kind = RecordKind::message})},
      {"it has 65536 at most", bytes_of({.bytes = 0xffff'ffff, .kind = RecordKind::part})},
      {"a greeting after the first", record(RecordKind::hello, "")},
      {"a name for route 2", record(RecordKind::name, "echo", 2)},
      {"a name for route 0", record(RecordKind::name, "echo", 0)},
      {"route 1 has no name", record(RecordKind::message, frame, 1)},
      {"route 0 has no name", name + record(RecordKind::message, frame, 0)},
      {"a question without a number", name + record(RecordKind::question, frame, 1, 0)},
      {"a frame in another lane than it says", name + record(RecordKind::message, frame, 1, 0, 0, 3)},
      {"a part of 1 bytes where 0 are expected", record(RecordKind::part, "x")},
      {"ends before its first field", name + record(RecordKind::message, "x", 1, 0, network::kInParts)},
      {"a frame of 65536 bytes in parts", name + record(RecordKind::message, number(65'536) + head, 1, 0, 1)},
      {"a frame of 4294967296 bytes in parts",
       name + record(RecordKind::message, number(std::uint64_t{1} << 32) + head, 1, 0, 1)},
      {"two frames in parts at once", name + record(RecordKind::message, number(70'000) + "x", 1, 0, 1) +
                                          record(RecordKind::message, number(70'000) + "x", 1, 0, 1)},
      {"a part of 0 bytes",
       name + record(RecordKind::message, number(70'000) + "x", 1, 0, 1) + record(RecordKind::part, "")},
      {"credit for route 1", record(RecordKind::credit, number(1) + number(1), 1)},
      {"ends before its first field", record(RecordKind::credit, "1234567", 1)},
      {"a loss on route 7", record(RecordKind::loss, number(1) + "xx", 7)},
      {"ends before its first field", record(RecordKind::failure, "x", 0, 1)},
  };
  for (const auto& [complaint, bytes] : wrong) {
    Stranger stranger{address()};
    stranger.say(bytes);
    BOOST_TEST(stranger.is_cut_off());
    BOOST_TEST(eventually([&, part = complaint] { return last_error().find(part) != std::string::npos; }),
               "'" << last_error() << "' does not mention '" << complaint << "'");
  }
  require_health();
}

BOOST_AUTO_TEST_CASE(a_frame_that_cannot_be_read_is_an_error_to_its_sender_only) {
  Stranger stranger{address()};
  std::string frame = text_of(encode(tick_frame(), TimePoint{}));
  frame[kWireHeaderBytes + 8] = '\x7f';  // the root points nowhere
  frame[kWireHeaderBytes + 9] = '\x7f';
  BOOST_TEST(
      stranger.say(record(RecordKind::name, "echo", 1) + record(RecordKind::question, frame, 1, 1) +
                   record(RecordKind::message, frame, 1) + record(RecordKind::answer, frame, 0, 9) +
                   record(RecordKind::cancel, "", 0, 77) +
                   record(RecordKind::question, text_of(encode(tick_frame({.correlation = 4}), TimePoint{})), 1, 2)));
  // Still served: the last question is answered.
  BOOST_TEST(eventually([&] {
    for (const AgentClassMetrics& one : pair.right.mesh.metrics().classes) {
      for (const auto& handler : one.handlers) {
        if (handler.messages == 1) return true;
      }
    }
    return false;
  }));
  require_health();
}

BOOST_AUTO_TEST_CASE(who_sends_more_than_the_window_is_cut_off) {
  class Stuck : public Agent {
   public:
    static void handlers(Handlers<Stuck>& on) { on.message<&Stuck::note>(); }
    static MailboxOptions mailbox() { return {.capacity = 1}; }
    void on_start() override { hold_ready(); }

   private:
    void note(samples::Note::Reader) {}
  };
  require_success(pair.right.node->publish("stuck", pair.right.mesh.spawn<Stuck>()));
  const Frame large =
      make_frame<samples::Note>([](samples::Note::Builder note) { note.initPayload(60'000); }, {}, 8000);
  const std::string bytes = record(RecordKind::message, text_of(encode(large, TimePoint{})), 1);
  Stranger stranger{address()};
  stranger.say(record(RecordKind::name, "stuck", 1));
  std::size_t sent = 0;
  while (sent < 4 * network::limits::kRouteWindowBytes && stranger.say(bytes)) sent += bytes.size();
  BOOST_TEST(stranger.is_cut_off());
  BOOST_TEST(eventually([&] { return last_error().find("bytes that may be on their way") != std::string::npos; }),
             last_error());
  require_health();
}

BOOST_AUTO_TEST_CASE(who_asks_and_does_not_read_is_cut_off) {
  Stranger stranger{address()};
  stranger.say(record(RecordKind::name, "nobody", 1));
  const std::string frame = text_of(encode(tick_frame({.correlation = 4}), TimePoint{}));
  std::string many;
  std::uint32_t question = 0;
  bool goes_on = true;
  for (int round = 0; round < 400 && goes_on; ++round) {
    many.clear();
    for (int i = 0; i < 2000; ++i) many += record(RecordKind::question, frame, 1, ++question);
    goes_on = stranger.say(many);
  }
  BOOST_TEST(!goes_on);
  BOOST_TEST(eventually([&] { return last_error().find("does not read the answers") != std::string::npos; }),
             last_error());
  require_health();
}

BOOST_AUTO_TEST_CASE(real_traffic_that_is_damaged_does_no_harm) {
  const std::string frame = text_of(encode(tick_frame({.correlation = 4}), TimePoint{}));
  const std::string large = text_of(encode(
      make_frame<samples::Note>([](samples::Note::Builder note) { note.initPayload(3000); }, {}, 1000), TimePoint{}));
  const std::string body = text_of(encode(
      make_frame<samples::Note>([](samples::Note::Builder note) { note.initPayload(70'000); }, {}, 9000), TimePoint{}));
  const std::size_t head = kWireHeaderBytes + 8;
  const std::string traffic =
      record(RecordKind::name, "echo", 1) + record(RecordKind::question, frame, 1, 1) +
      record(RecordKind::message, large, 1) +
      record(RecordKind::message, number(body.size()) + body.substr(0, head), 1, 0, network::kInParts) +
      record(RecordKind::part, body.substr(head, 65'536)) + record(RecordKind::part, body.substr(head + 65'536)) +
      record(RecordKind::cancel, "", 0, 1) + record(RecordKind::ping, "");
  std::minstd_rand random{7};
  for (int round = 0; round < 500; ++round) {
    Stranger stranger{address()};
    stranger.say(damaged(traffic, 600, random));  // where the records' headers and the frames' heads are
    if (round % 100 == 0) require_health();
  }
  require_health();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
