// What an adoption carries besides data, and what it leaves as it was.
#include <fcntl.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adoptable.h"
#include "api/inside.h"
#include "base/dead_stack.h"
#include "memory_search.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

class AdoptionFeature : public RoleAndSuiteTest {
 protected:
  static bool is_tls13() { return suite().version == ProtocolVersion::tls13; }
  static bool is_server() { return role() == Role::server; }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionFeature, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

// Where they have a meaning.
class AdoptionFeatureServer : public AdoptionFeature {};
class AdoptionFeatureTls13 : public AdoptionFeature {};
class AdoptionFeatureClient : public AdoptionFeature {};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionFeatureServer,
                         testing::ValuesIn(one_suite_of(std::nullopt, Role::server)), name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionFeatureTls13,
                         testing::ValuesIn(one_suite_of(ProtocolVersion::tls13)), name_of_role_and_suite);
INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionFeatureClient,
                         testing::ValuesIn(one_suite_of(std::nullopt, Role::client)), name_of_role_and_suite);

// --- the callbacks that were there ---

struct Counts {
  int key_log = 0;
  int info = 0;
  int messages = 0;
} counts;

TEST_P(AdoptionFeature, OtherCallbacksGoOnBeingCalled) {
  counts = {};
  AttachOptions options;
  options.message_callback = [](int, int, int, const void*, std::size_t, ssl_st*, void* argument) {
    ++*static_cast<int*>(argument);
  };
  Adoptable adoptable(role(), suite(), random_, std::move(options), [](SSL_CTX* context) {
    SSL_CTX_set_keylog_callback(context, [](const SSL*, const char*) { ++counts.key_log; });
    SSL_CTX_set_info_callback(context, [](const SSL*, int, int) { ++counts.info; });
    SSL_CTX_ctrl(context, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, &counts.messages);
  });
  adoptable.shake_hands();
  EXPECT_GE(counts.key_log, is_tls13() ? 4 : 1);
  EXPECT_GE(counts.info, 4);
  EXPECT_GE(counts.messages, 8);
  const int messages = counts.messages;
  adoptable.exchange();
  EXPECT_GT(counts.messages, messages);
  adoptable.adopt_and_finish();
}

// --- a server that chooses its context by the client's SNI ---

int choose_context(SSL* ssl, int* /*alert*/, void* chosen) {
  SSL_set_SSL_CTX(ssl, static_cast<SSL_CTX*>(chosen));
  return SSL_TLSEXT_ERR_OK;
}

TEST_P(AdoptionFeatureServer, ContextChosenByServerName) {
  for (const bool both_attached : {true, false}) {
    const ContextPtr chosen = make_context(role(), suite());
    if (both_attached) {
      ASSERT_TRUE(attach(chosen.get()));
    }
    Adoptable adoptable(role(), suite(), random_, {}, [&](SSL_CTX* context) {
      SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                            reinterpret_cast<void (*)()>(choose_context));
      SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, chosen.get());
    });
    adoptable.shake_hands();
    ASSERT_EQ(SSL_get_SSL_CTX(adoptable.ssl()), chosen.get());
    if (both_attached || !is_tls13()) {
      adoptable.adopt_and_finish();
    } else {
      expect_obstacle(adoptable.ssl(), role(), ErrorCode::refused, "SSL_set_SSL_CTX() chose one");
    }
  }
}

// What the info callbacks of two contexts are told of a handshake in which the second one is chosen.
std::vector<std::pair<char, int>> told_infos;

std::vector<std::pair<char, int>> infos_of_a_choice(Role role, const tls::CipherSuite& suite, bool attached,
                                                    bool second_attached, bool second_has_one) {
  const ContextPtr first = make_context(role, suite);
  const ContextPtr second = make_context(role, suite);
  SSL_CTX_set_info_callback(first.get(), [](const SSL*, int where, int) {
    told_infos.push_back({'1', where});
  });
  if (second_has_one) {
    SSL_CTX_set_info_callback(second.get(), [](const SSL*, int where, int) {
      told_infos.push_back({'2', where});
    });
  }
  SSL_CTX_callback_ctrl(first.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(choose_context));
  SSL_CTX_ctrl(first.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, second.get());
  EXPECT_TRUE(!attached || attach(first.get()));
  EXPECT_TRUE(!second_attached || attach(second.get()));
  told_infos.clear();
  StockProgram program(first.get(), {Role::client, &suite, KeyType::p256, 1, 2});
  LibsslPeer client = LibsslPeer::client(kName);
  client.start();
  while (!program.shake_hands()) {
    client.receive(program.take_output());
    program.receive(client.take_output());
  }
  return told_infos;
}

