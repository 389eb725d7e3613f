#include "listener.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.hpp"

namespace myelin::network {

namespace {

/// Taken at once, before others have their turn.
constexpr int kAcceptedMax = 64;

/// When no more files can be opened, nobody is taken for so long.
constexpr auto kPause = std::chrono::milliseconds{100};

}  // namespace

Listener::Listener(std::shared_ptr<EventLoop> loop, int socket, Accept accept)
    : event_handler{loop->multiplexer(), socket}, loop_{std::move(loop)}, accept_{std::move(accept)} {}

Result<std::shared_ptr<Listener>> Listener::make(std::shared_ptr<EventLoop> loop, const SocketAddress& address,
                                                 Accept accept) {
  const int socket = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (socket >= 0 && ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
      ::bind(socket, address.get(), address.size) == 0 && ::listen(socket, SOMAXCONN) == 0) {
    return std::make_shared<Listener>(std::move(loop), socket, std::move(accept));
  }
  const int cause = errno;
  if (socket >= 0) ::close(socket);
  return fail(Errc::io_error, fmt::format("cannot listen on {}: {}", address.text(), text_of_errno(cause)));
}

void Listener::handle_event(caf::io::network::operation operation) {
  if (operation != caf::io::network::operation::read) return;
  for (int accepted = 0; accepted < kAcceptedMax; ++accepted) {
    const int socket = ::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      accept_(socket);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      passivate();
      loop_->at(Clock::now() + kPause, [self = weak_from_this()] {
        if (const auto listener = self.lock()) listener->begin();
      });
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

}  // namespace myelin::network
