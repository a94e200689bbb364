// R8: each thing that stands in the way of an adoption is named, and once it is gone the adoption succeeds.
#include <openssl/err.h>

#include "adoptable.h"
#include "handshake/attach.h"
#include "role_and_suite.h"
#include "ticket_server.h"

namespace baton::test {
namespace {

// Some of them exist in one version or role only.
class AdoptionRefusal : public RoleAndSuiteTest {
 protected:
  static bool is_tls13() { return suite().version == ProtocolVersion::tls13; }
  static bool is_server() { return role() == Role::server; }

  static void expect_refused(Adoptable& adoptable, const char* message) {
    expect_obstacle(adoptable.ssl(), role(), ErrorCode::refused, message);
  }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusal, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

// Where they have a meaning.
class AdoptionRefusalTls13 : public AdoptionRefusal {};
class AdoptionRefusalTls13Client : public AdoptionRefusal {};
class AdoptionRefusalTls13Server : public AdoptionRefusal {};
class AdoptionRefusalTls12Server : public AdoptionRefusal {};
class AdoptionRefusalTls12 : public AdoptionRefusal {};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusalTls13,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls13)), name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusalTls13Client,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls13, Role::client)),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusalTls13Server,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls13, Role::server)),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusalTls12Server,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls12, Role::server)),
                         name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionRefusalTls12,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls12)), name_of_role_and_suite);

TEST_P(AdoptionRefusal, NoSsl) {
  expect_obstacle(nullptr, role(), ErrorCode::invalid_argument, "no SSL");
}

TEST_P(AdoptionRefusal, NeverAttached) {
  const ContextPtr context = make_context(role(), suite());
  const SslHolder ssl(SSL_new(context.get()));
  expect_obstacle(ssl.get(), role(), ErrorCode::refused, "was not watched");
}

TEST_P(AdoptionRefusal, AttachedTwice) {
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  const auto again = attach(context.get());
  ASSERT_FALSE(again);
  EXPECT_EQ(to_string(again.error().code), "invalid_argument");
  EXPECT_FALSE(attach(nullptr));
}

TEST_P(AdoptionRefusal, SslMadeBeforeAttaching) {
  Conversation talk({role(), &suite(), make_openssl_peer}, random_);
  const ContextPtr context = make_context(role(), suite());
  StockProgram program(context.get(), talk.setup());
  ASSERT_TRUE(attach(context.get()));
  talk.peer().start();
  while (!program.shake_hands()) {
    talk.peer().receive(program.take_output());
    program.receive(talk.take_wire(talk.wire().size()));
  }
  expect_obstacle(program.ssl(), role(), ErrorCode::refused, "SSL_new() came before attach()");
}

TEST_P(AdoptionRefusal, BeforeTheHandshakeIsComplete) {
  Adoptable adoptable(role(), suite(), random_);
  ASSERT_TRUE(watch(adoptable.ssl()));
  expect_refused(adoptable, "handshake is not complete");
  adoptable.talk().peer().start();
  adoptable.deliver();
  adoptable.program().shake_hands();
  expect_refused(adoptable, "handshake is not complete");
}

TEST_P(AdoptionRefusal, AnInfoCallbackOfTheSslItself) {
  for (const bool watched : {false, true}) {
    Adoptable adoptable(role(), suite(), random_);
    SSL_set_info_callback(adoptable.ssl(), [](const SSL*, int, int) {});
    if (watched) {
      ASSERT_TRUE(watch(adoptable.ssl()));
    }
    adoptable.shake_hands();
    if (watched) {
      adoptable.adopt_and_finish();
    } else {
      expect_refused(adoptable, "was not watched");
      const auto late = watch(adoptable.ssl());
      ASSERT_FALSE(late);
      EXPECT_THAT(late.error().message, testing::HasSubstr("handshake has begun"));
    }
  }
}

