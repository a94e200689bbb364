// Both ends of a link by the public API, joined in memory, and a client whose handshake goes over it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/bytes.h"
#include "baton/offload.h"
#include "support/pki.h"
#include "support/value_of.h"

namespace baton::test {

inline constexpr const char* kName = "www.example.com";

inline const TestCa& the_ca() {
  static const TestCa ca;
  return ca;
}

inline Credential credential_for(const std::string& name) {
  CertificateOptions options;
  options.dns_names = {name};
  const TestCertificate certificate = the_ca().issue(options);
  return {certificate.chain_pem, SecretBuffer(certificate.key_pem.begin(), certificate.key_pem.end()),
          "chain", "key"};
}

// What the key store has for clients.
inline Config key_store_config() {
  ServerSettings settings;
  settings.credentials.push_back(credential_for(kName));
  Config config = value_of(Config::server(std::move(settings)));
  return config.set_serialization_version(SerializationVersion::v1);
}

inline Config client_config(ProtocolVersion version, const std::string& name = kName) {
  ClientSettings settings;
  settings.server_name = name;
  settings.ca_pem = the_ca().pem();
  settings.min_version = settings.max_version = version;
  return value_of(Config::client(std::move(settings)));
}

struct LinkTls {
  ProtocolVersion version = ProtocolVersion::tls13;
  bool client_certificate = true;
  PeerIdentity keep = PeerIdentity::digest;
  PeerIdentity client_keep = PeerIdentity::digest;
};

struct ConnectionPair {
  Connection server;
  Connection client;
  std::vector<std::string> peer_names;  // of the client
};

// Runs a handshake; everything is delivered.
inline ConnectionPair make_link_tls(const LinkTls& tls = {}) {
  ServerSettings server;
  server.credentials.push_back(credential_for("keystore.internal"));
  if (tls.client_certificate) server.client_ca_pem = the_ca().pem();
  server.keep.peer = tls.keep;
  ClientSettings client;
  client.server_name = "keystore.internal";
  client.ca_pem = the_ca().pem();
  client.credential = credential_for("app1.internal");
  client.min_version = client.max_version = tls.version;
  client.keep.peer = tls.client_keep;
  Handshake accepting = value_of(Handshake::start(value_of(Config::server(std::move(server)))));
  Handshake connecting = value_of(Handshake::start(value_of(Config::client(std::move(client)))));
  connecting.advance({});
  for (int i = 0; i < 5; ++i) {
    accepting.advance(connecting.take_output());
    connecting.advance(accepting.take_output());
  }
  const std::vector<std::string> names = accepting.peer_names();
  return {value_of(std::move(accepting).connection()), value_of(std::move(connecting).connection()), names};
}

struct LinkPair {
  LinkToKeyStore application_server;
  LinkToApplicationServer key_store;
  LinkToApplicationServer::Time now{};

  // Both ways, `size` bytes at a time, until both are silent.
  void pump(std::size_t size = SIZE_MAX) {
    bool moved = true;
    while (moved) {
      moved = false;
      if (const Bytes bytes = take(application_server, size); !bytes.empty()) {
        moved = true;
        to_key_store = key_store.receive(bytes, now);
      }
      if (const Bytes bytes = take(key_store, size); !bytes.empty()) {
        moved = true;
        to_application_server = application_server.receive(bytes);
      }
    }
  }

  std::vector<OffloadOutcome> outcomes() {
    std::vector<OffloadOutcome> all;
    while (auto report = key_store.next_report()) {
      all.push_back(report->outcome);
      last_report = *report;
    }
    return all;
  }

  template <class End>
  static Bytes take(End& end, std::size_t size) {
    const ByteView output = end.output();
    const ByteView part = output.first(std::min(size, output.size()));
    Bytes bytes(part.begin(), part.end());
    end.output_sent(bytes.size());
    return bytes;
  }

  Result<void> to_key_store;
  Result<void> to_application_server;
  std::optional<OffloadReport> last_report;
};

inline KeyStoreOptions options_for(std::vector<std::string> names) {
  KeyStoreOptions options;
  options.names = std::move(names);
  return options;
}

inline LinkPair protected_pair(const KeyStoreOptions& options = options_for({kName})) {
  ConnectionPair tls = make_link_tls();
  LinkPair pair{
      value_of(LinkToKeyStore::over(std::move(tls.client))),
      value_of(LinkToApplicationServer::over(std::move(tls.server), key_store_config(), options, {})),
      {},
      {},
      {},
      {}};
  pair.pump();
  return pair;
}

inline LinkPair unprotected_pair(const KeyStoreOptions& options = options_for({kName}),
                                 const Config& config = key_store_config()) {
  LinkPair pair{LinkToKeyStore::over_unprotected(),
                value_of(LinkToApplicationServer::over_unprotected(config, options, {})),
                {},
                {},
                {},
                {}};
  pair.pump();
  return pair;
}

// A client, and its handshake at the key store.
class OffloadedClient {
 public:
  OffloadedClient(LinkPair& link, const Config& client, OffloadRequest request = {},
                  const Config& server = Config::continuing(Role::server))
      : link_(link),
        client_(value_of(Handshake::start(client))),
        server_(value_of(link.application_server.open(server, std::move(request)))) {
    client_.advance({});
  }

  // One trip each way; the link's bytes in pieces of `size`.
  void step(std::size_t size = SIZE_MAX) {
    const Bytes bytes = client_.take_output();
    ByteView rest = bytes;
    do {
      const ByteView part = rest.first(std::min(size, rest.size()));
      server_.advance(part);
      rest = rest.subspan(part.size());
      link_.pump(size);
    } while (!rest.empty());
    server_.advance({});
    link_.pump(size);
    client_.advance(server_.take_output());
  }
  void run(std::size_t size = SIZE_MAX) {
    for (int i = 0; i < 4; ++i) step(size);
  }

  Handshake& client() { return client_; }
  OffloadedHandshake& server() { return server_; }
  HandshakeStep client_step() { return client_.advance({}); }
  HandshakeStep server_step() { return server_.advance({}); }

 private:
  LinkPair& link_;
  Handshake client_;
  OffloadedHandshake server_;
};

inline std::string read_text(Connection& connection) {
  std::string text;
  for (;;) {
    const Event event = connection.next();
    const auto* data = std::get_if<ApplicationData>(&event);
    if (data == nullptr) return text;
    text += as_text(data->bytes);
    connection.consume(data->bytes.size());
  }
}

inline void expect_text_passes(Connection& from, Connection& to, std::string_view text) {
  ASSERT_TRUE(from.write(as_bytes(text)));
  to.feed(from.take_output());
  EXPECT_EQ(read_text(to), text);
}

}  // namespace baton::test
