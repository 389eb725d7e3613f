/// Bytes over a connected socket that does not block: as they are, or under TLS.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "myelin/base/result.hpp"
#include "myelin/network/role.hpp"
#include "wire/burst.hpp"
#include "wire/record_reader.hpp"

namespace myelin::network {

/// What a certificate says that its holder is.
struct Identity {
  std::string cluster;
  std::string node;
  Role role = Role::node;

  friend bool operator==(const Identity&, const Identity&) = default;
};

/// **Thread-safety**: read() and write() may be called by two threads at once; else thread-compatible.
class Transport {
 public:
  enum class Progress {
    done,
    wants_to_read,   ///< Call again when the socket can be read from,
    wants_to_write,  ///< written to.
  };

  virtual ~Transport() = default;

  /// Goes on with setting up until it is done. **Errors**: access_denied, io_error.
  [[nodiscard]] virtual Result<Progress> set_up() = 0;
  /// Whom the other side has proved to be; none without TLS. **Requires**: set up.
  [[nodiscard]] virtual std::optional<Identity> identity() const = 0;

  /// Reads what is there, as far as `room` goes, or less; 0 if nothing is.
  /// **Errors**: unreachable when the other side has closed, or the connection broke.
  [[nodiscard]] virtual Result<std::size_t> read(const Room& room) = 0;
  /// Whether it may have read more from the socket than it has given out.
  [[nodiscard]] virtual bool reads_ahead() const noexcept = 0;
  /// Writes what the socket takes. True once all of the burst is out. **Errors**: unreachable.
  [[nodiscard]] virtual Result<bool> write(Burst& burst) = 0;
};

/// Without protection: for tests, measurements, and loopback.
[[nodiscard]] std::unique_ptr<Transport> make_plain_transport(int socket);

/// "connection reset by peer (104)". **Thread-safety**: thread-safe.
[[nodiscard]] std::string text_of_errno(int number);

}  // namespace myelin::network
