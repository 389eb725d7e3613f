/// One connection to another node, on CAF's multiplexer.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <caf/io/network/event_handler.hpp>

#include "greeting.hpp"
#include "session/inbound.hpp"
#include "session/peer.hpp"
#include "transport/address.hpp"
#include "transport/event_loop.hpp"
#include "transport/transport.hpp"
#include "wire/burst.hpp"
#include "wire/record_reader.hpp"

namespace myelin::network {

class Connection;

/// Who decides whom to talk to, and over which connection: two nodes may dial each other at once, each without knowing
/// whom its seed's address leads to. Whoever has dialled decides, for it knows both ends; it opens the connection with
/// the answer to its greeting, and the other side with the first record after that. So nothing is sent over a
/// connection that is given up for another.
class ConnectionOwner {
 public:
  /// The other side has said who it is, and that is in order. May the connection be opened?
  virtual Result<void> on_greeting(Connection& connection, const Greeting& greeting) = 0;
  /// It is about to be opened. Returns the peer, which no other connection uses any more.
  virtual Result<std::shared_ptr<Peer>> on_agreed(Connection& connection, const Greeting& greeting) = 0;
  /// This node has dialled itself, and is refused.
  virtual void on_own_greeting(Connection& connection) = 0;
  /// Messages go both ways from now on.
  virtual void on_open(Connection& connection) = 0;
  /// The last call. The connection must not be destroyed in it; its peer is detached after it.
  virtual void on_closed(Connection& connection, const Error& why) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// **Thread-safety**: wake() is thread-safe; the rest is called on the loop's thread.
///
/// One thread at a time writes: whoever was called by wake(), until Peer::compose() has said that nothing waits. After
/// some silence that is the thread that sends, which saves the way through the loop; else the loop's, where more comes
/// together meanwhile. The loop's alone reads.
class Connection final : public caf::io::network::event_handler,
                         public Link,
                         public RecordReader::Sink,
                         public std::enable_shared_from_this<Connection> {
 public:
  struct Settings {
    Mesh& mesh;
    const Exports& exports;
    Identity self;
    std::uint64_t incarnation;
    Duration set_up_max;
    Duration heartbeat;
    Duration silence_max;
  };
  struct Opened {
    int socket;
    std::unique_ptr<Transport> transport;
    bool dialled = false;       ///< By us; else we were.
    bool connecting = false;    ///< connect() has not finished.
    std::string expected = {};  ///< Which node was dialled; empty where any may answer.
  };

  /// Owns the socket. **Requires**: the owner outlives it; begin() is called.
  Connection(std::shared_ptr<EventLoop> loop, ConnectionOwner& owner, const Settings& settings, Opened opened);

  void begin();
  [[nodiscard]] SocketAddress local_address() const noexcept { return network::local_address(fd()); }
  [[nodiscard]] SocketAddress remote_address() const noexcept { return network::remote_address(fd()); }
  /// From where the other side has dialled; also when the connection is closed.
  [[nodiscard]] const std::string& came_from() const noexcept { return came_from_; }
  /// Why the other side was not let in, where it was told so.
  [[nodiscard]] const std::optional<Error>& refusal() const noexcept { return refusal_; }
  /// Ends it; on_closed() is called. Does nothing the second time.
  void close(const Error& why);

  [[nodiscard]] bool is_open() const noexcept { return state_ == State::open; }
  /// Whether TLS is set up, where there is any: then the other side has a certificate that is believed.
  [[nodiscard]] bool is_secured() const noexcept { return state_ > State::securing; }
  /// Whether the other side has dialled, and been answered: it may have opened the connection already.
  [[nodiscard]] bool is_offered() const noexcept { return state_ == State::offered; }
  /// Whether that node has dialled, been answered, and may still decide for another connection.
  [[nodiscard]] bool is_offered_by(const Identity& who, std::uint64_t incarnation) const noexcept {
    return state_ == State::offered && greeting_.incarnation == incarnation && greeting_.who.node == who.node &&
           greeting_.who.role == who.role;
  }
  /// Whether anything has come since it was opened.
  [[nodiscard]] bool is_confirmed() const noexcept { return confirmed_; }
  [[nodiscard]] bool was_dialled() const noexcept { return dialled_; }
  /// Whether nothing has come from where it was dialled, not even TCP's answer.
  [[nodiscard]] bool is_connecting() const noexcept { return state_ == State::connecting; }
  [[nodiscard]] const std::string& expected() const noexcept { return expected_; }
  [[nodiscard]] std::uint64_t other_incarnation() const noexcept { return greeting_.incarnation; }
  /// The other node, as Peer::node(); empty before it has said so.
  [[nodiscard]] std::string other() const { return peer_ == nullptr ? std::string{} : peer_->node(); }
  /// When begin() was called.
  [[nodiscard]] TimePoint begun_at() const noexcept { return begun_at_; }
  /// How long it has been open. **Requires**: it has been.
  [[nodiscard]] Duration age(TimePoint now) const noexcept { return now - opened_at_; }

  void wake() noexcept override;

  // caf::io::network::event_handler
  void handle_event(caf::io::network::operation operation) override;
  void removed_from_loop(caf::io::network::operation /*operation*/) override {}
  void graceful_shutdown() override {}

  // RecordReader::Sink
  Result<void> on_record(const RecordHeader& header, std::span<const std::byte> payload) override;
  Result<std::span<std::byte>> on_part(const RecordHeader& header) override;
  Result<void> on_part_complete(const RecordHeader& header) override;

 private:
  enum class State {
    connecting,
    securing,  ///< TLS is being set up.
    greeting,
    offered,  ///< The other side has dialled, and knows who this is: it may open the connection, or close it.
    open,
    refusing,  ///< The other side is told why, and should close.
    closed,
  };
  enum class Written { all, some, blocked, broken };

  void set_up();
  void greet();
  Result<void> take_greeting(std::span<const std::byte> payload);
  Result<void> open();
  /// The connection is open, or now is. **Errors**: bad_frame where something else than a greeting came first.
  Result<void> require_open();
  void read();
  void write();
  [[nodiscard]] Written write_burst();
  void refuse(const Error& why);
  [[nodiscard]] Error in_words(Error why) const;
  void want_to_write(bool want);
  void beat();

  const std::shared_ptr<EventLoop> loop_;
  ConnectionOwner& owner_;
  const Settings& settings_;
  const std::unique_ptr<Transport> transport_;
  const bool dialled_;
  const std::string expected_;
  State state_;
  Greeting greeting_;  ///< The other side's.
  bool confirmed_ = false;
  RecordReader reader_;
  std::string came_from_;
  std::optional<Error> refusal_;
  std::unique_ptr<Inbound> inbound_;
  TimePoint begun_at_{};
  TimePoint opened_at_{};
  TimePoint last_read_{};
  TimePoint last_beat_{};
  bool wants_to_write_ = false;
  bool reads_again_ = false;  ///< Posted to go on reading.
  // Of the one who writes.
  std::shared_ptr<Peer> peer_;
  std::uint64_t session_ = 0;
  Burst burst_;
  bool blocked_ = false;  ///< The transport holds bytes that the socket did not take.
  Error broken_{};
  std::atomic<std::int64_t> last_write_ns_{0};
};

}  // namespace myelin::network