TEST_P(AdoptionRefusal, WatchingWithoutBioOrContext) {
  ContextPtr context = make_context(role(), suite());
  const SslHolder unattached(SSL_new(context.get()));
  EXPECT_FALSE(watch(unattached.get()));
  EXPECT_FALSE(watch(nullptr));
  ASSERT_TRUE(attach(context.get()));
  const SslHolder without_bio(SSL_new(context.get()));
  const auto watched = watch(without_bio.get());
  ASSERT_FALSE(watched);
  EXPECT_THAT(watched.error().message, testing::HasSubstr("no BIO"));
}

TEST_P(AdoptionRefusal, BiosReplaced) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  SSL_set0_rbio(adoptable.ssl(), BIO_new(BIO_s_mem()));
  expect_refused(adoptable, "no longer reads and writes through the recording BIOs");
}

TEST_P(AdoptionRefusal, MessageCallbackReplaced) {
  constexpr std::size_t kAll = 100;  // bytes
  for (const std::size_t reads : {std::size_t{0}, kAll / 2, kAll}) {
    Adoptable adoptable(role(), suite(), random_);
    adoptable.shake_hands();
    ASSERT_TRUE(adoption_readiness(adoptable.ssl()).ready());
    SSL_set_msg_callback(adoptable.ssl(), nullptr);
    if (reads == 0) {
      adoptable.program().write(kAll);
    } else {
      adoptable.talk().let_peer_write(kAll);
      adoptable.deliver();
      adoptable.program().read(reads);
    }
    expect_refused(adoptable, "message callback was replaced");
  }
}

// Else the record that the program has read would be carried as well (R2).
TEST_P(AdoptionRefusal, MessageCallbackReplacedWithReadAhead) {
  Adoptable adoptable(role(), suite(), random_);
  SSL_set_read_ahead(adoptable.ssl(), 1);
  adoptable.shake_hands();
  SSL_set_msg_callback(adoptable.ssl(), nullptr);
  adoptable.talk().let_peer_write(100);
  adoptable.talk().let_peer_write(100);
  adoptable.deliver();
  ASSERT_EQ(adoptable.program().read(100), 100U);
  expect_refused(adoptable, "message callback was replaced");
}

// libssl goes on with a key for as long as it likes.
TEST_P(AdoptionRefusal, KeyUsedUp) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  const std::uint64_t most =
      is_tls13() ? tls::KeyLimits{}.refuse_after - tls::kRecordsToEnd : tls::KeyLimits{}.rekey_after;
  handshake::Observer& observer = *handshake::observer_of(adoptable.ssl());
  // As if libssl had written them; an empty one has five bytes.
  const Bytes header = {23, 3, 3, 0, 0};
  const auto observe_one = [&] {
    observer.on_message(adoptable.ssl(), true, SSL3_RT_HEADER, header);
    observer.wire()->output.written(header);
  };
  while (observer.written().records + 1 < most) observe_one();
  EXPECT_TRUE(adoption_readiness(adoptable.ssl()).ready());
  observe_one();
  expect_obstacle(adoptable.ssl(), role(), ErrorCode::limit_exceeded, "as many records as it may");
}

// An on-path attacker sends its header. It counts nowhere, so no number would be true. In TLS 1.3 libssl
// fails.
TEST_P(AdoptionRefusal, ChangeCipherSpecInPart) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.program().receive(Bytes{20, 3, 3, 0, 1});
  std::uint8_t byte = 0;
  EXPECT_LE(SSL_read(adoptable.ssl(), &byte, 1), 0);
  expect_refused(adoptable, is_tls13() ? "unexpected_message" : "ChangeCipherSpec record has come in part");
}

TEST_P(AdoptionRefusal, TheClockThrows) {
  AttachOptions options;
  options.clock = []() -> UnixTime { throw std::runtime_error("no clock"); };
  Adoptable adoptable(role(), suite(), random_, std::move(options));
  adoptable.shake_hands();
  adoptable.exchange();
  expect_refused(adoptable, "an exception");
}

TEST_P(AdoptionRefusalTls13, KeyLogCallbackReplaced) {
  Adoptable adoptable(role(), suite(), random_);
  SSL_CTX_set_keylog_callback(adoptable.context(), nullptr);
  adoptable.shake_hands();
  expect_refused(adoptable, "key log callback was replaced");
}

