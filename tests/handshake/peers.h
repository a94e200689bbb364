// The two kinds of peers that the tests connect in memory: Baton's handshakes, and plain libssl.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "handshake/client.h"
#include "handshake/server.h"
#include "support/pki.h"
#include "tls/finished_reader.h"

namespace baton::test {

// One of Baton's handshakes; remembers how its last step ended.
class BatonPeer {
 public:
  explicit BatonPeer(std::unique_ptr<handshake::Handshake> handshake) : handshake_(std::move(handshake)) {}

  void start() { progress_ = handshake_->advance({}); }
  void receive(ByteView bytes);
  Bytes take_output() { return handshake_->take_output(); }

  handshake::Progress progress() const { return progress_; }
  handshake::Handshake& operator*() { return *handshake_; }
  handshake::Handshake* operator->() { return handshake_.get(); }

 private:
  std::unique_ptr<handshake::Handshake> handshake_;
  handshake::Progress progress_ = handshake::Progress::need_bytes;
};

// An SSL object of stock libssl. Configure it through ssl() before start().
class LibsslPeer {
 public:
  static LibsslPeer client(const std::string& server_name);
  static LibsslPeer server(const TestCertificate& certificate);

  SSL* ssl() { return ssl_.get(); }
  void use_certificate(const TestCertificate& certificate);
  void start() { step(); }
  void receive(ByteView bytes);
  Bytes take_output();

  bool complete() const { return SSL_is_init_finished(ssl_.get()) != 0; }
  // The application data received so far; taken.
  std::string take_text() { return std::exchange(text_, {}); }
  void write(std::string_view text);

  // The last session that the server offered; null when there was none.
  std::shared_ptr<SSL_SESSION> session() const { return *session_; }

 private:
  LibsslPeer(const SSL_METHOD* method, bool is_client);
  void step();

  std::shared_ptr<std::shared_ptr<SSL_SESSION>> session_;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  std::string text_;
};

// Everything that passed, each way.
struct Streams {
  Bytes to_server;
  Bytes to_client;
};

// Carries bytes both ways until nobody says anything more.
template <class Client, class Server>
Streams pump(Client& client, Server& server) {
  Streams streams;
  while (true) {
    const Bytes from_client = client.take_output();
    append(streams.to_server, from_client);
    if (!from_client.empty()) server.receive(from_client);
    const Bytes from_server = server.take_output();
    append(streams.to_client, from_server);
    if (!from_server.empty()) client.receive(from_server);
    if (from_client.empty() && from_server.empty()) return streams;
  }
}

template <class Client, class Server>
Streams connect(Client& client, Server& server) {
  client.start();
  return pump(client, server);
}

// The connection that a completed handshake leaves, with what the peer sent behind it: perhaps its Finished.
tls::Connection continue_connection(BatonPeer& peer, ByteView peer_stream);

// What the connection can read now, as text. A failure or a close gives a text that names it.
std::string read_text(tls::Connection& connection);

// Sends data both ways, several times, in records of different sizes.
void expect_data_passes(tls::Connection& connection, LibsslPeer& peer);
void expect_data_passes(tls::Connection& a, tls::Connection& b);

// --- what most tests need ---

inline constexpr const char* kName = "www.example.com";

const TestCa& test_ca();
// A certificate of test_ca() for kName; the same for the whole process.
const TestCertificate& certificate_for_name(KeyType type);
handshake::Credential credential(const TestCertificate& certificate);
std::shared_ptr<const handshake::Tenant> make_tenant(handshake::TenantPolicy policy = {},
                                                     const std::vector<KeyType>& keys = {KeyType::p256});
std::shared_ptr<const handshake::ServerEndpoint> make_endpoint(handshake::ServerOptions options = {});
handshake::TenantSelector always(std::shared_ptr<const handshake::Tenant> tenant);
BatonPeer accept(const handshake::ServerEndpoint& endpoint, handshake::TenantSelector selector,
                 handshake::HandoffPoint handoff = handshake::HandoffPoint::late);
// A server with an endpoint of its own.
BatonPeer make_server(std::shared_ptr<const handshake::Tenant> tenant, handshake::ServerOptions options = {});
// A client that trusts test_ca() and asks for kName, unless the options say otherwise.
BatonPeer make_client(handshake::ClientOptions options = {});

// The records of a stream, each with its header; a rest that is no whole record is the last.
std::vector<Bytes> split_records(ByteView stream);

}  // namespace baton::test
