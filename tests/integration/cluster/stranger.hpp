/// Somebody at a node's port who keeps to no rule, though he may have a certificate.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "myelin/network/certificates.hpp"

struct ssl_st;
struct ssl_ctx_st;

namespace myelin::test {

/// A connected socket. Nothing waits for more than a minute. **Thread-safety**: thread-compatible.
class Stranger {
 public:
  /// "127.0.0.1:7400".
  explicit Stranger(const std::string& address);
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger();

  /// Sets up TLS. The n-th byte that goes out in that, counted from 0, has a bit turned over; none for kNone. Whoever
  /// sends such a one does not wait long, for the other side may wait for more. Returns whether the other side believes
  /// him, so far as he can see.
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  bool secure(const network::Credentials& credentials, std::size_t damaged_byte = kNone);

  /// As it is, or through TLS once that is set up. False if the other side has closed.
  bool say(const std::string& bytes);
  /// The same, but with a bit turned over after it was encrypted, on its way: in the head of TLS's first record, which
  /// says how long it is, or in what is encrypted. **Requires**: TLS is set up; the bytes are some.
  enum class Part { head, encrypted };
  bool say_damaged(const std::string& bytes, Part part, std::size_t byte);
  /// Waits until the other side says something, through TLS too. False if it has closed.
  bool hear();
  /// Says that nothing more comes, and waits until the other side closes, too. False if it does not.
  bool finish();
  /// Waits until the other side closes, whatever it says before. Until then `ping` is said now and then, so that it
  /// does not close for silence. False if it does not.
  bool is_cut_off(const std::string& ping);

 private:
  void wait_at_most(long milliseconds) const;
  /// What TLS makes of the bytes; nothing if it is over.
  std::string encrypt(const std::string& bytes);
  bool send(const std::string& bytes);
  /// Takes in what comes. False if nothing does any more.
  bool receive();
  /// What TLS has to say.
  std::string take_out();

  int socket_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> tls_;
};

}  // namespace myelin::test
