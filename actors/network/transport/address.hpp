/// Addresses of sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "myelin/base/result.hpp"

namespace myelin::network {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] bool is_loopback() const noexcept;
  /// "127.0.0.1:7000", "[::1]:7000".
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::uint16_t port() const noexcept;
};

/// "host:port", where a host in colons stands in brackets. With `numeric_only`, a name of a host is not looked up, and
/// it returns at once. **Errors**: invalid_argument; not_found for a host that nobody knows. **Thread-safety**:
/// thread-safe.
[[nodiscard]] Result<SocketAddress> resolve_address(std::string_view address, bool numeric_only);
/// Whether it names its host by number.
[[nodiscard]] bool is_numeric(std::string_view address);

/// The address that a socket is bound to.
[[nodiscard]] SocketAddress local_address(int socket) noexcept;
/// The address that it is connected to; an empty one if it is not.
[[nodiscard]] SocketAddress remote_address(int socket) noexcept;

}  // namespace myelin::network
