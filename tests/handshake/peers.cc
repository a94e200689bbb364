#include "peers.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <map>
#include <mutex>

namespace baton::test {

using handshake::Progress;

void BatonPeer::receive(ByteView bytes) {
  if (progress_ == Progress::need_bytes || progress_ == Progress::pending)
    progress_ = handshake_->advance(bytes);
}

namespace {

int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* place = static_cast<std::shared_ptr<SSL_SESSION>*>(SSL_get_app_data(ssl));
  place->reset(session, SSL_SESSION_free);
  return 1;
}

std::shared_ptr<X509_STORE> store_of(const std::string& pem) {
  std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  while (X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store.get(), certificate);
    X509_free(certificate);
  }
  BIO_free(bio);
  ERR_clear_error();
  return store;
}

}  // namespace

void LibsslPeer::use_certificate(const TestCertificate& certificate) {
  SSL* ssl = ssl_.get();
  BIO* chain = BIO_new_mem_buf(certificate.chain_pem.data(), static_cast<int>(certificate.chain_pem.size()));
  X509* leaf = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr);
  ASSERT_EQ(SSL_use_certificate(ssl, leaf), 1);
  X509_free(leaf);
  while (X509* next = PEM_read_bio_X509(chain, nullptr, nullptr, nullptr)) SSL_add0_chain_cert(ssl, next);
  BIO_free(chain);
  BIO* key_bio = BIO_new_mem_buf(certificate.key_pem.data(), static_cast<int>(certificate.key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  ASSERT_EQ(SSL_use_PrivateKey(ssl, key), 1);
  EVP_PKEY_free(key);
  BIO_free(key_bio);
  ERR_clear_error();
}

LibsslPeer::LibsslPeer(const SSL_METHOD* method, bool is_client)
    : session_(std::make_shared<std::shared_ptr<SSL_SESSION>>()),
      context_(SSL_CTX_new(method), SSL_CTX_free),
      ssl_(nullptr, SSL_free) {
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), keep_session);
  SSL_CTX_set_max_cert_list(context_.get(), 256 * 1024);
  ssl_.reset(SSL_new(context_.get()), [](SSL* ssl) {
    // Without a close, libssl would mark the session as one that may not be resumed.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
  });
  SSL_set_app_data(ssl_.get(), session_.get());
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (is_client) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

LibsslPeer LibsslPeer::client(const std::string& server_name) {
  LibsslPeer peer(TLS_client_method(), true);
  if (!server_name.empty()) {
    SSL_ctrl(peer.ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_name.c_str()));
  }
  SSL_set_verify(peer.ssl(), SSL_VERIFY_PEER, nullptr);
  SSL_set1_verify_cert_store(peer.ssl(), store_of(test_ca().pem()).get());
  return peer;
}

LibsslPeer LibsslPeer::server(const TestCertificate& certificate) {
  LibsslPeer peer(TLS_server_method(), false);
  peer.use_certificate(certificate);
  return peer;
}

