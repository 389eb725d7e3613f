#include "openssl.hpp"

#include <array>

namespace myelin::network::openssl {

namespace {

Bio over(std::string_view text) { return Bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))}; }

}  // namespace

std::string take_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    std::array<char, 256> line{};
    ERR_error_string_n(code, line.data(), line.size());
    if (!text.empty()) text += "; ";
    text += line.data();
  }
  return text.empty() ? "unknown cause" : text;
}

namespace {

std::string why_not_believed(long outcome) {
  switch (outcome) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "it is of another authority than ca.pem here";
    default: return X509_verify_cert_error_string(outcome);
  }
}

}  // namespace

std::string take_errors_of(const SSL* session) {
  const unsigned long first = ERR_peek_error();
  const auto words = [](std::string text) {
    ERR_clear_error();
    return text;
  };
  if (ERR_GET_LIB(first) != ERR_LIB_SSL) return take_errors();
  switch (ERR_GET_REASON(first)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return words("the other side's certificate is not believed: " + why_not_believed(SSL_get_verify_result(session)));
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
      return words("the other side does not believe the certificate of this one: it is of another authority");
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return words("the other side does not believe the certificate of this one");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return words("the certificate of this side is out of date, the other one says");
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return words("a certificate is wanted, and was not shown");
    case SSL_R_WRONG_VERSION_NUMBER:
      return words("the other side does not speak TLS: perhaps it is told to be insecure");
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL: return words("the other side does not speak TLS 1.3");
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return words("the other side has closed the connection");
    default: return take_errors();
  }
}

Certificate read_certificate(std::string_view pem) {
  Certificate certificate{PEM_read_bio_X509(over(pem).get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  return certificate;
}

Key read_key(std::string_view pem) {
  // An empty password, so that an encrypted key is refused and not asked for on the terminal.
  char none[] = "";
  Key key{PEM_read_bio_PrivateKey(over(pem).get(), nullptr, nullptr, none)};
  ERR_clear_error();
  return key;
}

std::optional<Identity> identity_in(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  if (names == nullptr || sk_GENERAL_NAME_num(names.get()) != 1) return std::nullopt;
  const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), 0);
  if (name->type != GEN_URI) return std::nullopt;
  std::string_view uri{reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.uniformResourceIdentifier)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.uniformResourceIdentifier))};
  if (!uri.starts_with(kIdentityScheme)) return std::nullopt;
  uri.remove_prefix(kIdentityScheme.size());
  const std::size_t slash = uri.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Identity identity{.cluster = std::string{uri.substr(0, slash)}, .node = std::string{uri.substr(slash + 1)}};
  if (const std::size_t mark = identity.node.find(kRoleMark); mark != std::string::npos) {
    const Result<Role> role = parse_role(std::string_view{identity.node}.substr(mark + kRoleMark.size()));
    if (!role) return std::nullopt;
    identity.role = *role;
    identity.node.resize(mark);
  }
  return identity;
}

}  // namespace myelin::network::openssl
