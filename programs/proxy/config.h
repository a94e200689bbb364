// The proxy's configuration file. docs/configuration.md describes every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "common/command_line.h"
#include "common/common_config.h"
#include "common/credentials.h"
#include "common/tls_policy_config.h"
#include "links/config.h"
#include "proxy/local_tls.h"

namespace baton::proxy {

// What clients speak at a listener.
enum class Protocol {
  tls,
  tcp,  // anything: the bytes are passed on as they are, and no key store is asked
};

// A listener that does its handshakes itself, with keys that key stores have.
struct LocalTlsConfig {
  std::vector<programs::NamedFile> chains;  // at least one; of each kind of key at most one
  programs::TlsPolicyConfig policy;
  programs::Place place;
};

// [[listener]]: where clients connect, and where their plaintext goes.
struct Listener {
  std::string name;                           // unique, at most 64 bytes; for logs and the key store
  std::vector<programs::TcpEndpoint> listen;  // at least one; the host is an IP address
  programs::Endpoint backend;
  Protocol protocol = Protocol::tls;
  std::optional<LocalTlsConfig> local_tls;  // absent: key stores do the handshakes
  std::size_t number = 0;                   // its place in Config::listeners
};

// What a client gets that cannot be served now.
enum class Refusal { alert, reset };

// [limits] (R9).
struct Limits {
  std::chrono::milliseconds handshake_timeout{};  // from accept to the client's Finished
  std::chrono::milliseconds idle_timeout{};       // of an established connection, without a byte either way
  std::chrono::milliseconds connect_timeout{};    // to the backend
  std::uint64_t max_connections = 0;              // 0: as many as descriptors allow
  std::uint64_t max_handshakes = 0;               // that are under way at once
  offload::Rate client_rate;                      // connections of one client address
  Refusal refusal = Refusal::alert;
  std::uint64_t buffer = 0;  // bytes per connection and direction; then back-pressure
};

// A configuration file that was checked wholly, but for the files that it names.
struct Config {
  std::filesystem::path file;
  unsigned threads = 1;  // event loops; 0: one per core (programs::resolve_threads)
  bool fips = false;     // all cryptography by OpenSSL's FIPS module
  programs::LogConfig log;
  std::vector<Listener> listeners;  // at least one
  links::Config links;
  Limits limits;
};

// Parses a document. All errors are reported at once, one a line, each with file and line.
[[nodiscard]] Result<Config> parse_config(programs::ConfigDocument& document);
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& file);

// What the files hold that a configuration names.
struct LoadedFiles {
  std::optional<programs::LinkCredential> link;            // as Config::links.tls
  std::vector<std::shared_ptr<const LocalTls>> local_tls;  // in the order of Config::listeners; may be null
};

// Reads and checks all of them: for --check and for the start alike. All errors are reported at once.
[[nodiscard]] Result<LoadedFiles> load_files(const Config& config);

// For --help.
const programs::ProgramText& program_text();

}  // namespace baton::proxy
