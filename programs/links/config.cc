#include "links/config.h"

#include <algorithm>

#include "common/names.h"

namespace baton::links {
namespace {

using programs::Duplicates;
using programs::Endpoint;
using programs::LinkTransport;
using programs::TableReader;
using programs::TcpEndpoint;

// The name that the key store's certificate is verified against.
std::string read_server_name(TableReader& table, const std::optional<Endpoint>& address) {
  const auto name = table.optional_text("server_name", "the host of address");
  if (!address) return {};
  const auto* tcp = std::get_if<TcpEndpoint>(&*address);
  if (tcp == nullptr) {
    if (name) table.error(name->place, programs::kNotOnUnixSocket);
    return {};
  }
  if (!name) return tcp->host;
  if (programs::is_ip_address(name->text)) return name->text;
  return table.take(programs::parse_dns_name(name->text), name->place).value_or(std::string());
}

std::vector<KeyStore> read_key_stores(TableReader& root) {
  std::vector<KeyStore> key_stores;
  Duplicates addresses;
  for (TableReader& table : root.tables("key_store", "add a [[key_store]] with its address")) {
    KeyStore key_store;
    const auto text = table.required_text("address");
    const auto address = text ? table.parsed_endpoint(*text) : std::nullopt;
    if (address) addresses.check(table, programs::to_string(*address), text->place);
    key_store.server_name = read_server_name(table, address);
    key_store.tier = static_cast<unsigned>(table.integer("tier", {.fallback = 0, .min = 0, .max = 100}));
    table.finish();
    if (!address) continue;
    key_store.address = *address;
    key_stores.push_back(std::move(key_store));
  }
  return key_stores;
}

LinkTransport transport_of(const std::vector<KeyStore>& key_stores) {
  if (key_stores.empty()) return LinkTransport::unknown;
  const bool any_tcp = std::ranges::any_of(
      key_stores, [](const KeyStore& key_store) { return programs::is_tcp(key_store.address); });
  return any_tcp ? LinkTransport::tcp : LinkTransport::unix_socket;
}

void read_link(TableReader& root, LinkTransport transport, Purpose purpose, Config& config) {
  TableReader table = root.table("link");
  config.tls = programs::read_link_tls(table, "ca", transport);
  config.lifetime = table.duration("lifetime", {"1h", "1s", "7d"});
  const bool signs = purpose == Purpose::signatures;
  // A program that waits for a signature may do nothing else meanwhile.
  config.policy.answer_timeout = table.duration("answer_timeout", {signs ? "500ms" : "2s", "10ms", "5m"});
  if (!signs) config.policy.hedge = table.boolean("hedge", false);
  table.finish();
}

}  // namespace

Config read_config(TableReader& root, Purpose purpose) {
  Config config;
  config.key_stores = read_key_stores(root);
  read_link(root, transport_of(config.key_stores), purpose, config);
  return config;
}

void bound_answer_timeout(Config& config, std::chrono::milliseconds whole) {
  config.policy.answer_timeout = std::min(config.policy.answer_timeout, whole / 2);
}

Result<LinkTls> make_link_tls(const Config& config,
                              const std::optional<programs::LinkCredential>& credential) {
  LinkTls all;
  for (const KeyStore& key_store : config.key_stores) {
    if (!programs::is_tcp(key_store.address)) {
      all.emplace_back();
      continue;
    }
    handshake::ClientOptions options;
    options.server_name = key_store.server_name;
    options.ca_pem = credential->ca_pem;
    options.credential = credential->credential;
    options.min_version = tls::ProtocolVersion::tls13;  // both ends are ours
    auto endpoint = handshake::ClientEndpoint::create(std::move(options));
    if (!endpoint) return pass_on(endpoint);
    all.push_back(std::move(*endpoint));
  }
  return all;
}

}  // namespace baton::links