TEST_P(AdoptionFeatureServer, InfoCallbacksAreToldAsWithoutUs) {
  for (const bool second_has_one : {false, true}) {
    const auto stock = infos_of_a_choice(role(), suite(), false, false, second_has_one);
    EXPECT_FALSE(stock.empty());
    for (const bool second_attached : {false, true}) {
      EXPECT_EQ(infos_of_a_choice(role(), suite(), true, second_attached, second_has_one), stock);
    }
  }
}

// --- closing ---

TEST_P(AdoptionFeature, CloseNotifyWasSent) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.program().close_write();
  Connection connection = value_of(adopt(adoptable.ssl(), continuing(role())));
  EXPECT_FALSE(connection.write(as_bytes("late")));
  adoptable.talk().peer().receive(connection.take_output());
  EXPECT_EQ(adoptable.talk().peer().received_until_close(), adoptable.program().sent().position());
  adoptable.talk().let_peer_write(10);
  connection.feed(adoptable.talk().take_wire(adoptable.talk().wire().size()));
  EXPECT_TRUE(std::holds_alternative<ApplicationData>(connection.next()));
}

TEST_P(AdoptionFeature, CloseNotifyHasCome) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.talk().peer().close_write();
  adoptable.deliver();
  adoptable.program().read_all();
  ASSERT_EQ(SSL_get_shutdown(adoptable.ssl()), SSL_RECEIVED_SHUTDOWN);
  // What comes behind it is nobody's.
  adoptable.program().receive(Bytes(20, 0xFF));
  Connection connection = value_of(adopt(adoptable.ssl(), continuing(role())));
  EXPECT_TRUE(std::holds_alternative<PeerClosed>(connection.next()));
  EXPECT_EQ(connection.serialization_readiness().unread_ciphertext, 0U);
  ASSERT_TRUE(connection.write(as_bytes("one more")));
}

// --- KeyUpdates ---

TEST_P(AdoptionFeatureTls13, OwedKeyUpdate) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  adoptable.talk().peer().update_keys(KeyUpdateRequest::update_requested);
  adoptable.deliver();
  adoptable.program().read_all();
  EXPECT_TRUE(adoption_readiness(adoptable.ssl()).key_update_owed);
  // An answer that has left is not owed.
  Adoptable answered(role(), suite(), random_);
  answered.shake_hands();
  answered.talk().peer().update_keys(KeyUpdateRequest::update_requested);
  answered.deliver();
  answered.program().read_all();
  answered.program().write(1);
  EXPECT_FALSE(adoption_readiness(answered.ssl()).key_update_owed);
  adoptable.adopt_and_finish();
  answered.adopt_and_finish();
}

// --- resumption ---

// One handshake of libssl with an attached context; the session that the client has afterwards.
std::shared_ptr<SSL_SESSION> adopt_one(Role adopted, SSL_CTX* context, const tls::CipherSuite& suite,
                                       LibsslPeer& peer, SSL_SESSION* resume) {
  StockProgram program(context, {other(adopted), &suite, KeyType::p256, 1, 2});
  SSL* client = adopted == Role::client ? program.ssl() : peer.ssl();
  if (resume != nullptr) {
    EXPECT_EQ(SSL_set_session(client, resume), 1);
  }
  const auto deliver = [&] {
    peer.receive(program.take_output());
    program.receive(peer.take_output());
  };
  peer.start();
  while (!program.shake_hands()) deliver();
  deliver();
  program.read_all();
  Connection connection = value_of(adopt(program.ssl(), continuing(adopted)));
  EXPECT_EQ(connection.resumed(), resume != nullptr);
  EXPECT_EQ(SSL_session_reused(peer.ssl()), resume != nullptr ? 1 : 0);
  EXPECT_TRUE(connection.write(as_bytes("from Baton")));
  peer.receive(connection.take_output());
  EXPECT_EQ(peer.take_text(), "from Baton");
  peer.write("from the peer");
  connection.feed(peer.take_output());
  const Event event = connection.next();
  EXPECT_TRUE(std::holds_alternative<ApplicationData>(event));
  std::shared_ptr<SSL_SESSION> session(SSL_get1_session(client), SSL_SESSION_free);
  return adopted == Role::client ? session : peer.session();
}

