#include "myelin/network/certificates.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include "myelin/network/limits.hpp"
#include "openssl.hpp"

namespace myelin::network {

namespace {

using openssl::Bio;
using openssl::Certificate;
using openssl::Key;

tl::unexpected<Error> failed(std::string_view what) {
  return fail(Errc::backend_failed, fmt::format("OpenSSL cannot {}: {}", what, openssl::take_errors()));
}

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Bio bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bio.get(), certificate);
  return text_in(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_in(bio.get());
}

bool set_time(ASN1_TIME* time, std::chrono::system_clock::time_point to) {
  return ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(to)) != nullptr;
}

bool add_text(X509_NAME* name, const char* field, std::string_view text) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, openssl::Free<X509_EXTENSION_free>> extension{
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// A certificate without extensions and signature; its subject is in O and CN.
Certificate draft(EVP_PKEY* key, std::string_view cluster, std::string_view name, const Validity& validity) {
  Certificate certificate{X509_new()};
  std::array<unsigned char, 16> serial{};
  if (certificate == nullptr || RAND_bytes(serial.data(), serial.size()) != 1) return nullptr;
  serial[0] &= 0x7f;  // a positive number
  const std::unique_ptr<BIGNUM, openssl::Free<BN_free>> number{BN_bin2bn(serial.data(), serial.size(), nullptr)};
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const bool made = number != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
                    set_time(X509_getm_notBefore(certificate.get()), validity.from) &&
                    set_time(X509_getm_notAfter(certificate.get()), validity.until) &&
                    add_text(subject, "O", cluster.substr(0, ub_organization_name)) &&
                    add_text(subject, "CN", name.substr(0, ub_common_name)) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  return made ? std::move(certificate) : nullptr;
}

Key make_key() { return Key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")}; }

Result<void> check_validity(const Validity& validity) {
  if (validity.from < validity.until) return {};
  return fail(Errc::invalid_argument, "a certificate that ends before it begins");
}

Result<std::string> read_file(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io_error,
                fmt::format("cannot read '{}': {}", path.string(), text_of_errno(errno)));
  }
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

Result<void> check_is_private(const std::filesystem::path& key) {
  std::error_code unknown;
  // Its group may read it: so can a key that is root's be a service's.
  constexpr auto kTooMany = std::filesystem::perms::others_all | std::filesystem::perms::group_write;
  const auto granted = std::filesystem::status(key, unknown).permissions();
  if (unknown || (granted & kTooMany) == std::filesystem::perms::none) return {};
  return fail(Errc::invalid_argument,
              fmt::format("'{0}' has mode {1:04o}: others could use it in your place. Run: chmod 600 '{0}'; and if "
                          "somebody may have read it, make another",
                          key.string(), static_cast<unsigned>(granted)));
}

Result<void> write_file(const std::filesystem::path& path, const std::string& text, unsigned mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const bool written = file >= 0 && ::fchmod(file, mode) == 0 &&
                       ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int cause = errno;
  if (file >= 0) ::close(file);
  if (!written) return fail(Errc::io_error, fmt::format("cannot write {}: {}", path.string(), text_of_errno(cause)));
  return {};
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '.' || letter == '_' || letter == '-';
  };
  if (!name.empty() && name.size() <= limits::kNameBytesMax && std::ranges::all_of(name, allowed)) return {};
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no name for a{} {}: it has 1 to {} letters, digits, '.', '_' and '-'",
                          name.substr(0, limits::kNameBytesMax), what.starts_with('a') ? "n" : "", what,
                          limits::kNameBytesMax));
}

Result<CertificateAndKey> make_authority(std::string_view cluster, const Validity& validity) {
  if (Result<void> checked = check_name("cluster", cluster); !checked) return tl::unexpected{checked.error()};
  if (Result<void> checked = check_validity(validity); !checked) return tl::unexpected{checked.error()};
  const Key key = make_key();
  if (key == nullptr) return failed("make a key");
  const Certificate certificate = draft(key.get(), cluster, "myelin authority", validity);
  const bool made =
      certificate != nullptr &&
      X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1 &&
      add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(certificate.get(), key.get(), nullptr) != 0;
  if (!made) return failed("make an authority's certificate");
  return CertificateAndKey{pem_of(certificate.get()), pem_of(key.get())};
}