TEST_P(AdoptionRefusal, WrongRole) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  const auto refused = adopt(adoptable.ssl(), continuing(other(role())));
  ASSERT_FALSE(refused);
  EXPECT_EQ(to_string(refused.error().code), "wrong_role");
  adoptable.exchange();
  adoptable.adopt_and_finish();
}

TEST_P(AdoptionRefusal, Twice) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.adopt_and_finish();
  expect_obstacle(adoptable.ssl(), role(), ErrorCode::consumed, "was adopted before");
}

TEST_P(AdoptionRefusal, AfterAFatalAlert) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  Bytes garbage(100, 0xAA);
  garbage[0] = 23;
  garbage[1] = garbage[2] = 3;
  garbage[3] = 0;
  garbage[4] = 95;
  adoptable.program().receive(garbage);
  std::uint8_t byte = 0;
  EXPECT_LE(SSL_read(adoptable.ssl(), &byte, 1), 0);
  expect_refused(adoptable, "has failed with the alert bad_record_mac");
}

TEST_P(AdoptionRefusalTls13, KeyUpdateOrTicketUnsent) {
  for (const bool ticket : {false, true}) {
    if (ticket && !is_server()) continue;
    Adoptable adoptable(role(), suite(), random_);
    adoptable.shake_hands();
    if (ticket) {
      ASSERT_EQ(SSL_new_session_ticket(adoptable.ssl()), 1);
    } else {
      ASSERT_EQ(SSL_key_update(adoptable.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    }
    expect_refused(adoptable, "in the middle of a handshake message");
    ASSERT_EQ(SSL_do_handshake(adoptable.ssl()), 1);
    adoptable.adopt_and_finish();
  }
}

TEST_P(AdoptionRefusal, QuietShutdown) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  SSL_set_quiet_shutdown(adoptable.ssl(), 1);
  SSL_shutdown(adoptable.ssl());
  expect_refused(adoptable, "close_notify");
  SSL_set_shutdown(adoptable.ssl(), SSL_RECEIVED_SHUTDOWN);
  expect_refused(adoptable, "close_notify");
  SSL_set_shutdown(adoptable.ssl(), 0);
  adoptable.adopt_and_finish();
}

TEST_P(AdoptionRefusalTls13Client, OfferedPostHandshakeAuthentication) {
  Adoptable adoptable(role(), suite(), random_, {},
                      [](SSL_CTX* context) { SSL_CTX_set_post_handshake_auth(context, 1); });
  adoptable.shake_hands();
  expect_refused(adoptable, "offered post-handshake authentication");
}

// The client is asked for a certificate after the handshake.
TEST_P(AdoptionRefusalTls13Server, AwaitedCertificate) {
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  StockProgram program(context.get(), {Role::client, &suite(), KeyType::p256, 1, 2});
  LibsslPeer client = LibsslPeer::client(kName);
  SSL_set_post_handshake_auth(client.ssl(), 1);
  const auto deliver = [&] {
    client.receive(program.take_output());
    program.receive(client.take_output());
  };
  client.start();
  while (!program.shake_hands()) deliver();
  deliver();
  SSL_set_verify(program.ssl(), SSL_VERIFY_PEER, nullptr);
  ASSERT_EQ(SSL_verify_client_post_handshake(program.ssl()), 1);
  ASSERT_EQ(SSL_do_handshake(program.ssl()), 1);
  expect_obstacle(program.ssl(), role(), ErrorCode::refused, "was asked for a certificate");
  deliver();
  deliver();
  program.read_all();
  EXPECT_TRUE(adoption_readiness(program.ssl()).ready())
      << adoption_readiness(program.ssl()).obstacle->message;
  Connection connection = value_of(adopt(program.ssl(), continuing(role())));
  ASSERT_TRUE(connection.write(as_bytes("after the answer")));
  client.receive(connection.take_output());
  EXPECT_EQ(client.take_text(), "after the answer");
}

TEST_P(AdoptionRefusalTls12Server, RenegotiationUnderWay) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.exchange();
  ASSERT_EQ(SSL_renegotiate(adoptable.ssl()), 1);
  expect_refused(adoptable, "renegotiation");
  ASSERT_EQ(SSL_do_handshake(adoptable.ssl()), 1);
  expect_refused(adoptable, "renegotiation");
  for (int i = 0; i < 5; ++i) {
    adoptable.deliver();
    adoptable.program().read(1);
    if (i == 0) {
      expect_refused(adoptable, "renegotiation");
    }
  }
  // It has new keys now, counted from zero.
  adoptable.exchange();
  adoptable.adopt_and_finish();
}

