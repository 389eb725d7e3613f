/// TLS 1.3, both sides with certificates of the cluster's authority.
#pragma once

#include <memory>

#include "myelin/network/certificates.hpp"
#include "transport.hpp"

namespace myelin::network {

/// What all connections of a node share. **Thread-safety**: thread-safe.
class TlsContext {
 public:
  /// **Errors**: invalid_argument where the credentials are not sound, or do not say that this node is `self`.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(const Credentials& credentials,
                                                                      const Identity& self);

  enum class Side { dials, listens };
  /// Over a connected socket, which it does not close. **Errors**: backend_failed.
  [[nodiscard]] virtual Result<std::unique_ptr<Transport>> open(int socket, Side side) const = 0;

  virtual ~TlsContext() = default;
};

}  // namespace myelin::network
