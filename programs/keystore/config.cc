#include "keystore/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "common/names.h"
#include "keystore/config_offload.h"
#include "keystore/config_tenants.h"

namespace baton::keystore {
namespace {

using offload::SigningKinds;
using programs::ConfigDocument;
using programs::Duplicates;
using programs::Endpoint;
using programs::PlacedText;
using programs::TableReader;
using serialization::SerializationVersion;

constexpr std::int64_t kMaxUid = std::numeric_limits<uid_t>::max() - 1;  // the last value means "no user"
constexpr std::size_t kMaxGroupName = 64;                                // bytes

// nullopt: its error is noted; none: it is not set.
std::optional<SerializationVersion> read_serialization_version(TableReader& root) {
  const auto kNewest = static_cast<std::int64_t>(newest_readable_version());
  const auto version =
      root.optional_integer("serialization_version", std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::max(), "required for serialization");
  if (!root.has("serialization_version") || version == 0) return SerializationVersion::none;
  if (!version) return std::nullopt;
  if (*version < 1 || *version > kNewest) {
    root.error(root.place_of("serialization_version"),
               fmt::format("this build cannot write version {}; write 1 to {}", *version, kNewest));
    return std::nullopt;
  }
  return static_cast<SerializationVersion>(*version);
}

// Whether any application server may take over connections, and any tenant's. What is not read yet is taken
// to be as it is without `offload`.
bool hands_connections_over(const Config& config) {
  const auto serializes = [](const auto& item) { return item.offload.serialization; };
  return (config.application_servers.empty() ||
          std::ranges::any_of(config.application_servers, serializes)) &&
         (config.tenants.empty() || std::ranges::any_of(config.tenants, serializes));
}

// Off by default: nothing is written that an application server might not read.
void check_serialization_version(TableReader& root, const Config& config) {
  if (config.serialization_version != SerializationVersion::none || !hands_connections_over(config)) return;
  root.error(
      root.place_of("serialization_version"),
      "serialization is off until a version is set: add serialization_version = 1 once every application "
      "server reads version 1");
}

bool is_group_name(std::string_view name) {
  return name.size() <= kMaxGroupName && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                  c == '_';
         });
}

void read_groups(TableReader& root, Config& config) {
  Duplicates duplicates;
  for (const PlacedText& group :
       root.optional_texts("groups", "[\"X25519\", \"P-256\", \"P-384\", \"P-521\"]")) {
    duplicates.check(root, group.text, group.place);
    if (!is_group_name(group.text)) {
      root.error(group.place, fmt::format("\"{}\" is not the name of a group; write one name a string, as in "
                                          "[\"X25519\", \"P-256\"]",
                                          group.text));
    }
    config.groups.push_back(group.text);
  }
  if (!config.groups.empty()) config.groups_place = root.place_of("groups");
}

// Whether the configuration has an address of a kind.
bool any_tcp(const std::vector<Endpoint>& endpoints) {
  return std::any_of(endpoints.begin(), endpoints.end(), programs::is_tcp);
}
bool any_unix(const std::vector<Endpoint>& endpoints) {
  return !std::all_of(endpoints.begin(), endpoints.end(), programs::is_tcp);
}

programs::LinkTransport transport_of(const std::vector<Endpoint>& endpoints) {
  if (endpoints.empty()) return programs::LinkTransport::unknown;
  return any_tcp(endpoints) ? programs::LinkTransport::tcp : programs::LinkTransport::unix_socket;
}

LinkConfig read_link(TableReader& root) {
  TableReader table = root.table("link");
  LinkConfig link;
  Duplicates duplicates;
  for (const PlacedText& text : table.required_texts("listen")) {
    auto endpoint = table.parsed_listen_endpoint(text);
    if (!endpoint) continue;
    duplicates.check(table, programs::to_string(*endpoint), text.place);
    link.listen.push_back(std::move(*endpoint));
  }
  link.tls = programs::read_link_tls(table, "client_ca", transport_of(link.listen));
  link.max_handshakes_per_link = static_cast<std::uint32_t>(
      table.integer("max_handshakes_per_link", {.fallback = 4096, .min = 1, .max = 1'000'000}));
  table.finish();
  return link;
}

