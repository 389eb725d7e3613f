/// What another node sends to one agent of this one.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "exports.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/remote.hpp"
#include "peer.hpp"

namespace myelin::network {

/// Hands messages to the agent in order. While its mailbox is full they wait here, and the other node is given no
/// credit for more: so they are never more than the route's window.
///
/// **Thread-safety**: settle() is thread-safe; the rest is called by the connection's thread.
class InboundRoute : public std::enable_shared_from_this<InboundRoute> {
 public:
  /// What the routes of one connection share. Outlives them.
  struct Session {
    Mesh& mesh;
    const Exports& exports;
    std::shared_ptr<Peer> peer;
    std::uint64_t number;
    /// Runs something on the connection's thread.
    std::function<void(std::function<void()>)> post;
    /// How many there are.
    std::shared_ptr<std::atomic<std::size_t>> routes = std::make_shared<std::atomic<std::size_t>>(0);
  };

  InboundRoute(std::shared_ptr<const Session> session, std::uint32_t number, std::string name)
      : session_{std::move(session)}, number_{number}, name_{std::move(name)} {}
  ~InboundRoute();
  InboundRoute(const InboundRoute&) = delete;
  InboundRoute& operator=(const InboundRoute&) = delete;

  /// One frame with its head has so many bytes. `question`: its number, 0 for what was told.
  /// **Errors**: bad_frame where more was sent than there was credit for, or a question's number is in use.
  [[nodiscard]] Result<void> take(Frame frame, std::uint32_t question, std::size_t bytes);
  /// A frame of so many bytes that could not be read.
  [[nodiscard]] Result<void> take_unreadable(Lane lane, std::uint32_t question, std::size_t bytes, const Error& why);

  /// So much of this lane was handled, or is gone.
  void settle(Lane lane, std::uint64_t bytes, std::uint64_t messages) noexcept;
  /// Tells the other node what was handled, if anything was.
  void send_credit() noexcept;

 private:
  struct Held {
    AgentRef agent;
    Frame frame;
    ReplyPort* port;
    std::size_t bytes;
  };
  /// Of the control lane, or of the others.
  struct Account {
    std::atomic<std::uint64_t> unhandled{0};
    // Not yet told to the other node.
    std::atomic<std::uint64_t> handled_bytes{0};
    std::atomic<std::uint64_t> handled_messages{0};
  };
  /// Handled as soon as it came, and not yet told: of the connection's thread, which need not share it.
  struct AtOnce {
    std::uint64_t bytes = 0;
    std::uint64_t messages = 0;
  };

  [[nodiscard]] Account& account_of(Lane lane) noexcept { return lane == Lane::control ? control_ : others_; }
  [[nodiscard]] const Account& account_of(Lane lane) const noexcept {
    return lane == Lane::control ? control_ : others_;
  }
  [[nodiscard]] static bool is_charged(Lane lane, std::size_t bytes) noexcept;
  [[nodiscard]] Result<void> check_window(Lane lane) const;
  [[nodiscard]] const AgentRef& target();
  [[nodiscard]] bool hand_over(const AgentRef& agent, Frame& frame, ReplyPort* port, std::size_t bytes);
  /// So much is handled before the other node is told.
  [[nodiscard]] std::size_t credit_bytes_min() const noexcept;
  void settle_at_once(std::uint64_t bytes, std::uint64_t messages) noexcept;
  void send_credit(Lane lane) noexcept;
  void end(Lane lane, std::uint32_t question, std::uint64_t messages, const Error& why) noexcept;
  void wait_for_room();
  void hand_over_held();

  const std::shared_ptr<const Session> session_;
  const std::uint32_t number_;
  const std::string name_;
  AgentRef target_;
  std::uint64_t version_ = 0;  ///< Of the exports, when target_ was looked up.
  std::deque<Held> held_;
  bool expecting_room_ = false;
  Account control_;
  Account others_;
  AtOnce at_once_;  ///< Never of the control lane.
};

}  // namespace myelin::network
