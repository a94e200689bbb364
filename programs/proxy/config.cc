#include "proxy/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/files.h"
#include "common/names.h"

namespace baton::proxy {
namespace {

using programs::ConfigDocument;
using programs::Duplicates;
using programs::Endpoint;
using programs::LinkTransport;
using programs::PlacedText;
using programs::TableReader;
using programs::TcpEndpoint;

constexpr std::array<std::pair<std::string_view, Refusal>, 2> kRefusals = {
    {{"alert", Refusal::alert}, {"reset", Refusal::reset}}};

constexpr std::size_t kMaxListenerName = 64;  // bytes, as the link protocol carries it

constexpr std::array<std::pair<std::string_view, Protocol>, 2> kProtocols = {
    {{"tls", Protocol::tls}, {"tcp", Protocol::tcp}}};

// R7: the application server holds no TLS policy. Who tries to write one here is told where it belongs.
constexpr std::array<std::string_view, 17> kTlsPolicyKeys = {
    "tls",         "certificate",           "certificates", "chain",       "private_key",    "cert",
    "key",         "cipher_suites",         "ciphers",      "groups",      "alpn",           "min_version",
    "max_version", "serialization_version", "tenant",       "server_name", "ticket_key_file"};
constexpr std::string_view kNoTlsPolicy =
    "the application server holds no TLS policy: certificates, keys, names and cipher suites belong in the "
    "key "
    "store's file, under [[tenant]]";

constexpr std::string_view kOnlyWithCertificates =
    "belongs in the key store's file, under [[tenant]], unless this listener has certificates and does the "
    "handshakes itself";
constexpr std::array<std::string_view, 2> kPrivateKeys = {"private_key", "key"};
constexpr std::string_view kKeysAreElsewhere =
    "the private key stays with the key stores, which sign with it: its tenant there has \"signing\" in "
    "offload";

bool is_listener_name(std::string_view name) {
  return name.size() <= kMaxListenerName && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_' || c == '.';
         });
}

std::string read_listener_name(TableReader& table, std::size_t number) {
  const auto name = table.optional_text("name", "\"listener1\", \"listener2\", ...");
  if (!name) return fmt::format("listener{}", number);
  if (!is_listener_name(name->text)) {
    table.error(name->place,
                "a listener's name has at most 64 letters, digits, dots, hyphens and underscores");
  }
  return name->text;
}

std::vector<TcpEndpoint> read_listen(TableReader& table, Duplicates& addresses) {
  std::vector<TcpEndpoint> listen;
  for (const PlacedText& text : table.required_texts("listen")) {
    auto endpoint = table.parsed_listen_endpoint(text);
    if (!endpoint) continue;
    const auto* tcp = std::get_if<TcpEndpoint>(&*endpoint);
    if (tcp == nullptr) {
      table.error(text.place, fmt::format("\"{}\" is not HOST:PORT; clients connect over TCP", text.text));
      continue;
    }
    addresses.check(table, programs::to_string(*endpoint), text.place);
    listen.push_back(*tcp);
  }
  return listen;
}

// With certificates, a listener does its handshakes itself, and then it has a policy of its own.
std::optional<LocalTlsConfig> read_local_tls(TableReader& table) {
  table.note("certificates.chain", "required");
  if (!table.has("certificates")) {
    for (const std::string_view key : {"alpn", "min_version", "max_version"}) {
      if (table.has(key)) table.error(table.place_of(key), kOnlyWithCertificates);
    }
  }
  LocalTlsConfig local;
  local.place = table.place_of("certificates");
  for (TableReader& certificate :
       table.optional_inline_tables("certificates", "key stores do the handshakes")) {
    if (auto chain = certificate.required_file("chain")) local.chains.push_back(std::move(*chain));
    certificate.finish(kPrivateKeys, kKeysAreElsewhere);
  }
  local.policy = programs::read_tls_policy(table);
  if (!table.has("certificates")) return std::nullopt;
  return local;
}

