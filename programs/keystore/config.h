// The key store's configuration file. docs/configuration.md describes every key.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "common/command_line.h"
#include "common/common_config.h"
#include "common/credentials.h"
#include "common/tls_policy_config.h"
#include "handshake/server.h"
#include "offload/name_set.h"
#include "offload/signing_request.h"
#include "serialization/serialization.h"
#include "tls/cipher_suite.h"

namespace baton::keystore {

// [link]: where application servers connect.
struct LinkConfig {
  std::vector<programs::Endpoint> listen;     // at least one; the host of a TCP one is an IP address
  std::optional<programs::LinkTlsFiles> tls;  // present when `listen` has a TCP address
  std::uint32_t max_handshakes_per_link = 0;  // in flight at once
};

// [limits] (R9).
struct Limits {
  std::chrono::milliseconds handshake_timeout{};  // from the first byte of a client to the handoff
  std::uint64_t handshake_bytes = 0;              // of the client's stream
  std::uint32_t max_links = 0;                    // of application servers that have shown who they are
  std::uint32_t max_handshakes = 0;               // of all links, until the handoff
  std::uint32_t worker_queue = 0;                 // slow signatures of one application server that wait
  offload::Rate client_rate;                      // handshakes of one client address
  std::chrono::milliseconds link_idle_timeout{};  // without a frame from the application server
};

// The name in the link's client certificate (DNS name in lower case, or URI).
struct CertificateIdentity {
  std::string name;
};
// The user id of the other end of a Unix socket.
struct UnixIdentity {
  uid_t uid;
};

// What is done for whom: connections handed over, or signatures for handshakes that are done elsewhere.
struct OffloadModes {
  bool serialization = true;
  bool signing = false;
};

// [[application_server]]: who may connect, and which names it may serve.
struct ApplicationServer {
  std::variant<CertificateIdentity, UnixIdentity> identity;
  std::vector<std::string> names;  // lower case: exact, "*.example.com", or "*" for all
  offload::Rate rate;              // of its handshakes, over all its links
  OffloadModes offload;
  offload::SigningKinds signing_kinds = offload::kServerKinds;
  offload::Rate signing_rate;  // of its signatures, over all its links
  programs::Place place;
};

// Its names, to look them up in. Errors: those of NameSet::add().
[[nodiscard]] Result<offload::NameSet> name_set(const ApplicationServer& application_server);

struct CertificateFiles {
  programs::NamedFile chain;
  programs::NamedFile private_key;
  offload::SigningKinds signing_kinds = offload::kServerKinds;
};

// [[tenant]]: certificates and policy of a set of names.
struct TenantConfig {
  std::vector<std::string> names;  // lower case: exact or "*.example.com"; unique over all tenants
  std::vector<CertificateFiles> certificates;
  OffloadModes offload;
  std::optional<programs::NamedFile> client_ca;  // authorities for a demanded client certificate
  std::vector<std::string> cipher_suites;        // IANA names; empty: all that Baton carries
  programs::TlsPolicyConfig tls;
  bool is_default = false;  // also serves clients that send no name or an unknown one
  programs::Place place;
};

// A configuration file that was checked wholly, but for the files that it names.
struct Config {
  std::filesystem::path file;
  serialization::SerializationVersion serialization_version = serialization::SerializationVersion::none;
  unsigned threads = 1;  // event loops; 0: one per core (programs::resolve_threads)
  bool fips = false;     // all cryptography by OpenSSL's FIPS module
  unsigned workers = 2;  // threads for slow signatures
  std::optional<programs::NamedFile> ticket_key_file;
  bool early_handoff = true;        // where the application server takes it
  std::vector<std::string> groups;  // OpenSSL's names; empty: the default of handshake::ServerOptions
  std::optional<programs::Place> groups_place;
  programs::LogConfig log;
  LinkConfig link;
  Limits limits;
  std::vector<ApplicationServer> application_servers;  // at least one; identities are unique
  std::vector<TenantConfig> tenants;                   // at least one; at most one is the default
};

// Parses a document. All errors are reported at once, one a line, each with file and line.
[[nodiscard]] Result<Config> parse_config(programs::ConfigDocument& document);
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& file);

class SigningKeys;

// What the files hold that a configuration names.
struct LoadedFiles {
  std::vector<std::shared_ptr<const handshake::Tenant>> tenants;  // in the order of Config::tenants
  std::optional<programs::LinkCredential> link;                   // as Config::link.tls
  SecretBuffer ticket_keys;                                       // 80 bytes, or empty
  std::shared_ptr<const SigningKeys> signing_keys;
  programs::ConfigErrors warnings;  // what may not be meant
};

// Reads and checks all of them: for --check and for the start alike. All errors are reported at once.
[[nodiscard]] Result<LoadedFiles> load_files(const Config& config);

// For --help.
const programs::ProgramText& program_text();

}  // namespace baton::keystore
