/// Another node, as the agents of this one use it: handles to its agents, questions to them, answers to its questions.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "myelin/actors/mesh.hpp"
#include "myelin/actors/remote.hpp"
#include "myelin/network/role.hpp"
#include "open_questions.hpp"
#include "outbound.hpp"
#include "wire/burst.hpp"

namespace myelin::network {

class Peer;

/// What a peer needs of its connection.
class Link {
 public:
  virtual ~Link() = default;
  /// Something waits to be sent: call Peer::compose() until it returns false. Called once until it has. On any thread.
  virtual void wake() noexcept = 0;
};

/// One agent of the other node.
class PeerRoute final : public RemoteRoute, public OutboundRoute {
 public:
  PeerRoute(std::shared_ptr<Peer> peer, std::string name) : peer_{std::move(peer)}, name_{std::move(name)} {}

  [[nodiscard]] Delivery deliver(Frame& frame, ReplyPort* port) noexcept override;
  void cancel(const ReplyPort* port, CorrelationId question) noexcept override;
  [[nodiscard]] bool want_room() noexcept override;

  [[nodiscard]] const Peer& peer() const noexcept { return *peer_; }
  /// The agent's.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  friend class Peer;
  const std::shared_ptr<Peer> peer_;
  const std::string name_;
  AgentId id_ = 0;  ///< Of the handle, for dead letters.
};

/// **Thread-safety**: thread-safe. No lock is held while agents, ports or the link are called.
///
/// Connections come and go; each has a number, its session. What comes from an earlier one is out of date.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  Peer(Mesh& mesh, std::string node, Role role) : mesh_{mesh}, node_{std::move(node)}, role_{role} {}

  /// Its name; for who is no node, one that no node can have.
  [[nodiscard]] const std::string& node() const noexcept { return node_; }
  [[nodiscard]] Role role() const noexcept { return role_; }

  // For agents.

  /// The handle to the agent of that name over there, whether or not there is one. **Errors**: overloaded beyond
  /// limits::kRoutesMax names; unreachable once forget() was called.
  [[nodiscard]] Result<AgentRef> find(std::string_view agent);
  /// Whether find() has given out handles.
  [[nodiscard]] bool has_routes() const;
  [[nodiscard]] Delivery send(PeerRoute& route, Frame& frame, ReplyPort* port) noexcept;
  void cancel(const ReplyPort* port, CorrelationId question) noexcept;
  [[nodiscard]] bool want_room(PeerRoute& route) noexcept;

  // For those who answer the other node's questions.

  void answer(std::uint64_t session, std::uint32_t question, Frame frame) noexcept;
  void fail(std::uint64_t session, std::uint32_t question, const Error& error) noexcept;

  // For the connection.

  /// Takes a connection into use. Returns the session's number. The caller goes on as if wake() had been called.
  /// **Requires**: there is none in use.
  std::uint64_t attach(std::shared_ptr<Link> link);
  /// It is gone: questions end, messages that were not sent are dead letters, and those of which nobody knows are
  /// counted as such. Does nothing if another is in use.
  void detach(std::uint64_t session, const Error& why) noexcept;
  /// Sends a ping. Returns whether there was nothing else to send, and all that was sent has been handled; or there is
  /// no connection.
  bool ping() noexcept;
  /// Adds what goes next to an empty burst. False if nothing waits: then the link is woken for what comes later.
  /// **Requires**: called by one at a time.
  [[nodiscard]] bool compose(std::uint64_t session, Burst& burst, TimePoint now);

  /// A question of the other node for `target`: the port for its answer, of which one reference is the caller's.
  /// **Errors**: overloaded; bad_frame for a number in use.
  [[nodiscard]] Result<ReplyPort*> expect_answer(std::uint64_t session, std::uint32_t question, AgentRef target,
                                                 CorrelationId correlation);
  /// The other node does not wait for that answer any more.
  void on_cancel(std::uint32_t question) noexcept;
  /// **Errors**, of these three: bad_frame for what the other node cannot know.
  [[nodiscard]] Result<void> on_credit(std::uint32_t route, Lane lane, const Credit& credit);
  [[nodiscard]] Result<void> on_answer(std::uint32_t question, Result<Frame> outcome);
  [[nodiscard]] Result<void> on_loss(std::uint32_t route, Lane lane, std::uint64_t messages, Errc cause);
  /// Whether so many records wait that the other node cannot be reading them.
  [[nodiscard]] bool is_clogged() const noexcept;
  /// So far, over all connections.
  [[nodiscard]] std::uint64_t frames_sent() const noexcept { return frames_sent_.load(std::memory_order_relaxed); }
  /// Sends a record without a frame.
  void send_record(std::uint64_t session, std::unique_ptr<Outgoing> record) noexcept;

  /// Drops the handles that find() has given out; those that others have stay valid, and reach nobody.
  /// **Requires**: no connection is in use.
  void forget() noexcept;

 private:
  class AnswerPort;
  struct Known {
    std::shared_ptr<PeerRoute> route;
    AgentRef handle;
  };
  struct Asked {
    AnswerPort* port;  ///< One reference.
    AgentRef target;
    CorrelationId correlation;
  };

  [[nodiscard]] std::shared_ptr<Link> link_to_wake() noexcept;
  [[nodiscard]] Error unreachable() const;
  [[nodiscard]] std::optional<Error> objection(const Frame& frame, std::size_t bytes) const;
  void drop_if_cancelled(Outbound::Step& step);
  void reply(std::uint64_t session, std::uint32_t question, std::unique_ptr<Outgoing> record) noexcept;

  Mesh& mesh_;
  const std::string node_;
  const Role role_;
  mutable std::mutex mutex_;
  std::shared_ptr<Link> link_;
  std::uint64_t session_ = 0;
  bool woken_ = false;  ///< The link was woken, and has not found that nothing waits since.
  bool forgotten_ = false;
  Outbound outbound_;
  OpenQuestions questions_;
  std::unordered_map<std::uint32_t, Asked> asked_;
  std::map<std::string, Known, std::less<>> routes_;
  std::atomic<std::uint64_t> frames_sent_{0};
  // Of whoever calls compose().
  std::vector<Outbound::Step> steps_;
  std::vector<OutboundRoute*> freed_;
};

}  // namespace myelin::network
