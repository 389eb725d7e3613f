/// A port that others dial.
#pragma once

#include <functional>
#include <memory>

#include <caf/io/network/event_handler.hpp>

#include "address.hpp"
#include "event_loop.hpp"

namespace myelin::network {

/// **Thread-safety**: called on the loop's thread, but for make() and address().
class Listener final : public caf::io::network::event_handler, public std::enable_shared_from_this<Listener> {
 public:
  /// Owns the socket that comes.
  using Accept = std::function<void(int socket)>;

  /// **Errors**: io_error where the address cannot be listened on.
  [[nodiscard]] static Result<std::shared_ptr<Listener>> make(std::shared_ptr<EventLoop> loop,
                                                              const SocketAddress& address, Accept accept);
  Listener(std::shared_ptr<EventLoop> loop, int socket, Accept accept);

  [[nodiscard]] SocketAddress address() const noexcept { return local_address(fd()); }

  void begin() { activate(); }
  void end() { passivate(); }

  void handle_event(caf::io::network::operation operation) override;
  void removed_from_loop(caf::io::network::operation /*operation*/) override {}
  void graceful_shutdown() override {}

 private:
  const std::shared_ptr<EventLoop> loop_;
  const Accept accept_;
};

}  // namespace myelin::network
