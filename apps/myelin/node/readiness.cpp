#include "node/readiness.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace myelin::tool {

Result<Readiness> Readiness::create(std::optional<int> descriptor, const Environment& environment) {
  if (descriptor) {
    const int flags = *descriptor < 0 ? -1 : ::fcntl(*descriptor, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
      return fail(Errc::invalid_argument,
                  fmt::format("--ready-fd {}: no descriptor that can be written to was handed over under that number",
                              *descriptor));
    }
  }
  return Readiness{descriptor, environment.get("NOTIFY_SOCKET").value_or("")};
}

Result<void> Readiness::ready(std::string_view status) {
  if (descriptor_) {
    constexpr std::string_view kReady = "ready\n";
    const ssize_t written = ::write(*descriptor_, kReady.data(), kReady.size());
    if (written != static_cast<ssize_t>(kReady.size())) {
      return fail(Errc::io_error, fmt::format("--ready-fd {}: {}", *descriptor_, std::strerror(errno)));
    }
    ::close(*descriptor_);
    descriptor_.reset();
  }
  return notify(fmt::format("READY=1\nSTATUS={}\n", status));
}

void Readiness::stopping() { static_cast<void>(notify("STOPPING=1\n")); }

Result<void> Readiness::notify(std::string_view message) const {
  if (socket_.empty()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) {
    return fail(Errc::io_error, fmt::format("NOTIFY_SOCKET is too long: '{}'", socket_));
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // one without a file
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Errc::io_error, fmt::format("no socket: {}", std::strerror(errno)));
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const ssize_t sent = ::sendto(socket, message.data(), message.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), bytes);
  const int problem = errno;
  ::close(socket);
  if (sent != static_cast<ssize_t>(message.size())) {
    return fail(Errc::io_error, fmt::format("NOTIFY_SOCKET '{}': {}", socket_, std::strerror(problem)));
  }
  return {};
}

}  // namespace myelin::tool
