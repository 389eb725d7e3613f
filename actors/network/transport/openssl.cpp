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
