#include "common/credentials.h"

#include "common/files.h"

namespace baton::programs {
namespace {

// The value, with its error noted at the place.
template <class T>
std::optional<T> take(Result<T> result, const Place& place, ConfigErrors& errors) {
  if (result) return std::move(*result);
  errors.add(place, result.error().message);
  return std::nullopt;
}

bool loads(const LinkCredential& link, bool with_ca, const Place& place, ConfigErrors& errors) {
  handshake::TenantPolicy policy;
  policy.label = "link";
  if (with_ca) policy.client_ca_pem = link.ca_pem;
  return take(handshake::Tenant::load(std::move(policy), {link.credential}), place, errors).has_value();
}

}  // namespace

std::optional<handshake::Credential> read_credential(const NamedFile& chain, const NamedFile& private_key,
                                                     ConfigErrors& errors) {
  auto chain_pem = take(read_text_file(chain.path, kMaxPemFile), chain.place, errors);
  auto key_pem = take(read_secret_file(private_key.path, kMaxPemFile), private_key.place, errors);
  if (!chain_pem || !key_pem) return std::nullopt;
  return handshake::Credential{std::move(*chain_pem), std::move(*key_pem), chain.path.string(),
                               private_key.path.string()};
}

std::optional<LinkCredential> load_link_credential(const LinkTlsFiles& files, ConfigErrors& errors) {
  auto credential = read_credential(files.certificate, files.private_key, errors);
  auto ca_pem = take(read_text_file(files.ca.path, kMaxPemFile), files.ca.place, errors);
  if (!credential || !ca_pem) return std::nullopt;
  LinkCredential link{std::move(*credential), std::move(*ca_pem)};
  // Loaded without the authorities first, so that an error stands at the line that causes it.
  if (!loads(link, false, files.certificate.place, errors)) return std::nullopt;
  if (!loads(link, true, files.ca.place, errors)) return std::nullopt;
  return link;
}

}  // namespace baton::programs
