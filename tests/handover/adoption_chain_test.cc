// Programs that do with their SSL and BIOs what stock OpenSSL lets them: the recording BIOs change nothing of
// it.
#include <openssl/err.h>

#include "adoptable.h"
#include "little_stack.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

class AdoptionInAChain : public RoleAndSuiteTest {
 protected:
  static bool is_server() { return role() == Role::server; }

  static LibsslPeer make_peer() {
    return is_server() ? LibsslPeer::client(kName) : LibsslPeer::server(certificate_for_name(KeyType::p256));
  }

  static SslHolder make_ssl(SSL_CTX* context) {
    SslHolder ssl(SSL_new(context));
    if (is_server()) {
      SSL_set_accept_state(ssl.get());
    } else {
      SSL_set_connect_state(ssl.get());
    }
    return ssl;
  }
};

INSTANTIATE_TEST_SUITE_P(EachVersion, AdoptionInAChain, testing::ValuesIn(one_suite_of_each_version()),
                         name_of_role_and_suite);

BioHolder memory_bio() {
  BioHolder bio(BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(bio.get(), -1);
  return bio;
}

Bytes take_all(const BioHolder& bio) {
  Bytes bytes(BIO_ctrl_pending(bio.get()));
  if (!bytes.empty()) BIO_read(bio.get(), bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

BIO* shared(const BioHolder& bio) {
  BIO_up_ref(bio.get());
  return bio.get();
}

// The memory BIOs of an SSL, with a filter of the program's on top of each.
struct FilteredTransport {
  BioHolder in = memory_bio();
  BioHolder out = memory_bio();

  void give_to(SSL* ssl, const BIO_METHOD* filter) {
    BIO* reads = BIO_push(BIO_new(filter), shared(in));
    BIO* writes = BIO_push(BIO_new(filter), shared(out));
    SSL_set0_rbio(ssl, reads);
    SSL_set0_wbio(ssl, writes);
  }

  void exchange(LibsslPeer& peer) {
    peer.receive(take_all(out));
    const Bytes input = peer.take_output();
    if (!input.empty()) BIO_write(in.get(), input.data(), static_cast<int>(input.size()));
  }
};

TEST_P(AdoptionInAChain, InputBelowAFilterMovesAndOutputIsRefused) {
  for (const BIO_METHOD* filter : {BIO_f_null(), BIO_f_buffer()}) {
    const ContextPtr context = make_context(role(), suite());
    ASSERT_TRUE(attach(context.get()));
    const SslHolder ssl = make_ssl(context.get());
    FilteredTransport transport;
    transport.give_to(ssl.get(), filter);
    LibsslPeer peer = make_peer();
    peer.start();
    char byte = 0;
    for (int i = 0; i < 10; ++i) {
      transport.exchange(peer);
      SSL_read(ssl.get(), &byte, 1);
      BIO_flush(SSL_get_wbio(ssl.get()));
    }
    ASSERT_EQ(SSL_is_init_finished(ssl.get()), 1);
    ASSERT_EQ(SSL_write(ssl.get(), "taken by nobody", 15), 15);
    BIO_flush(SSL_get_wbio(ssl.get()));
    expect_obstacle(ssl.get(), role(), ErrorCode::refused, "a memory BIO below a filter");
    transport.exchange(peer);
    EXPECT_EQ(peer.take_text(), "taken by nobody");

    // More than a filter holds at a time.
    const std::string text(10'000, 't');
    peer.write(text);
    transport.exchange(peer);
    Connection connection = value_of(adopt(ssl.get(), continuing(role())));
    const Event event = connection.next();
    ASSERT_TRUE(std::holds_alternative<ApplicationData>(event));
    EXPECT_EQ(as_text(std::get<ApplicationData>(event).bytes), text);
    EXPECT_EQ(BIO_ctrl_pending(transport.in.get()), 0U);
  }
}

// BIO_f_ssl, which counts its own ciphertext where it has no data: a record of the outer connection that has
// come in part is no input of the inner one.
TEST_P(AdoptionInAChain, TlsInTls) {
  const ContextPtr outer_context = make_context(role(), suite());
  const ContextPtr context = make_context(role(), suite());
  ASSERT_TRUE(attach(context.get()));
  const SslHolder outer = make_ssl(outer_context.get());
  const BioHolder in = memory_bio();
  const BioHolder out = memory_bio();
  SSL_set_bio(outer.get(), shared(in), shared(out));
  const SslHolder ssl = make_ssl(context.get());
  BIO* tunnel = BIO_new(BIO_f_ssl());
  BIO_set_ssl(tunnel, outer.get(), BIO_NOCLOSE);
  SSL_set_bio(ssl.get(), tunnel, tunnel);

  LibsslPeer outer_peer = make_peer();
  LibsslPeer peer = make_peer();
  char byte = 0;
  const auto exchange = [&](std::size_t held_back) {
    outer_peer.receive(take_all(out));
    peer.receive(as_bytes(outer_peer.take_text()));
    if (outer_peer.complete()) outer_peer.write(as_text(peer.take_output()));
    const Bytes input = outer_peer.take_output();
    if (input.size() > held_back) {
      BIO_write(in.get(), input.data(), static_cast<int>(input.size() - held_back));
    }
  };
  outer_peer.start();
  for (int i = 0; i < 10 && (SSL_do_handshake(outer.get()) != 1 || !outer_peer.complete()); ++i) exchange(0);
  peer.start();
  for (int i = 0; i < 10; ++i) {
    EXPECT_LE(SSL_read(ssl.get(), &byte, 1), 0);
    exchange(0);
  }
  ASSERT_EQ(SSL_is_init_finished(ssl.get()), 1);
  peer.write("inside");
  exchange(3);
  EXPECT_LE(SSL_read(ssl.get(), &byte, 1), 0);
  EXPECT_EQ(adoption_readiness(ssl.get()).unread_ciphertext, 0U);
  Connection connection = value_of(adopt(ssl.get(), continuing(role())));
  ASSERT_TRUE(connection.write(as_bytes("and back")));
  const Bytes output = connection.take_output();
  ASSERT_EQ(SSL_write(outer.get(), output.data(), static_cast<int>(output.size())),
            static_cast<int>(output.size()));
  exchange(0);
  exchange(0);
  EXPECT_EQ(peer.take_text(), "and back");
}

// A program's BIO that leaves its chain, before or after the SSL: nothing of it points to a recording BIO.
TEST_P(AdoptionInAChain, TheProgramPopsItsBio) {
  for (const bool ssl_first : {true, false}) {
    Adoptable adoptable(role(), suite(), random_);
    adoptable.shake_hands();
    BIO* below = BIO_next(SSL_get_wbio(adoptable.ssl()));
    BIO_up_ref(below);
    const BioHolder kept(below);
    if (ssl_first) adoptable.program().free_ssl();
    EXPECT_EQ(BIO_pop(below), nullptr);
    if (!ssl_first) {
      EXPECT_EQ(SSL_write(adoptable.ssl(), "x", 1), 1) << "the chain is as it was without us";
    }
  }
}

TEST_P(AdoptionInAChain, WithoutABioBelow) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  BIO* recorder = SSL_get_wbio(adoptable.ssl());
  BIO* below = BIO_next(recorder);
  BIO_set_next(recorder, nullptr);
  EXPECT_LE(SSL_write(adoptable.ssl(), "x", 1), 0);
  expect_obstacle(adoptable.ssl(), role(), ErrorCode::refused, "no longer reads and writes through");
  BIO_set_next(recorder, below);
  ERR_clear_error();
}

// libssl copies what an SSL carries; the copy is watched for itself.
TEST_P(AdoptionInAChain, SslDup) {
  Adoptable adoptable(role(), suite(), random_);
  ASSERT_TRUE(watch(adoptable.ssl()));
  SslHolder copy(SSL_dup(adoptable.ssl()));
  ASSERT_TRUE(copy);
  expect_obstacle(copy.get(), role(), ErrorCode::refused, "was not watched");
  copy.reset();
  adoptable.shake_hands();
  adoptable.adopt_and_finish();
}

TEST_P(AdoptionInAChain, InAThreadOfLittleStack) {
  Adoptable adoptable(role(), suite(), random_);
  adoptable.shake_hands();
  bool adopted = false;
  run_on_stack(std::size_t{64} * 1024,
               [&] { adopted = adopt(adoptable.ssl(), continuing(role())).has_value(); });
  EXPECT_TRUE(adopted);
}

}  // namespace
}  // namespace baton::test