void share_ticket_keys(LibsslPeer& from, LibsslPeer& to) {
  std::array<std::uint8_t, 80> keys{};
  const long size = keys.size();
  ASSERT_EQ(SSL_CTX_ctrl(SSL_get_SSL_CTX(from.ssl()), SSL_CTRL_GET_TLSEXT_TICKET_KEYS, size, keys.data()), 1);
  ASSERT_EQ(SSL_CTX_ctrl(SSL_get_SSL_CTX(to.ssl()), SSL_CTRL_SET_TLSEXT_TICKET_KEYS, size, keys.data()), 1);
}

TEST_P(AdoptionFeatureServer, ServerSessionsResume) {
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  LibsslPeer first = LibsslPeer::client(kName);
  const auto session = adopt_one(role(), context.get(), suite(), first, nullptr);
  ASSERT_TRUE(session);
  LibsslPeer second = LibsslPeer::client(kName);
  adopt_one(role(), context.get(), suite(), second, session.get());
}

// The client's session is good after its SSL was adopted: that takes it for closed in order.
TEST_P(AdoptionFeatureClient, ClientSessionsResume) {
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  LibsslPeer first = LibsslPeer::server(certificate_for_name(KeyType::p256));
  const auto session = adopt_one(role(), context.get(), suite(), first, nullptr);
  ASSERT_TRUE(session);
  EXPECT_EQ(SSL_SESSION_is_resumable(session.get()), 1);
  LibsslPeer second = LibsslPeer::server(certificate_for_name(KeyType::p256));
  share_ticket_keys(first, second);
  adopt_one(role(), context.get(), suite(), second, session.get());
}

// --- the SSL that is left, and another life of it ---

TEST_P(AdoptionFeature, AfterSslClearASecondConnection) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  SSL_set_shutdown(adoptable.ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ASSERT_EQ(SSL_clear(adoptable.ssl()), 1);
  if (!is_server()) SSL_set_session(adoptable.ssl(), nullptr);
  LibsslPeer peer =
      is_server() ? LibsslPeer::client(kName) : LibsslPeer::server(certificate_for_name(KeyType::p256));
  peer.start();
  for (int i = 0; i < 10 && !adoptable.program().shake_hands(); ++i) {
    peer.receive(adoptable.program().take_output());
    adoptable.program().receive(peer.take_output());
  }
  peer.receive(adoptable.program().take_output());
  adoptable.program().receive(peer.take_output());
  adoptable.program().read_all();
  Connection connection = value_of(adopt(adoptable.ssl(), continuing(role())));
  ASSERT_TRUE(connection.write(as_bytes("a second life")));
  peer.receive(connection.take_output());
  EXPECT_EQ(peer.take_text(), "a second life");
}

// --- a program on sockets ---

TEST_P(AdoptionFeature, OverASocket) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  SslHolder ssl(SSL_new(context.get()));
  ASSERT_EQ(SSL_set_fd(ssl.get(), ends[0]), 1);
  if (is_server()) {
    SSL_set_accept_state(ssl.get());
  } else {
    SSL_set_connect_state(ssl.get());
  }
  LibsslPeer peer =
      is_server() ? LibsslPeer::client(kName) : LibsslPeer::server(certificate_for_name(KeyType::p256));
  const auto pump_peer = [&] {
    std::array<std::uint8_t, 20'000> buffer;
    const Bytes output = peer.take_output();
    if (!output.empty()) {
      ASSERT_EQ(::write(ends[1], output.data(), output.size()), static_cast<ssize_t>(output.size()));
    }
    const auto count = ::read(ends[1], buffer.data(), buffer.size());
    if (count > 0) peer.receive(ByteView(buffer).first(static_cast<std::size_t>(count)));
  };
  peer.start();
  while (SSL_do_handshake(ssl.get()) != 1) pump_peer();
  pump_peer();
  pump_peer();
  char byte = 0;
  EXPECT_LE(SSL_read(ssl.get(), &byte, 1), 0);  // the tickets
  EXPECT_EQ(SSL_get_fd(ssl.get()), ends[0]);

  // A record that has come in part.
  peer.write("one message");
  const Bytes record = peer.take_output();
  ASSERT_EQ(::write(ends[1], record.data(), record.size() - 3), static_cast<ssize_t>(record.size() - 3));
  EXPECT_LE(SSL_read(ssl.get(), &byte, 1), 0);
  EXPECT_EQ(adoption_readiness(ssl.get()).unread_ciphertext, record.size() - 3);
  Connection connection = value_of(adopt(ssl.get(), continuing(role())));
  EXPECT_EQ(SSL_get_fd(ssl.get()), ends[0]) << "the socket is the program's";
  ssl.reset();
  connection.feed(ByteView(record).last(3));
  const Event event = connection.next();
  ASSERT_TRUE(std::holds_alternative<ApplicationData>(event));
  EXPECT_EQ(as_text(std::get<ApplicationData>(event).bytes), "one message");
  ASSERT_TRUE(connection.write(as_bytes("and back")));
  const Bytes output = connection.take_output();
  ASSERT_EQ(::write(ends[0], output.data(), output.size()), static_cast<ssize_t>(output.size()));
  pump_peer();
  EXPECT_EQ(peer.take_text(), "and back");
  close(ends[0]);
  close(ends[1]);
}