std::vector<Listener> read_listeners(TableReader& root) {
  std::vector<Listener> listeners;
  Duplicates names;
  Duplicates addresses;
  for (TableReader& table : root.tables("listener", "add a [[listener]] with listen and backend")) {
    Listener listener;
    listener.name = read_listener_name(table, listeners.size() + 1);
    names.check(table, listener.name, table.place_of("name"));
    listener.listen = read_listen(table, addresses);
    if (const auto backend = table.required_text("backend")) {
      listener.backend = table.parsed_endpoint(*backend).value_or(Endpoint());
    }
    listener.protocol = table.choice<Protocol>("protocol", "tls", kProtocols);
    listener.local_tls = read_local_tls(table);
    if (listener.local_tls && listener.protocol == Protocol::tcp) {
      table.error(table.place_of("certificates"), "has no meaning with protocol = \"tcp\"");
    }
    listener.number = listeners.size();
    table.finish(kTlsPolicyKeys, kNoTlsPolicy);
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Limits read_limits(TableReader& root) {
  TableReader table = root.table("limits");
  Limits limits;
  limits.handshake_timeout = table.duration("handshake_timeout", {"10s", "100ms", "5m"});
  limits.idle_timeout = table.duration("idle_timeout", {"5m", "1s", "7d"});
  limits.connect_timeout = table.duration("connect_timeout", {"5s", "10ms", "5m"});
  limits.max_connections = static_cast<std::uint64_t>(
      table.integer("max_connections", {.fallback = 0, .min = 0, .max = 100'000'000}));
  limits.max_handshakes = static_cast<std::uint64_t>(
      table.integer("max_handshakes", {.fallback = 10'000, .min = 1, .max = 100'000'000}));
  limits.client_rate = table.rate("client_rate");
  limits.refusal = table.choice<Refusal>("refusal", "alert", kRefusals);
  // A record, with its header and the largest expansion of TLS 1.2, must fit.
  limits.buffer = table.size("buffer", {"64KiB", "32KiB", "16MiB"});
  table.finish();
  return limits;
}

}  // namespace

Result<Config> parse_config(ConfigDocument& document) {
  if (!document.is_toml()) return document.errors().as_failure();
  TableReader root(document);
  Config config;
  config.file = document.file();
  config.threads = programs::read_threads(root);
  config.fips = root.boolean("fips", false);
  config.log = programs::read_log(root);
  config.listeners = read_listeners(root);
  config.links = links::read_config(root, links::Purpose::handshakes);
  config.limits = read_limits(root);
  links::bound_answer_timeout(config.links, config.limits.handshake_timeout);
  root.finish(kTlsPolicyKeys, kNoTlsPolicy);
  if (!document.errors().empty()) return document.errors().as_failure();
  return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
  ConfigDocument document = ConfigDocument::read(file);
  return parse_config(document);
}

namespace {

// Null when something was wrong and is noted.
std::shared_ptr<const LocalTls> load_local_tls(const LocalTlsConfig& config, programs::ConfigErrors& errors) {
  handshake::TenantPolicy policy;
  policy.label = "listener";
  policy.min_version = config.policy.min_version;
  policy.max_version = config.policy.max_version;
  policy.alpn = config.policy.alpn;
  std::vector<handshake::Credential> credentials;
  for (const programs::NamedFile& chain : config.chains) {
    auto pem = programs::read_text_file(chain.path, programs::kMaxPemFile);
    if (!pem) {
      errors.add(chain.place, pem.error().message);
      return nullptr;
    }
    handshake::Credential credential;
    credential.chain_pem = std::move(*pem);
    credential.chain_source = chain.path.string();
    credential.key_place = KeyPlace::elsewhere;
    credentials.push_back(std::move(credential));
  }
  auto tenant = handshake::Tenant::load(std::move(policy), std::move(credentials));
  auto endpoint = handshake::ServerEndpoint::create({});
  if (tenant && endpoint)
    return std::make_shared<LocalTls>(LocalTls{std::move(*endpoint), std::move(*tenant)});
  errors.add(config.place, tenant ? endpoint.error().message : tenant.error().message);
  return nullptr;
}

}  // namespace

Result<LoadedFiles> load_files(const Config& config) {
  programs::ConfigErrors errors(config.file);
  LoadedFiles files;
  programs::check_log_file(config.log, errors);
  if (config.links.tls) files.link = programs::load_link_credential(*config.links.tls, errors);
  for (const Listener& listener : config.listeners) {
    files.local_tls.push_back(listener.local_tls ? load_local_tls(*listener.local_tls, errors) : nullptr);
  }
  if (!errors.empty()) return errors.as_failure();
  return files;
}

const programs::ProgramText& program_text() {
  static constexpr programs::ProgramText kText = {
      .name = "baton-proxy",
      .description =
          "Serves TLS clients with handshakes that a key store does, and passes plaintext to a backend.",
      .invocation = "baton-proxy --config /etc/baton/proxy.toml --check",
      .example = R"([[listener]]
listen = ["[::]:443", "0.0.0.0:443"]
backend = "127.0.0.1:8080"

[link]
certificate = "app1.crt"
private_key = "app1.key"
ca = "link-ca.crt"

[[key_store]]
address = "keystore.internal:7600"
)"};
  return kText;
}

}  // namespace baton::proxy
