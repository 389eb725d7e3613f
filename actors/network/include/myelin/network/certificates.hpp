/// Certificates by which nodes know each other: an authority a cluster, and from it one certificate a node, bound to
/// the cluster's and the node's names.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "myelin/base/result.hpp"
#include "myelin/network/role.hpp"

namespace myelin::network {

/// From when to when a certificate is good.
struct Validity {
  std::chrono::system_clock::time_point from;
  std::chrono::system_clock::time_point until;
};

/// From an hour ago, so that a clock that is a little behind finds it good too, until so long from now.
[[nodiscard]] inline Validity valid_for(std::chrono::hours time) {
  const auto now = std::chrono::system_clock::now();
  return {now - std::chrono::hours{1}, now + time};
}

/// A certificate and its private key, both PEM.
struct CertificateAndKey {
  std::string certificate;
  std::string key;
};

/// What a node proves itself with, and whom it believes. All PEM.
struct Credentials {
  std::string authority;  ///< The certificate of the cluster's authority.
  std::string certificate;
  std::string key;
};

/// Whether a name may be a cluster's, a node's or an agent's: 1 to limits::kNameBytesMax letters, digits, '.', '_',
/// '-'.
/// **Errors**: invalid_argument. **Thread-safety**: thread-safe, as all of these.
[[nodiscard]] Result<void> check_name(std::string_view what, std::string_view name);

/// A new authority (Ed25519, self-signed), for one cluster. Who has its key can let nodes in.
/// **Errors**: invalid_argument, backend_failed.
[[nodiscard]] Result<CertificateAndKey> make_authority(std::string_view cluster, const Validity& validity);

/// A new key (Ed25519) and certificate for one node, or for a person with another role, signed by the authority.
/// **Errors**: invalid_argument for a bad name or authority, backend_failed.
[[nodiscard]] Result<Credentials> make_credentials(const CertificateAndKey& authority, std::string_view cluster,
                                                   std::string_view node, const Validity& validity,
                                                   Role role = Role::node);

/// The files ca.pem, node.pem and node.key of a folder, which is made; the key can be read by its owner only.
/// **Errors**: io_error.
[[nodiscard]] Result<void> save_credentials(const Credentials& credentials, const std::filesystem::path& folder);
/// **Errors**: not_found, io_error.
[[nodiscard]] Result<Credentials> load_credentials(const std::filesystem::path& folder);

/// The files authority.pem and authority.key of a folder, which is made; the key can be read by its owner only.
/// **Errors**: io_error.
[[nodiscard]] Result<void> save_authority(const CertificateAndKey& authority, const std::filesystem::path& folder);
/// **Errors**: not_found, io_error.
[[nodiscard]] Result<CertificateAndKey> load_authority(const std::filesystem::path& folder);

/// The name of the node that the certificate is for. **Errors**: invalid_argument, for what make_credentials() has not
/// made.
[[nodiscard]] Result<std::string> node_of(const Credentials& credentials);
/// The role that it gives. **Errors**: as node_of().
[[nodiscard]] Result<Role> role_of(const Credentials& credentials);
/// The cluster that it is for. **Errors**: as node_of().
[[nodiscard]] Result<std::string> cluster_of(const Credentials& credentials);
/// Whether its authority has signed it. **Errors**: as node_of().
[[nodiscard]] Result<bool> is_of_its_authority(const Credentials& credentials);
/// SHA-256 of a certificate, 64 hexadecimal digits: by it authorities are told apart. PEM in. **Errors**:
/// invalid_argument for what is no certificate.
[[nodiscard]] Result<std::string> fingerprint_of(std::string_view certificate);
/// From when to when it is good. **Errors**: as node_of().
[[nodiscard]] Result<Validity> validity_of(const Credentials& credentials);

}  // namespace myelin::network
