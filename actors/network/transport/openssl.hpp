/// Owners of OpenSSL's objects, and its errors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "transport.hpp"

namespace myelin::network::openssl {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Free<SSL_free>>;

/// What OpenSSL's queue of this thread says; the queue is empty then.
[[nodiscard]] std::string take_errors();

/// The same in words for what goes wrong between two nodes: certificates that one does not believe, no TLS at all.
[[nodiscard]] std::string take_errors_of(const SSL* session);

/// Null if the text is none.
[[nodiscard]] Certificate read_certificate(std::string_view pem);
[[nodiscard]] Key read_key(std::string_view pem);

/// How the name in a certificate begins; then the cluster, a slash, and the node. Where it is for another role than
/// a node's, kRoleMark and the role follow.
inline constexpr std::string_view kIdentityScheme = "myelin://";
inline constexpr std::string_view kRoleMark = "?role=";

/// Whom make_credentials() has made a certificate for; none if it has not.
[[nodiscard]] std::optional<Identity> identity_in(X509* certificate);

}  // namespace myelin::network::openssl
