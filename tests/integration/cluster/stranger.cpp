#include "stranger.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>

#include "expect_success.hpp"
#include "transport/address.hpp"

namespace myelin::test {

namespace {

std::shared_ptr<BIO> text(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all};
}

/// Bytes of a record of TLS before what is encrypted, the last two of them its length.
constexpr std::size_t kTlsHead = 5;

void turn_bit(std::string& bytes, std::size_t at) {
  if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1);
}

}  // namespace

Stranger::Stranger(const std::string& address) {
  const auto resolved = network::resolve_address(address, true);
  require_success(resolved);
  socket_ = ::socket(resolved->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  BOOST_REQUIRE(::connect(socket_, resolved->get(), resolved->size) == 0);
  const int on = 1;  // else what is sent waits until the other side has said that it has what came before
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  wait_at_most(60'000);
}

void Stranger::wait_at_most(long milliseconds) const {
  const timeval limit{.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Stranger::~Stranger() { ::close(socket_); }

bool Stranger::secure(const network::Credentials& credentials, std::size_t damaged_byte) {
  if (damaged_byte != kNone) wait_at_most(20);
  context_ = {SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  const std::shared_ptr<X509> certificate{
      PEM_read_bio_X509(text(credentials.certificate).get(), nullptr, nullptr, nullptr), X509_free};
  const std::shared_ptr<EVP_PKEY> key{PEM_read_bio_PrivateKey(text(credentials.key).get(), nullptr, nullptr, nullptr),
                                      EVP_PKEY_free};
  BOOST_REQUIRE(SSL_CTX_use_certificate(context_.get(), certificate.get()) == 1);
  BOOST_REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
  tls_ = {SSL_new(context_.get()), SSL_free};
  SSL_set_bio(tls_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  for (std::size_t sent = 0;;) {
    ERR_clear_error();
    const int outcome = SSL_connect(tls_.get());
    const bool goes_on = outcome != 1 && SSL_get_error(tls_.get(), outcome) == SSL_ERROR_WANT_READ;
    std::string out = take_out();
    if (damaged_byte >= sent) turn_bit(out, damaged_byte - sent);
    sent += out.size();
    if (!send(out)) return false;
    if (!goes_on) return outcome == 1;
    if (!receive()) return false;
  }
}

std::string Stranger::encrypt(const std::string& bytes) {
  ERR_clear_error();
  if (SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) return {};
  return take_out();
}

bool Stranger::say(const std::string& bytes) {
  if (tls_ == nullptr || bytes.empty()) return send(bytes);
  const std::string out = encrypt(bytes);
  return !out.empty() && send(out);
}

bool Stranger::say_damaged(const std::string& bytes, Part part, std::size_t byte) {
  std::string out = encrypt(bytes);
  if (out.size() <= kTlsHead) return false;
  const std::size_t length = static_cast<unsigned char>(out[3]) * std::size_t{256} + static_cast<unsigned char>(out[4]);
  turn_bit(out, part == Part::head ? byte % kTlsHead : kTlsHead + byte % length);
  return send(out);
}

bool Stranger::hear() {
  std::array<char, 4096> bytes{};
  if (tls_ == nullptr) return ::recv(socket_, bytes.data(), bytes.size(), 0) > 0;
  for (;;) {
    ERR_clear_error();
    if (SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0) return true;
    if (!receive()) return false;
  }
}

bool Stranger::finish() {
  ::shutdown(socket_, SHUT_WR);
  std::array<char, 4096> bytes{};
  ssize_t count = 0;
  while ((count = ::recv(socket_, bytes.data(), bytes.size(), 0)) > 0) {
  }
  return count == 0 || errno == ECONNRESET;
}

bool Stranger::is_cut_off(const std::string& ping) {
  std::array<char, 4096> bytes{};
  wait_at_most(100);
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (std::chrono::steady_clock::now() < end) {
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (count == 0 || (count < 0 && errno == ECONNRESET)) return true;
    if (count < 0) say(ping);
  }
  return false;
}

bool Stranger::send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

bool Stranger::receive() {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  return count > 0 && BIO_write(SSL_get_rbio(tls_.get()), bytes.data(), static_cast<int>(count)) == count;
}

std::string Stranger::take_out() {
  BIO* const bio = SSL_get_wbio(tls_.get());
  std::string out(BIO_ctrl_pending(bio), '\0');
  if (!out.empty()) BOOST_REQUIRE(BIO_read(bio, out.data(), static_cast<int>(out.size())) > 0);
  return out;
}

}  // namespace myelin::test