// --- metadata ---

TEST_P(AdoptionFeature, WhatIsKnownOfTheHandshake) {
  const UnixTime then{std::chrono::seconds(1'700'000'000)};
  AttachOptions options;
  options.keep = {PeerIdentity::digest, true};
  options.clock = [then] { return then; };
  Adoptable adoptable(role(), suite(), random_, std::move(options));
  adoptable.shake_hands();
  const Connection connection = value_of(adopt(adoptable.ssl(), continuing(role())));
  EXPECT_EQ(connection.handshake_time(), then);
  EXPECT_EQ(connection.cipher_suite(), suite().name);
  EXPECT_EQ(connection.server_name(), kName);
  EXPECT_EQ(connection.resumed(), false);
  EXPECT_EQ(connection.can_export_keying_material(), is_tls13());
  EXPECT_FALSE(connection.peer_certificate_digest()) << "libssl was not told to verify";
}

// --- secrets ---

// R6: what an adopted connection had for secrets is gone with it and its SSL, whichever goes first.
TEST_P(AdoptionFeature, NoSecretStaysBehind) {
  for (const bool ssl_first : {false, true}) {
    MemorySearch search(random_);
    {
      Adoptable adoptable(role(), suite(), random_);
      adoptable.shake_hands();
      if (is_tls13()) {
        adoptable.program().update_keys(KeyUpdateRequest::update_requested);
        adoptable.exchange();
        adoptable.exchange();
      }
      Connection connection = value_of(adopt(adoptable.ssl(), continuing(role())));
      const tls::ConnectionState& state = connection.inside().connection.state();
      const std::size_t size = is_tls13() ? suite().keying_size() : crypto::aead_key_size(suite().aead);
      search.look_for(state.read.keying.view().first(size));
      search.look_for(state.write.keying.view().first(size));
      EXPECT_GE(search.hits(), 2U);
      if (ssl_first) adoptable.program().free_ssl();
    }
    EXPECT_EQ(search.hits(), 0U);
  }
}

MemorySearch* looks_for_logged = nullptr;

void look_for_logged(const SSL* /*ssl*/, const char* line) {
  const std::string_view text(line);
  if (text.find("TRAFFIC_SECRET_0") == std::string_view::npos) return;
  const std::string_view hex = text.substr(text.rfind(' ') + 1);
  SecretBuffer secret;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    secret.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  }
  looks_for_logged->look_for(secret);
}

// And so are those of a connection that was observed and never adopted; those from before a KeyUpdate go with
// it.
TEST_P(AdoptionFeatureTls13, NoObservedSecretStaysBehind) {
  MemorySearch search(random_);
  looks_for_logged = &search;
  {
    Adoptable adoptable(role(), suite(), random_, {},
                        [](SSL_CTX* context) { SSL_CTX_set_keylog_callback(context, look_for_logged); });
    adoptable.shake_hands();
    EXPECT_GE(search.hits(), 2U);
    adoptable.program().update_keys(KeyUpdateRequest::update_requested);
    adoptable.exchange();
    adoptable.exchange();
  }
  wipe_dead_stack();
  EXPECT_EQ(search.hits(), 0U);
}

}  // namespace
}  // namespace baton::test
