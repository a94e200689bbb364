#include "keystore/config_tenants.h"

#include <fmt/format.h>

#include "common/names.h"
#include "common/suggestion.h"
#include "keystore/config_offload.h"

namespace baton::keystore {
namespace {

using offload::SigningKinds;
using programs::Duplicates;
using programs::Place;
using programs::PlacedText;
using programs::TableReader;
using tls::ProtocolVersion;

std::vector<CertificateFiles> read_certificates(TableReader& tenant, const OffloadModes& modes) {
  std::vector<CertificateFiles> certificates;
  for (TableReader& table : tenant.inline_tables("certificates")) {
    auto chain = table.required_file("chain");
    auto private_key = table.required_file("private_key");
    const SigningKinds kinds = read_signing_kinds(table);
    refuse_without_signing(table, "signing_kinds", modes.signing, "tenant.offload");
    table.finish();
    if (chain && private_key) certificates.push_back({std::move(*chain), std::move(*private_key), kinds});
  }
  return certificates;
}

std::string unknown_suite_text(const std::string& name) {
  std::vector<std::string> known;
  for (const tls::CipherSuite& suite : tls::cipher_suites()) known.emplace_back(suite.name);
  const auto similar = programs::closest_word(name, known);
  return similar ? fmt::format("\"{}\" is not a cipher suite of Baton; did you mean \"{}\"?", name, *similar)
                 : fmt::format(
                       "\"{}\" is not a cipher suite of Baton; write IANA names, as in "
                       "\"TLS_AES_128_GCM_SHA256\"",
                       name);
}

void read_cipher_suites(TableReader& table, TenantConfig& tenant) {
  bool serves_tls12 = false;
  bool serves_tls13 = false;
  Duplicates duplicates;
  for (const PlacedText& text : table.optional_texts("cipher_suites", "all")) {
    duplicates.check(table, text.text, text.place);
    const tls::CipherSuite* suite = tls::find_cipher_suite(text.text);
    if (suite == nullptr) {
      table.error(text.place, unknown_suite_text(text.text));
      return;
    }
    serves_tls12 = serves_tls12 || suite->version == ProtocolVersion::tls12;
    serves_tls13 = serves_tls13 || suite->version == ProtocolVersion::tls13;
    tenant.cipher_suites.push_back(text.text);
  }
  if (tenant.cipher_suites.empty()) return;
  // A version without a suite would be offered and then fail.
  if (tenant.tls.min_version == ProtocolVersion::tls12 && !serves_tls12) {
    table.error(table.place_of("cipher_suites"),
                "has no suite of TLS 1.2; add one or write min_version = \"1.3\"");
  }
  if (tenant.tls.max_version == ProtocolVersion::tls13 && !serves_tls13) {
    table.error(table.place_of("cipher_suites"),
                "has no suite of TLS 1.3; add one or write max_version = \"1.2\"");
  }
}

TenantConfig read_tenant(TableReader& table, Duplicates& names) {
  TenantConfig tenant;
  tenant.place = table.place();
  tenant.names = read_names(table, programs::parse_name_pattern, names);
  tenant.offload = read_offload(table);
  tenant.certificates = read_certificates(table, tenant.offload);
  tenant.client_ca = table.optional_file("client_ca", "no client certificate is asked for");
  tenant.tls = programs::read_tls_policy(table);
  read_cipher_suites(table, tenant);
  tenant.is_default = table.boolean("default", false);
  table.finish();
  return tenant;
}

}  // namespace

std::vector<std::string> read_names(TableReader& table, NameParser parse, Duplicates& duplicates) {
  std::vector<std::string> names;
  for (const PlacedText& text : table.required_texts("names")) {
    auto name = table.take(parse(text.text), text.place);
    if (!name) continue;
    duplicates.check(table, *name, text.place);
    names.push_back(std::move(*name));
  }
  return names;
}

std::vector<TenantConfig> read_tenants(TableReader& root) {
  std::vector<TenantConfig> tenants;
  Duplicates names;
  std::optional<Place> default_place;
  for (TableReader& table : root.tables("tenant", "add a [[tenant]] with names and certificates")) {
    tenants.push_back(read_tenant(table, names));
    if (!tenants.back().is_default) continue;
    if (default_place) {
      table.error(
          table.place_of("default"),
          fmt::format("only one tenant can be the default; the one of line {} is", default_place->line));
    } else {
      default_place = table.place_of("default");
    }
  }
  return tenants;
}

}  // namespace baton::keystore