Result<Credentials> make_credentials(const CertificateAndKey& authority, std::string_view cluster,
                                     std::string_view node, const Validity& validity, Role role) {
  if (Result<void> checked = check_name("cluster", cluster); !checked) return tl::unexpected{checked.error()};
  if (Result<void> checked = check_name("node", node); !checked) return tl::unexpected{checked.error()};
  if (Result<void> checked = check_validity(validity); !checked) return tl::unexpected{checked.error()};
  const Certificate issuer = openssl::read_certificate(authority.certificate);
  const Key issuer_key = openssl::read_key(authority.key);
  if (issuer == nullptr || issuer_key == nullptr || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "the authority's certificate and key do not belong together, or are none");
  }
  const Key key = make_key();
  if (key == nullptr) return failed("make a key");
  const Certificate certificate = draft(key.get(), cluster, node, validity);
  std::string uri = fmt::format("URI:{}{}/{}", openssl::kIdentityScheme, cluster, node);
  if (role != Role::node) uri += fmt::format("{}{}", openssl::kRoleMark, to_string(role));
  const bool made = certificate != nullptr &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1 &&
                    add_extension(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(certificate.get(), issuer.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") &&
                    add_extension(certificate.get(), issuer.get(), NID_subject_key_identifier, "hash") &&
                    add_extension(certificate.get(), issuer.get(), NID_authority_key_identifier, "keyid:always") &&
                    add_extension(certificate.get(), issuer.get(), NID_subject_alt_name, uri) &&
                    X509_sign(certificate.get(), issuer_key.get(), nullptr) != 0;
  if (!made) return failed("make a node's certificate");
  return Credentials{authority.certificate, pem_of(certificate.get()), pem_of(key.get())};
}

Result<void> save_credentials(const Credentials& credentials, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot make {}: {}", folder.string(), error.message()));
  constexpr unsigned kAll = 0644, kOwner = 0600;
  if (Result<void> written = write_file(folder / "ca.pem", credentials.authority, kAll); !written) return written;
  if (Result<void> written = write_file(folder / "node.pem", credentials.certificate, kAll); !written) return written;
  return write_file(folder / "node.key", credentials.key, kOwner);
}

Result<void> save_authority(const CertificateAndKey& authority, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::io_error, fmt::format("cannot make {}: {}", folder.string(), error.message()));
  constexpr unsigned kAll = 0644, kOwner = 0600;
  if (Result<void> written = write_file(folder / "authority.pem", authority.certificate, kAll); !written) {
    return written;
  }
  return write_file(folder / "authority.key", authority.key, kOwner);
}

Result<CertificateAndKey> load_authority(const std::filesystem::path& folder) {
  Result<std::string> certificate = read_file(folder / "authority.pem");
  if (!certificate) return tl::unexpected{std::move(certificate).error()};
  Result<std::string> key = read_file(folder / "authority.key");
  if (!key) return tl::unexpected{std::move(key).error()};
  if (Result<void> checked = check_is_private(folder / "authority.key"); !checked) {
    return tl::unexpected{std::move(checked).error()};
  }
  return CertificateAndKey{*std::move(certificate), *std::move(key)};
}

namespace {

Result<Identity> identity_of(const Credentials& credentials) {
  const Certificate certificate = openssl::read_certificate(credentials.certificate);
  auto identity = certificate ? openssl::identity_in(certificate.get()) : std::nullopt;
  if (!identity) return fail(Errc::invalid_argument, "the certificate names no node of a cluster");
  return *std::move(identity);
}

}  // namespace

Result<std::string> node_of(const Credentials& credentials) {
  return identity_of(credentials).map([](Identity&& identity) { return std::move(identity.node); });
}

Result<Role> role_of(const Credentials& credentials) { return identity_of(credentials).map(&Identity::role); }

Result<std::string> cluster_of(const Credentials& credentials) {
  return identity_of(credentials).map([](Identity&& identity) { return std::move(identity.cluster); });
}

Result<bool> is_of_its_authority(const Credentials& credentials) {
  const Certificate certificate = openssl::read_certificate(credentials.certificate);
  const Certificate authority = openssl::read_certificate(credentials.authority);
  if (certificate == nullptr || authority == nullptr) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "a certificate, or its authority's, is none");
  }
  const bool is_signed = X509_verify(certificate.get(), X509_get0_pubkey(authority.get())) == 1;
  ERR_clear_error();
  return is_signed;
}

Result<std::string> fingerprint_of(std::string_view certificate) {
  const Certificate read = openssl::read_certificate(certificate);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (read == nullptr || X509_digest(read.get(), EVP_sha256(), digest.data(), &size) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "this is no certificate");
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Result<Validity> validity_of(const Credentials& credentials) {
  const Certificate certificate = openssl::read_certificate(credentials.certificate);
  std::tm from{};
  std::tm until{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notBefore(certificate.get()), &from) != 1 ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until) != 1) {
    ERR_clear_error();
    return fail(Errc::invalid_argument, "the certificate has no dates");
  }
  return Validity{std::chrono::system_clock::from_time_t(::timegm(&from)),
                  std::chrono::system_clock::from_time_t(::timegm(&until))};
}

Result<Credentials> load_credentials(const std::filesystem::path& folder) {
  Result<std::string> authority = read_file(folder / "ca.pem");
  if (!authority) return tl::unexpected{std::move(authority).error()};
  Result<std::string> certificate = read_file(folder / "node.pem");
  if (!certificate) return tl::unexpected{std::move(certificate).error()};
  const std::filesystem::path key_file = folder / "node.key";
  Result<std::string> key = read_file(key_file);
  if (!key) return tl::unexpected{std::move(key).error()};
  if (Result<void> checked = check_is_private(key_file); !checked) return tl::unexpected{std::move(checked).error()};
  return Credentials{*std::move(authority), *std::move(certificate), *std::move(key)};
}

}  // namespace myelin::network
