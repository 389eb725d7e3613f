#include "address.hpp"

#include <charconv>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

namespace myelin::network {

std::uint16_t SocketAddress::port() const noexcept {
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(storage).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string SocketAddress::text() const {
  char host[NI_MAXHOST] = {};
  if (::getnameinfo(get(), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0) return "?";
  return storage.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host, port()) : fmt::format("{}:{}", host, port());
}

Result<SocketAddress> resolve_address(std::string_view address, bool numeric_only) {
  const std::size_t colon = address.rfind(':');
  std::string_view host = address.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || port.empty() || error != std::errc{} || end != port.data() + port.size()) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no address: it is a host, a colon and a port", address));
  }
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (numeric_only ? AI_NUMERICHOST : 0);
  addrinfo* list = nullptr;
  const int failure = ::getaddrinfo(std::string{host}.c_str(), std::string{port}.c_str(), &hints, &list);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found{list, &::freeaddrinfo};
  if (failure != 0 || list == nullptr) {
    return fail(Errc::not_found, fmt::format("host '{}' is not known: {}", host, ::gai_strerror(failure)));
  }
  SocketAddress resolved;
  resolved.size = list->ai_addrlen;
  std::memcpy(&resolved.storage, list->ai_addr, list->ai_addrlen);
  return resolved;
}

bool is_numeric(std::string_view address) {
  const Result<SocketAddress> resolved = resolve_address(address, true);
  return resolved.has_value() || resolved.error().code == Errc::invalid_argument;
}

SocketAddress local_address(int socket) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return address;
}

SocketAddress remote_address(int socket) noexcept {
  SocketAddress address;
  address.size = sizeof address.storage;
  ::getpeername(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
  return address;
}

}  // namespace myelin::network