void LibsslPeer::step() {
  ERR_clear_error();
  char buffer[4096];
  int count = 0;
  while ((count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
    text_.append(buffer, static_cast<std::size_t>(count));
  }
}

void LibsslPeer::receive(ByteView bytes) {
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  step();
}

Bytes LibsslPeer::take_output() {
  BIO* bio = SSL_get_wbio(ssl_.get());
  Bytes output(BIO_ctrl_pending(bio));
  if (!output.empty()) BIO_read(bio, output.data(), static_cast<int>(output.size()));
  return output;
}

void LibsslPeer::write(std::string_view text) {
  ASSERT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
}

namespace {

Result<tls::Connection> connection_behind_finished(tls::ConnectionState state, ByteView stream) {
  auto reader = tls::FinishedReader::from_state(std::move(state));
  if (!reader) return pass_on(reader);
  reader->feed(stream);
  const tls::FinishedVerdict verdict = reader->next();
  if (const auto* failure = std::get_if<tls::Failure>(&verdict)) {
    return fail(ErrorCode::refused, failure->reason);
  }
  return std::move(*reader).into_connection();
}

}  // namespace

tls::Connection continue_connection(BatonPeer& peer, ByteView peer_stream) {
  Result<tls::ConnectionState> state = peer->take_state();
  if (!state) {
    ADD_FAILURE() << state.error().message;
    std::abort();
  }
  const ByteView behind = peer_stream.subspan(peer->consumed());
  const bool early = state->awaited != nullptr;
  Result<tls::Connection> connection = early ? connection_behind_finished(std::move(*state), behind)
                                             : tls::Connection::from_state(std::move(*state));
  EXPECT_TRUE(connection) << (connection ? "" : connection.error().message);
  if (!early) connection->feed(behind);
  return std::move(*connection);
}

std::string read_text(tls::Connection& connection) {
  std::string text;
  while (true) {
    const tls::Event event = connection.next();
    if (const auto* data = std::get_if<tls::ApplicationData>(&event)) {
      text += as_text(data->bytes);
      connection.consume(data->bytes.size());
    } else if (const auto* failure = std::get_if<tls::Failure>(&event)) {
      return text + "<failure: " + failure->reason + ">";
    } else if (std::holds_alternative<tls::PeerClosed>(event)) {
      return text + "<closed>";
    } else {
      return text;
    }
  }
}

namespace {

std::vector<std::string> messages() {
  return {"a", std::string(1000, 'b'), std::string(40000, 'c'), "d"};
}

}  // namespace

void expect_data_passes(tls::Connection& connection, LibsslPeer& peer) {
  peer.receive(connection.take_output());
  for (const std::string& message : messages()) {
    ASSERT_TRUE(connection.write(as_bytes(message)));
    peer.receive(connection.take_output());
    EXPECT_EQ(peer.take_text(), message);
    peer.write(message);
    connection.feed(peer.take_output());
    EXPECT_EQ(read_text(connection), message);
  }
}

void expect_data_passes(tls::Connection& a, tls::Connection& b) {
  for (const std::string& message : messages()) {
    ASSERT_TRUE(a.write(as_bytes(message)));
    b.feed(a.take_output());
    EXPECT_EQ(read_text(b), message);
    ASSERT_TRUE(b.write(as_bytes(message)));
    a.feed(b.take_output());
    EXPECT_EQ(read_text(a), message);
  }
}

const TestCa& test_ca() {
  static const TestCa ca;
  return ca;
}

const TestCertificate& certificate_for_name(KeyType type) {
  static std::mutex mutex;
  static std::map<KeyType, TestCertificate> certificates;
  const std::lock_guard lock(mutex);
  TestCertificate& certificate = certificates[type];
  if (certificate.chain_pem.empty()) {
    CertificateOptions options;
    options.key_type = type;
    options.dns_names = {kName};
    certificate = test_ca().issue(options);
  }
  return certificate;
}

handshake::Credential credential(const TestCertificate& certificate) {
  return {certificate.chain_pem, SecretBuffer(certificate.key_pem.begin(), certificate.key_pem.end()),
          "chain.pem", "key.pem"};
}

std::shared_ptr<const handshake::Tenant> make_tenant(handshake::TenantPolicy policy,
                                                     const std::vector<KeyType>& keys) {
  if (policy.label.empty()) policy.label = "test";
  std::vector<handshake::Credential> credentials;
  for (KeyType key : keys) credentials.push_back(credential(certificate_for_name(key)));
  auto tenant = handshake::Tenant::load(std::move(policy), std::move(credentials));
  EXPECT_TRUE(tenant) << (tenant ? "" : tenant.error().message);
  return *tenant;
}

std::shared_ptr<const handshake::ServerEndpoint> make_endpoint(handshake::ServerOptions options) {
  auto endpoint = handshake::ServerEndpoint::create(std::move(options));
  EXPECT_TRUE(endpoint) << (endpoint ? "" : endpoint.error().message);
  return *endpoint;
}

handshake::TenantSelector always(std::shared_ptr<const handshake::Tenant> tenant) {
  return [tenant = std::move(tenant)](const handshake::ClientHelloInfo&) -> handshake::TenantChoice {
    return tenant;
  };
}

BatonPeer accept(const handshake::ServerEndpoint& endpoint, handshake::TenantSelector selector,
                 handshake::HandoffPoint handoff) {
  auto handshake = endpoint.accept(std::move(selector), handoff);
  EXPECT_TRUE(handshake) << (handshake ? "" : handshake.error().message);
  return BatonPeer(std::move(*handshake));
}

BatonPeer make_server(std::shared_ptr<const handshake::Tenant> tenant, handshake::ServerOptions options) {
  return accept(*make_endpoint(std::move(options)), always(std::move(tenant)));
}

BatonPeer make_client(handshake::ClientOptions options) {
  if (options.ca_pem.empty()) options.ca_pem = test_ca().pem();
  if (options.server_name.empty()) options.server_name = kName;
  auto endpoint = handshake::ClientEndpoint::create(std::move(options));
  EXPECT_TRUE(endpoint) << (endpoint ? "" : endpoint.error().message);
  auto handshake = (*endpoint)->connect();
  EXPECT_TRUE(handshake) << (handshake ? "" : handshake.error().message);
  return BatonPeer(std::move(*handshake));
}

std::vector<Bytes> split_records(ByteView stream) {
  std::vector<Bytes> records;
  while (!stream.empty()) {
    std::size_t size = stream.size();
    if (stream.size() >= 5) size = std::min(size, 5 + static_cast<std::size_t>(stream[3] << 8 | stream[4]));
    records.emplace_back(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    stream = stream.subspan(size);
  }
  return records;
}

}  // namespace baton::test
