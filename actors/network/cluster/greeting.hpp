/// The first thing that two nodes say to each other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "myelin/base/result.hpp"
#include "transport/transport.hpp"

namespace myelin::network {

/// Nodes of different numbers do not talk to each other.
inline constexpr std::uint16_t kProtocolVersion = 1;

struct Greeting {
  std::uint16_t protocol = kProtocolVersion;
  Identity who;
  std::uint64_t incarnation = 0;
};

/// As a record. **Thread-safety**: thread-safe, as all of these.
[[nodiscard]] std::unique_ptr<Outgoing> hello_record(const Greeting& greeting);
[[nodiscard]] std::unique_ptr<Outgoing> refusal_record(const Error& error);
/// What is in a hello record. **Errors**: bad_frame, unsupported_version.
[[nodiscard]] Result<Greeting> read_hello(std::span<const std::byte> payload);

/// Whether to talk to somebody who says this, and has proved to be `proved` (none without TLS). `answered`: he was
/// dialled, so must be a node; that of the name `expected`, unless it is empty. **Errors**: access_denied,
/// unsupported_version.
[[nodiscard]] Result<void> check_greeting(const Greeting& greeting, const std::optional<Identity>& proved,
                                          const Identity& self, bool answered, std::string_view expected);

}  // namespace myelin::network