Limits read_limits(TableReader& root) {
  TableReader table = root.table("limits");
  Limits limits;
  limits.handshake_timeout = table.duration("handshake_timeout", {"10s", "100ms", "5m"});
  limits.handshake_bytes = table.size("handshake_bytes", {"256KiB", "16KiB", "16MiB"});
  limits.max_links =
      static_cast<std::uint32_t>(table.integer("max_links", {.fallback = 1024, .min = 1, .max = 1'000'000}));
  limits.max_handshakes = static_cast<std::uint32_t>(
      table.integer("max_handshakes", {.fallback = 16'384, .min = 1, .max = 10'000'000}));
  limits.worker_queue = static_cast<std::uint32_t>(
      table.integer("worker_queue", {.fallback = 512, .min = 1, .max = 1'000'000}));
  limits.client_rate = table.rate("client_rate");
  limits.link_idle_timeout = table.duration("link_idle_timeout", {"5m", "1s", "1d"});
  table.finish();
  return limits;
}

// An identity that no address of [link] can prove would never match, silently.
void check_identity_can_be_proved(TableReader& table, const LinkConfig& link, bool by_certificate) {
  if (link.listen.empty()) return;
  if (by_certificate && !any_tcp(link.listen)) {
    table.error(table.place_of("identity"),
                "needs a TCP address in link.listen; on a Unix socket write uid = NUMBER in place of it");
  }
  if (!by_certificate && !any_unix(link.listen)) {
    table.error(table.place_of("uid"),
                "needs a unix: address in link.listen; over TCP write identity = \"NAME\" in place of it");
  }
}

std::optional<std::variant<CertificateIdentity, UnixIdentity>> read_identity(TableReader& table,
                                                                             const LinkConfig& link,
                                                                             Duplicates& duplicates) {
  const auto name = table.optional_text("identity");
  const auto uid = table.optional_integer("uid", 0, kMaxUid);
  if (table.has("identity") == table.has("uid")) {
    table.error(table.place(),
                "write either identity (a name in the link's client certificate) or uid (on a Unix socket)");
    return std::nullopt;
  }
  check_identity_can_be_proved(table, link, table.has("identity"));
  if (uid) {
    duplicates.check(table, fmt::format("uid {}", *uid), table.place_of("uid"));
    return UnixIdentity{static_cast<uid_t>(*uid)};
  }
  if (!name) return std::nullopt;
  auto identity = table.take(programs::parse_identity(name->text), name->place);
  if (!identity) return std::nullopt;
  duplicates.check(table, *identity, name->place);
  return CertificateIdentity{std::move(*identity)};
}

std::vector<ApplicationServer> read_application_servers(TableReader& root, const LinkConfig& link) {
  std::vector<ApplicationServer> servers;
  Duplicates identities;
  for (TableReader& table :
       root.tables("application_server", "add an [[application_server]] for each machine that may connect")) {
    Duplicates names_of_one;
    auto identity = read_identity(table, link, identities);
    auto names = read_names(table, programs::parse_name_pattern_or_all, names_of_one);
    const offload::Rate rate = table.rate("rate");
    const OffloadModes modes = read_offload(table);
    const SigningKinds kinds = read_signing_kinds(table);
    const offload::Rate signing_rate = table.rate("signing_rate");
    for (const std::string_view key : {"signing_kinds", "signing_rate"}) {
      refuse_without_signing(table, key, modes.signing, "application_server.offload");
    }
    table.finish();
    if (identity)
      servers.push_back(
          {std::move(*identity), std::move(names), rate, modes, kinds, signing_rate, table.place()});
  }
  return servers;
}

}  // namespace

Result<offload::NameSet> name_set(const ApplicationServer& application_server) {
  offload::NameSet set;
  for (const std::string& name : application_server.names) {
    if (auto added = set.add(name); !added) return pass_on(added);
  }
  return set;
}

Result<Config> parse_config(ConfigDocument& document) {
  if (!document.is_toml()) return document.errors().as_failure();
  TableReader root(document);
  Config config;
  config.file = document.file();
  const auto version = read_serialization_version(root);
  config.serialization_version = version.value_or(SerializationVersion::none);
  config.threads = programs::read_threads(root);
  config.fips = root.boolean("fips", false);
  config.workers = static_cast<unsigned>(root.integer("workers", {.fallback = 2, .min = 1, .max = 1024}));
  config.ticket_key_file = root.optional_file("ticket_key_file", "fresh keys at each start");
  config.early_handoff = root.boolean("early_handoff", true);
  read_groups(root, config);
  config.log = programs::read_log(root);
  config.link = read_link(root);
  config.limits = read_limits(root);
  config.application_servers = read_application_servers(root, config.link);
  config.tenants = read_tenants(root);
  if (version) check_serialization_version(root, config);
  root.finish();
  if (!document.errors().empty()) return document.errors().as_failure();
  return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
  ConfigDocument document = ConfigDocument::read(file);
  return parse_config(document);
}

}  // namespace baton::keystore
