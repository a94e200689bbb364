#include "capi/arguments.h"
#include "capi/certificates.h"
#include "capi/file.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {

Result<Role> role_of(int role) {
  if (role == BATON_SERVER) return Role::server;
  if (role == BATON_CLIENT) return Role::client;
  return fail(ErrorCode::invalid_argument, "the role is neither BATON_SERVER nor BATON_CLIENT");
}

Result<ProtocolVersion> protocol_version_of(int version) {
  if (version == BATON_TLS12) return ProtocolVersion::tls12;
  if (version == BATON_TLS13) return ProtocolVersion::tls13;
  return fail(ErrorCode::invalid_argument, "the version is neither BATON_TLS12 nor BATON_TLS13");
}

Result<KeptMetadata> kept_metadata_of(int peer, unsigned keep) {
  if (peer < BATON_PEER_NONE || peer > BATON_PEER_CHAIN) {
    return fail(ErrorCode::invalid_argument, "not one of BATON_PEER_...");
  }
  if ((keep & ~unsigned{BATON_KEEP_EXPORTER_SECRET | BATON_KEEP_TLS12_MASTER_SECRET}) != 0) {
    return fail(ErrorCode::invalid_argument, "a bit that is not one of BATON_KEEP_...");
  }
  KeptMetadata kept;
  kept.peer = static_cast<PeerIdentity>(peer);
  kept.exporter_secret = (keep & BATON_KEEP_EXPORTER_SECRET) != 0;
  kept.tls12_master_secret = (keep & BATON_KEEP_TLS12_MASTER_SECRET) != 0;
  return kept;
}

namespace {

Result<void> check_role(const baton_settings& settings, Role role, const char* whose) {
  if (settings.role == role) return {};
  return fail(ErrorCode::wrong_role, std::string("that is a ") + whose + "'s setting");
}

Result<void> add_certificate(baton_settings& settings, Credential credential) {
  if (settings.role == Role::client && !settings.credentials.empty()) {
    return fail(ErrorCode::invalid_argument, "a client has one certificate");
  }
  settings.credentials.push_back(std::move(credential));
  return {};
}

// Behind the C++ settings, what is empty is what was never set.
Result<void> check_not_empty(ByteView bytes, const std::string& what) {
  if (!bytes.empty()) return {};
  return fail(ErrorCode::invalid_argument, what + " is empty");
}

Result<void> set_ca(baton_settings& settings, ByteView pem, const std::string& what) {
  if (auto checked = check_not_empty(pem, what); !checked) return checked;
  std::string certificates = certificates_of(pem);
  if (certificates.empty()) {
    return fail(ErrorCode::malformed,
                what + " holds no certificate; give PEM text (-----BEGIN CERTIFICATE-----)");
  }
  settings.ca_pem = std::move(certificates);
  return {};
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_settings_new(int role, baton_settings** settings) {
  return guarded({needed(settings, "settings")}, [&] { return give(settings, role_of(role)); });
}

void baton_settings_free(baton_settings* settings) {
  delete settings;
}

baton_status baton_settings_add_certificate(baton_settings* settings, const uint8_t* chain_pem,
                                            size_t chain_size, const uint8_t* key_pem, size_t key_size) {
  return guarded({needed(settings, "settings"), bytes(chain_pem, chain_size, "chain_pem"),
                  bytes(key_pem, key_size, "key_pem")},
                 [&] {
                   return add_certificate(*settings, {certificates_of({chain_pem, chain_size}),
                                                      SecretBuffer(key_pem, key_pem + key_size),
                                                      "the certificate", "the private key"});
                 });
}

baton_status baton_settings_add_certificate_files(baton_settings* settings, const char* chain_path,
                                                  const char* key_path) {
  return guarded(
      {needed(settings, "settings"), needed(chain_path, "chain_path"), needed(key_path, "key_path")},
      [&]() -> Result<void> {
        auto chain = read_file(chain_path);
        if (!chain) return pass_on(chain);
        auto key = read_file(key_path);
        if (!key) return pass_on(key);
        return add_certificate(*settings, {certificates_of(*chain), std::move(*key), chain_path, key_path});
      });
}

baton_status baton_settings_set_ca(baton_settings* settings, const uint8_t* ca_pem, size_t size) {
  return guarded({needed(settings, "settings"), bytes(ca_pem, size, "ca_pem")}, [&] {
    return set_ca(*settings, {ca_pem, size}, "ca_pem");
  });
}

baton_status baton_settings_set_ca_file(baton_settings* settings, const char* path) {
  return guarded({needed(settings, "settings"), needed(path, "path")}, [&]() -> Result<void> {
    const auto content = read_file(path);
    if (!content) return tl::unexpected(content.error());
    return set_ca(*settings, *content, path);
  });
}

baton_status baton_settings_set_server_name(baton_settings* settings, const char* name) {
  return guarded({needed(settings, "settings"), needed(name, "name")}, [&]() -> Result<void> {
    if (auto checked = check_role(*settings, Role::client, "client"); !checked) return checked;
    settings->server_name = name;
    return {};
  });
}

baton_status baton_settings_set_versions(baton_settings* settings, int min_version, int max_version) {
  return guarded({needed(settings, "settings")}, [&]() -> Result<void> {
    auto least = protocol_version_of(min_version);
    if (!least) return pass_on(least);
    auto most = protocol_version_of(max_version);
    if (!most) return pass_on(most);
    settings->min_version = *least;
    settings->max_version = *most;
    return {};
  });
}

baton_status baton_settings_add_cipher_suite(baton_settings* settings, const char* name) {
  return guarded({needed(settings, "settings"), needed(name, "name")}, [&]() -> Result<void> {
    settings->cipher_suites.emplace_back(name);
    return {};
  });
}

baton_status baton_settings_add_group(baton_settings* settings, const char* name) {
  return guarded({needed(settings, "settings"), needed(name, "name")}, [&]() -> Result<void> {
    settings->groups.emplace_back(name);
    return {};
  });
}

baton_status baton_settings_add_alpn(baton_settings* settings, const char* protocol) {
  return guarded({needed(settings, "settings"), needed(protocol, "protocol")}, [&]() -> Result<void> {
    settings->alpn.emplace_back(protocol);
    return {};
  });
}

baton_status baton_settings_set_ticket_keys(baton_settings* settings, const uint8_t* keys, size_t size) {
  return guarded({needed(settings, "settings"), bytes(keys, size, "keys")}, [&]() -> Result<void> {
    if (auto checked = check_role(*settings, Role::server, "server"); !checked) return checked;
    if (auto checked = check_not_empty({keys, size}, "keys"); !checked) return checked;
    settings->ticket_keys.assign(keys, keys + size);
    return {};
  });
}

baton_status baton_settings_keep(baton_settings* settings, int peer, unsigned keep) {
  return guarded({needed(settings, "settings")}, [&]() -> Result<void> {
    auto kept = kept_metadata_of(peer, keep);
    if (!kept) return pass_on(kept);
    settings->keep = *kept;
    return {};
  });
}
