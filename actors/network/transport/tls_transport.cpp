#include "tls_transport.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>

#include "myelin/network/limits.hpp"
#include "openssl.hpp"

namespace myelin::network {

namespace {

/// What OpenSSL reads from the socket at once: several of its records of 16 KiB.
constexpr std::size_t kReadAheadBytes = std::size_t{128} << 10;

/// Encrypted bytes that wait for the socket; beyond that nothing more is encrypted.
constexpr std::size_t kEncryptedBytes = limits::kBurstBytes;

int append(BIO* bio, const char* bytes, int count) {
  auto& out = *static_cast<std::vector<char>*>(BIO_get_data(bio));
  out.insert(out.end(), bytes, bytes + count);
  return count;
}
long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// Puts what OpenSSL writes into a vector, from where it goes to the socket in one piece.
BIO* make_vector_bio(std::vector<char>& out) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vector");
    BIO_meth_set_write(made, append);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  BIO* bio = BIO_new(method);
  if (bio != nullptr) {
    BIO_set_data(bio, &out);
    BIO_set_init(bio, 1);
  }
  return bio;
}

class TlsTransport final : public Transport {
 public:
  TlsTransport(int socket, openssl::Session session) : socket_{socket}, ssl_{std::move(session)} {}

  /// False if OpenSSL has no memory.
  bool connect_to_socket() {
    BIO* in = BIO_new_socket(socket_, BIO_NOCLOSE);
    BIO* out = make_vector_bio(out_);
    if (in == nullptr || out == nullptr) {
      BIO_free_all(in);
      BIO_free_all(out);
      return false;
    }
    SSL_set_bio(ssl_.get(), in, out);
    return true;
  }

  Result<Progress> set_up() override {
    const std::lock_guard guard{mutex_};
    ERR_clear_error();
    const int outcome = done_ ? 1 : SSL_do_handshake(ssl_.get());
    const int error = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), outcome);
    const std::string cause = error == SSL_ERROR_SSL ? openssl::take_errors_of(ssl_.get())
                                                     : "the other side has closed: perhaps it runs without TLS";
    done_ = outcome == 1;
    const Result<bool> sent = send();  // also where it failed: the other side is told why
    if (!done_ && error != SSL_ERROR_WANT_READ) {
      return fail(Errc::access_denied, fmt::format("TLS could not be set up: {}", cause));
    }
    if (!sent) return tl::unexpected{sent.error()};
    if (!*sent) return Progress::wants_to_write;
    return done_ ? Progress::done : Progress::wants_to_read;
  }

  std::optional<Identity> identity() const override {
    const openssl::Certificate certificate{SSL_get1_peer_certificate(ssl_.get())};
    return certificate == nullptr ? std::nullopt : openssl::identity_in(certificate.get());
  }

  Result<std::size_t> read(const Room& room) override {
    const std::lock_guard guard{mutex_};
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl_.get(), room[0].data(), room[0].size(), &count);
    if (outcome == 1) return count;
    switch (SSL_get_error(ssl_.get(), outcome)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return std::size_t{0};
      case SSL_ERROR_ZERO_RETURN: return fail(Errc::unreachable, "the other side has closed the connection");
      case SSL_ERROR_SSL: return fail(Errc::unreachable, openssl::take_errors_of(ssl_.get()));
      default:
        return fail(Errc::unreachable, errno == 0 ? "the other side has closed the connection" : text_of_errno(errno));
    }
  }

  bool reads_ahead() const noexcept override { return true; }

  Result<bool> write(Burst& burst) override {
    const std::lock_guard guard{mutex_};
    for (;;) {
      Result<bool> sent = send();
      if (!sent || !*sent || burst.empty()) return sent;
      if (Result<void> encrypted = encrypt(burst); !encrypted) return tl::unexpected{std::move(encrypted).error()};
    }
  }

 private:
  Result<void> encrypt(Burst& burst) {
    while (!burst.empty() && out_.size() < kEncryptedBytes) {
      std::array<iovec, 1> piece{};
      static_cast<void>(burst.gather(piece));
      std::size_t count = 0;
      ERR_clear_error();
      if (SSL_write_ex(ssl_.get(), piece[0].iov_base, piece[0].iov_len, &count) != 1) {
        return fail(Errc::unreachable, fmt::format("TLS: {}", openssl::take_errors()));
      }
      burst.take(count);
    }
    return {};
  }

  /// Sends what was encrypted. True once all is out.
  Result<bool> send() {
    while (sent_ < out_.size()) {
      const ssize_t count = ::send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count >= 0) {
        sent_ += static_cast<std::size_t>(count);
      } else if (errno == EAGAIN) {
        return false;
      } else if (errno != EINTR) {
        return fail(Errc::unreachable, text_of_errno(errno));
      }
    }
    out_.clear();
    sent_ = 0;
    return true;
  }

  const int socket_;
  std::mutex mutex_;
  std::vector<char> out_;  // before the session, whose BIO points to it
  std::size_t sent_ = 0;
  openssl::Session ssl_;
  bool done_ = false;
};

class Context final : public TlsContext {
 public:
  explicit Context(openssl::Context context) : context_{std::move(context)} {}

  Result<std::unique_ptr<Transport>> open(int socket, Side side) const override {
    openssl::Session session{SSL_new(context_.get())};
    if (session == nullptr) return fail(Errc::backend_failed, openssl::take_errors());
    side == Side::dials ? SSL_set_connect_state(session.get()) : SSL_set_accept_state(session.get());
    auto transport = std::make_unique<TlsTransport>(socket, std::move(session));
    if (!transport->connect_to_socket()) return fail(Errc::backend_failed, openssl::take_errors());
    return transport;
  }

 private:
  const openssl::Context context_;
};

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const Credentials& credentials, const Identity& self) {
  const openssl::Certificate authority = openssl::read_certificate(credentials.authority);
  const openssl::Certificate certificate = openssl::read_certificate(credentials.certificate);
  const openssl::Key key = openssl::read_key(credentials.key);
  if (authority == nullptr || certificate == nullptr || key == nullptr) {
    return fail(Errc::invalid_argument,
                fmt::format("the credentials of node '{}' lack a {} that can be read", self.node,
                            authority == nullptr     ? "authority's certificate"
                            : certificate == nullptr ? "certificate"
                                                     : "key"));
  }
  if (const std::optional<Identity> named = openssl::identity_in(certificate.get()); !named || *named != self) {
    return fail(Errc::invalid_argument,
                fmt::format("the certificate is for {}, and not for node '{}' of cluster '{}'",
                            named ? fmt::format("node '{}' of cluster '{}'", named->node, named->cluster) : "no node",
                            self.node, self.cluster));
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(
        Errc::invalid_argument,
        fmt::format("the key of node '{}' is not that of its certificate: both come from one 'myelin certs new'",
                    self.node));
  }
  openssl::Context context{SSL_CTX_new(TLS_method())};
  const bool made = context != nullptr && SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
                    SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
                    SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1 &&
                    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get()) == 1 &&
                    SSL_CTX_set_num_tickets(context.get(), 0) == 1;
  if (!made) return fail(Errc::invalid_argument, fmt::format("TLS cannot be used: {}", openssl::take_errors()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadAheadBytes);
  return std::make_shared<const Context>(std::move(context));
}

}  // namespace myelin::network