TEST_P(AdoptionRefusalTls13Client, InsideOfATicket) {
  Adoptable adoptable(role(), suite(), random_, {}, {}, make_ticket_server);
  adoptable.talk().peer().start();
  while (!adoptable.program().shake_hands()) adoptable.deliver();
  adoptable.talk().peer().receive(adoptable.program().take_output());
  const std::vector<Bytes> records =
      split_records(adoptable.talk().take_wire(adoptable.talk().wire().size()));
  ASSERT_GT(records.size(), 3U);
  ASSERT_TRUE(adoption_readiness(adoptable.ssl()).ready());
  adoptable.program().receive(records[0]);
  adoptable.program().read(1);
  expect_refused(adoptable, "handshake message");
  for (std::size_t i = 1; i < records.size(); ++i) adoptable.program().receive(records[i]);
  adoptable.program().read_all();
  adoptable.adopt_and_finish();
}

// Less than the header of a message, which libssl keeps where no call of its shows it.
TEST_P(AdoptionRefusalTls13Client, InsideOfAMessageHeader) {
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  StockProgram program(context.get(), {Role::server, &suite(), KeyType::p256, 1, 2});
  BatonPeer server = make_server(make_tenant());
  while (!program.shake_hands()) {
    server.receive(program.take_output());
    program.receive(server.take_output());
  }
  server.receive(program.take_output());
  program.receive(server.take_output());
  program.read_all();
  auto state = value_of(server->take_state());
  auto writer = value_of(tls::RecordProtection::create(*state.suite, state.write.keying));
  Bytes wire;
  seal_record(writer, state.write.sequence, tls::ContentType::handshake, Bytes{4, 0}, wire);
  ASSERT_TRUE(adoption_readiness(program.ssl()).ready());
  program.receive(wire);
  program.read_all();
  expect_obstacle(program.ssl(), role(), ErrorCode::refused, "part of a handshake message");
}

TEST_P(AdoptionRefusalTls12, CipherSuiteThatBatonDoesNotCarry) {
  Adoptable adoptable(role(), suite(), random_, {}, [](SSL_CTX* context) {
    ASSERT_EQ(SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-SHA"), 1);
  });
  adoptable.shake_hands();
  expect_obstacle(adoptable.ssl(), role(), ErrorCode::not_allowed, "ECDHE-ECDSA-AES128-SHA");
}

// A BIO that answers as a socket does whose records the kernel protects.
long answer_as_kernel_tls(BIO* bio, int command, long number, void* pointer) {
  const auto question = static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
  if (command == question) return 1;
  return command == BIO_CTRL_PUSH || command == BIO_CTRL_POP
             ? 0
             : BIO_ctrl(BIO_next(bio), command, number, pointer);
}

TEST_P(AdoptionRefusal, KernelTls) {
  static BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "kernel TLS");
  BIO_meth_set_ctrl(method, answer_as_kernel_tls);
  for (const int question : {BIO_CTRL_GET_KTLS_SEND, BIO_CTRL_GET_KTLS_RECV}) {
    Adoptable adoptable(role(), suite(), random_);
    adoptable.shake_hands();
    BIO* kernel = BIO_new(method);
    BIO_set_data(kernel, reinterpret_cast<void*>(static_cast<std::intptr_t>(question)));
    BIO_set_init(kernel, 1);
    BIO* recorder =
        question == BIO_CTRL_GET_KTLS_SEND ? SSL_get_wbio(adoptable.ssl()) : SSL_get_rbio(adoptable.ssl());
    BIO* below = BIO_next(recorder);
    BIO_push(kernel, below);
    BIO_set_next(recorder, kernel);
    expect_refused(adoptable, "kTLS");
  }
}

