// The part of a configuration file that says how key stores are reached. docs/configuration.md describes
// every key.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/common_config.h"
#include "common/credentials.h"
#include "handshake/client.h"
#include "offload/client_offload.h"

namespace baton::links {

// [[key_store]]
struct KeyStore {
  programs::Endpoint address;
  std::string server_name;  // what its certificate must name; empty on a Unix socket
  unsigned tier = 0;        // lower ones are asked first
};

// [link], and all key stores.
struct Config {
  std::optional<programs::LinkTlsFiles> tls;  // present when a key store's address is TCP
  std::chrono::milliseconds lifetime{};       // then a new link replaces it
  offload::OffloadPolicy policy;
  std::vector<KeyStore> key_stores;  // at least one
};

// What key stores are asked for, since some keys make sense with one of them only.
enum class Purpose { handshakes, signatures };

Config read_config(programs::TableReader& root, Purpose purpose);

// `whole` is for how long a client, or who wants a signature, waits. An answer is overdue after half of it at
// most, so that there is time for another key store, and one that hangs is seen to.
void bound_answer_timeout(Config& config, std::chrono::milliseconds whole);

// The TLS of the link to each key store, in their order; null for a Unix socket. `credential` is there when
// `config.tls` is. Errors: those of ClientEndpoint::create().
using LinkTls = std::vector<std::shared_ptr<const handshake::ClientEndpoint>>;
[[nodiscard]] Result<LinkTls> make_link_tls(const Config& config,
                                            const std::optional<programs::LinkCredential>& credential);

}  // namespace baton::links
