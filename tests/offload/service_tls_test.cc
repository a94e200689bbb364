// The service with real handshakes: a stock libssl client at one end, a link in memory in the middle.

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <thread>

#include "offload/handshake_service.h"
#include "offload/link_pair.h"
#include "offload/restrict_names.h"
#include "support/pki.h"
#include "tls/finished_reader.h"

namespace baton::offload::test {
namespace {

using baton::test::CertificateOptions;
using baton::test::KeyType;
using baton::test::TestCa;
using baton::test::TestCertificate;

constexpr const char* kName = "www.example.com";

// A client of stock libssl over memory.
class LibsslClient {
 public:
  explicit LibsslClient(int version, const std::string& server_name = kName)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    SSL_CTX_set_max_cert_list(context_.get(), 256 * 1024);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_min_proto_version(ssl_.get(), version);
    SSL_set_max_proto_version(ssl_.get(), version);
    // The macro for it holds a C cast.
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_name.c_str()));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    SSL_do_handshake(ssl_.get());
  }

  void receive(ByteView bytes) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
    char buffer[4096];
    for (int count = 0; (count = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0;) {
      text_.append(buffer, static_cast<std::size_t>(count));
    }
  }
  Bytes take_output() {
    Bytes output(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
    if (!output.empty()) BIO_read(SSL_get_wbio(ssl_.get()), output.data(), static_cast<int>(output.size()));
    return output;
  }
  void write(std::string_view text) { SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
  bool complete() const { return SSL_is_init_finished(ssl_.get()) != 0; }
  const std::string& text() const { return text_; }

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string text_;
};

TestCertificate issue(KeyType type, int depth = 0, std::size_t padding = 0) {
  static const TestCa ca;
  CertificateOptions options;
  options.key_type = type;
  options.dns_names = {kName};
  return depth == 0 ? ca.issue(options) : ca.issue_with_chain(options, depth, padding);
}

ServiceConfig make_config(const TestCertificate& certificate, LinkLimits limits, bool slow) {
  std::vector<handshake::Credential> credentials;
  credentials.push_back({certificate.chain_pem,
                         SecretBuffer(certificate.key_pem.begin(), certificate.key_pem.end()), "chain",
                         "key"});
  auto tenant = handshake::Tenant::load({}, std::move(credentials));
  EXPECT_TRUE(tenant) << (tenant ? "" : tenant.error().message);
  handshake::ServerOptions options;
  options.offload_slow_signatures = slow;
  auto names = std::make_shared<NameSet>();
  EXPECT_TRUE(names->add(kName));

  ServiceConfig config;
  config.endpoint = *handshake::ServerEndpoint::create(std::move(options));
  config.selector_for = [names, tenant = *tenant](const Open&) {
    return restrict_names(names, [tenant](const handshake::ClientHelloInfo&) { return tenant; });
  };
  config.version = kV1;
  config.link = limits;
  config.hello = {"store"};
  return config;
}

// What an application server does, for one client.
struct Relay {
  Relay(const TestCertificate& certificate, int version, LinkLimits limits = {}, bool slow = false,
        const std::string& server_name = kName)
      : client(version, server_name), link(limits, {"app"}), service(make_config(certificate, limits, slow)) {
    carry();
    take_events(link);
    OpenRequest request;
    request.first_bytes = stream = client.take_output();
    const auto opened = link.open(std::move(request));
    EXPECT_TRUE(opened);
    id = *opened;
  }

  void carry() {
    while (!link.output().empty() || !service.output().empty()) {
      ASSERT_TRUE(service.receive(take_output(link), TimePoint{}));
      ASSERT_TRUE(link.receive(take_output(service)));
    }
  }

  // Relays until nothing moves any more. `behind` is sent by the client as soon as its handshake is done, in
  // the same piece as its Finished.
  void run(std::string_view behind = {}) {
    bool said = behind.empty();
    for (bool moved = true; moved;) {
      moved = false;
      carry();
      for (ClientEvent& event : take_events(link)) handle(event);
      if (!said && client.complete()) {
        client.write(behind);
        said = true;
      }
      const Bytes output = client.take_output();
      append(stream, output);
      if (output.empty()) continue;
      moved = true;
      if (!handoff && !failed) {
        ASSERT_TRUE(link.client_bytes(id, output));
      }
    }
  }

  void handle(ClientEvent& event) {
    if (auto* bytes = std::get_if<Received<ServerBytes>>(&event)) client.receive(bytes->body.bytes);
    if (auto* body = std::get_if<Received<Handoff>>(&event)) {
      client.receive(body->body.server_bytes);
      handoff = std::move(body->body);
    }
    if (auto* body = std::get_if<Received<Failed>>(&event)) {
      client.receive(body->body.server_bytes);
      failed = std::move(body->body);
    }
  }

  tls::Connection connection() {
    auto state = serialization::deserialize_unprotected(handoff->serialized);
    EXPECT_TRUE(state);
    const ByteView behind = ByteView{stream}.subspan(handoff->consumed);
    if (state->awaited) {
      auto reader = tls::FinishedReader::from_state(std::move(*state));
      EXPECT_TRUE(reader);
      reader->feed(behind);
      EXPECT_TRUE(std::holds_alternative<tls::FinishedVerified>(reader->next()));
      auto connection = std::move(*reader).into_connection();
      EXPECT_TRUE(connection);
      return std::move(*connection);
    }
    auto connection = tls::Connection::from_state(std::move(*state));
    EXPECT_TRUE(connection);
    connection->feed(behind);
    return std::move(*connection);
  }

  LibsslClient client;
  LinkClient link;
  HandshakeService service;
  HandshakeId id = HandshakeId::link;
  Bytes stream;  // everything that the client sent
  std::optional<Handoff> handoff;
  std::optional<Failed> failed;
};

void expect_text(tls::Connection& connection, std::string_view expected) {
  std::string text;
  while (true) {
    const tls::Event event = connection.next();
    const auto* data = std::get_if<tls::ApplicationData>(&event);
    if (data == nullptr) break;
    text += as_text(data->bytes);
    connection.consume(data->bytes.size());
  }
  EXPECT_EQ(text, expected);
}

// The connection that came over the link lives.
void expect_alive(Relay& relay, std::string_view already_sent) {
  ASSERT_TRUE(relay.handoff) << (relay.failed ? relay.failed->text : "nothing came");
  tls::Connection connection = relay.connection();
  expect_text(connection, already_sent);
  ASSERT_TRUE(connection.write(as_bytes("response")));
  relay.client.receive(connection.take_output());
  EXPECT_EQ(relay.client.text(), "response");
  relay.client.write("more");
  connection.feed(relay.client.take_output());
  expect_text(connection, "more");
  ASSERT_TRUE(relay.link.report(relay.id, {OutcomeKind::established}));
  relay.carry();
  EXPECT_EQ(relay.service.counts().established, 1U);
  EXPECT_EQ(relay.service.held(), 0U);
}

class ServiceTls : public testing::TestWithParam<int> {};

TEST_P(ServiceTls, TheConnectionGoesOnAtTheApplicationServer) {
  Relay relay(issue(KeyType::p256), GetParam());
  relay.run();
  expect_alive(relay, "");
}

TEST_P(ServiceTls, DataBehindTheFinishedIsNeitherLostNorDoubled) {
  Relay relay(issue(KeyType::p256), GetParam());
  relay.run("GET / HTTP/1.1");
  expect_alive(relay, "GET / HTTP/1.1");
}

TEST_P(ServiceTls, ChainOf64KbOverTheSmallestFrames) {
  LinkLimits small;
  small.max_payload = kSmallestMaxPayload;
  Relay relay(issue(KeyType::p256, 4, 16'000), GetParam(), small);
  relay.run();
  expect_alive(relay, "");
}

TEST_P(ServiceTls, SlowSignatureOnAWorker) {
  Relay relay(issue(KeyType::rsa2048), GetParam(), {}, true);
  relay.run();
  auto step = relay.service.take_pending();
  ASSERT_TRUE(step);
  std::thread([copy = *step]() mutable { copy.run(); }).join();
  relay.service.finish(*step, TimePoint{});
  relay.run();
  expect_alive(relay, "");
}

TEST_P(ServiceTls, ANameThatTheLinkMayNotServeIsRefused) {
  Relay relay(issue(KeyType::p256), GetParam(), {}, false, "bank.example");
  relay.run();
  ASSERT_TRUE(relay.failed);
  EXPECT_EQ(relay.failed->reason, FailureReason::name_refused);
  EXPECT_EQ(relay.failed->alert, tls::Alert::unrecognized_name);
  EXPECT_EQ(relay.failed->server_name, "bank.example");
  EXPECT_FALSE(relay.failed->server_bytes.empty());
  EXPECT_EQ(relay.service.held(), 0U);
}

std::string version_name(const testing::TestParamInfo<int>& version) {
  return version.param == TLS1_3_VERSION ? "Tls13" : "Tls12";
}

INSTANTIATE_TEST_SUITE_P(Versions, ServiceTls, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION), version_name);

TEST(ServiceTlsGarbage, IsAnsweredWithAnAlert) {
  Relay relay(issue(KeyType::p256), TLS1_3_VERSION);
  relay.link.cancel(relay.id, CancelReason::client_gone);
  for (int count = 0; count < 2000; ++count) {
    OpenRequest request;
    request.first_bytes = some_bytes(static_cast<std::size_t>(1 + count % 40));
    const auto id = relay.link.open(std::move(request));
    ASSERT_TRUE(id);
    relay.carry();
    for (ClientEvent& event : take_events(relay.link)) relay.handle(event);
    relay.link.cancel(*id, CancelReason::client_gone);
    while (relay.service.next_log_event()) continue;
  }
  relay.carry();
  ASSERT_TRUE(relay.failed);
  EXPECT_EQ(relay.failed->reason, FailureReason::tls_alert_sent);
  EXPECT_EQ(relay.failed->server_bytes.at(0), 21) << "an alert record";
  EXPECT_EQ(relay.service.held(), 0U);
  EXPECT_EQ(relay.link.in_flight(), 0U);
}

}  // namespace
}  // namespace baton::offload::test