// What the transport does not take: a BIO pair with little room.
class AdoptionOverABioPair : public AdoptionRefusal {
 protected:
  static constexpr std::size_t kRoom = 5000;  // bytes

  void SetUp() override {
    AdoptionRefusal::SetUp();
    context_ = make_context(role(), suite());
    ASSERT_TRUE(attach(context_.get()));
    ssl_.reset(SSL_new(context_.get()));
    BIO* inner = nullptr;
    BIO* outer = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&inner, kRoom, &outer, 0), 1);
    outer_.reset(outer);
    SSL_set_bio(ssl_.get(), inner, inner);
    if (is_server()) {
      SSL_set_accept_state(ssl_.get());
    } else {
      SSL_set_connect_state(ssl_.get());
    }
    peer_.emplace(is_server() ? LibsslPeer::client(kName)
                              : LibsslPeer::server(certificate_for_name(KeyType::p256)));
    peer_->start();
    while (SSL_do_handshake(ssl_.get()) != 1) deliver();
    deliver();
    ERR_clear_error();
    char byte = 0;
    SSL_read(ssl_.get(), &byte, 1);  // tickets
  }

  void deliver() {
    Bytes output(BIO_ctrl_pending(outer_.get()));
    if (!output.empty()) BIO_read(outer_.get(), output.data(), static_cast<int>(output.size()));
    if (!output.empty()) peer_->receive(output);
    const Bytes input = peer_->take_output();
    if (!input.empty()) {
      ASSERT_EQ(BIO_write(outer_.get(), input.data(), static_cast<int>(input.size())),
                static_cast<int>(input.size()));
    }
  }

  ContextPtr context_;
  SslHolder ssl_;
  BioHolder outer_;
  std::optional<LibsslPeer> peer_;
};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionOverABioPair, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

TEST_P(AdoptionOverABioPair, SendUnderWay) {
  const std::string text(10'000, 'x');
  const auto write = [&] { return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); };
  ASSERT_EQ(SSL_get_error(ssl_.get(), write()), SSL_ERROR_WANT_WRITE);
  expect_obstacle(ssl_.get(), role(), ErrorCode::refused, "SSL_want_write");
  // Reading makes libssl forget what it waits for, but not what it owes.
  char byte = 0;
  EXPECT_LE(SSL_read(ssl_.get(), &byte, 1), 0);
  EXPECT_EQ(SSL_want(ssl_.get()), SSL_READING);
  expect_obstacle(ssl_.get(), role(), ErrorCode::refused, "its BIO has not taken");
  deliver();
  while (write() <= 0) deliver();
  expect_obstacle(ssl_.get(), role(), ErrorCode::refused, "output that nobody has taken");
  deliver();
  EXPECT_EQ(peer_->take_text(), text);

  // Input that lies in the pair moves along.
  peer_->write("hello");
  deliver();
  EXPECT_GT(adoption_readiness(ssl_.get()).unread_ciphertext, 0U);
  Connection connection = value_of(adopt(ssl_.get(), continuing(role())));
  const Event event = connection.next();
  ASSERT_TRUE(std::holds_alternative<ApplicationData>(event));
  EXPECT_EQ(as_text(std::get<ApplicationData>(event).bytes), "hello");
  ASSERT_TRUE(connection.write(as_bytes("and back")));
  peer_->receive(connection.take_output());
  EXPECT_EQ(peer_->take_text(), "and back");
}

TEST_P(AdoptionOverABioPair, CloseUnderWay) {
  const std::string text(kRoom - 40, 'x');  // no close_notify has room behind it
  ASSERT_GT(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())), 0);
  EXPECT_LT(SSL_shutdown(ssl_.get()), 0);
  EXPECT_FALSE(adoption_readiness(ssl_.get()).ready());
  deliver();
  EXPECT_GE(SSL_shutdown(ssl_.get()), 0);
  deliver();
  Connection connection = value_of(adopt(ssl_.get(), continuing(role())));
  EXPECT_FALSE(connection.write(as_bytes("late")));
}

}  // namespace
}  // namespace baton::test
