// What a hostile or broken peer can send, and the alert that each RFC asks for.
#include "support/transfer.h"
#include "tls/connection.h"

namespace baton::tls {
namespace {

using test::alert_of;
using test::bytes_of;

// A server connection, and the means to send it any sealed record.
class HostileRecords : public test::SeededTest {
 protected:
  void start(std::uint16_t suite_id, Role role = Role::server) {
    const CipherSuite& suite = *find_cipher_suite(suite_id);
    auto states = test::make_states(suite, random_);
    auto& victim = role == Role::server ? states.server : states.client;
    peer_.emplace(*RecordProtection::create(suite, victim.read.keying));
    victim_.emplace(test::connect(std::move(victim)));
    sequence_ = 0;
  }
  void send(ContentType type, ByteView content, std::size_t padding = 0) {
    Bytes wire;
    test::seal_record(*peer_, sequence_, type, content, wire, padding);
    ++sequence_;
    victim_->feed(wire);
  }
  void send_raw(ByteView wire) { victim_->feed(wire); }
  Event next() { return victim_->next(); }
  bool waits() { return std::holds_alternative<NeedBytes>(next()); }

  std::optional<RecordProtection> peer_;
  std::optional<Connection> victim_;
  std::uint64_t sequence_ = 0;
};

constexpr std::uint16_t kTls13 = 0x1301;
constexpr std::uint16_t kTls12 = 0xC02F;

TEST_F(HostileRecords, TheRfcsAlertForEachBadRecord) {
  struct Case {
    const char* name;
    std::uint16_t suite;
    ContentType type;
    Bytes content;
    Alert alert;
  };
  const Case cases[] = {
      {"empty handshake record", kTls13, ContentType::handshake, {}, Alert::unexpected_message},
      {"empty handshake record", kTls12, ContentType::handshake, {}, Alert::unexpected_message},
      {"empty alert", kTls13, ContentType::alert, {}, Alert::decode_error},
      {"long alert", kTls13, ContentType::alert, {1, 0, 1}, Alert::decode_error},
      {"sealed change_cipher_spec", kTls13, ContentType::change_cipher_spec, {1}, Alert::unexpected_message},
      {"unknown type", kTls13, ContentType{99}, {1}, Alert::unexpected_message},
      {"unknown type", kTls12, ContentType{99}, {1}, Alert::unexpected_message},
      {"KeyUpdate of two bytes", kTls13, ContentType::handshake, {24, 0, 0, 2, 0, 0}, Alert::decode_error},
      {"KeyUpdate without a byte", kTls13, ContentType::handshake, {24, 0, 0, 0}, Alert::decode_error},
      {"KeyUpdate with request 2",
       kTls13,
       ContentType::handshake,
       {24, 0, 0, 1, 2},
       Alert::illegal_parameter},
      {"message behind a KeyUpdate",
       kTls13,
       ContentType::handshake,
       {24, 0, 0, 1, 0, 24},
       Alert::unexpected_message},
      {"a ticket from a client", kTls13, ContentType::handshake, {4, 0, 0, 0}, Alert::unexpected_message},
      {"a second ClientHello", kTls13, ContentType::handshake, {1, 0, 0, 1, 0}, Alert::unexpected_message},
      {"KeyUpdate in TLS 1.2", kTls12, ContentType::handshake, {24, 0, 0, 1, 0}, Alert::unexpected_message},
      {"a message that is too long",
       kTls13,
       ContentType::handshake,
       {24, 0xFF, 0xFF, 0xFF},
       Alert::decode_error},
  };
  for (const Case& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    start(test_case.suite);
    send(test_case.type, test_case.content);
    EXPECT_EQ(alert_of(next()), test_case.alert);
    EXPECT_FALSE(victim_->output().empty()) << "the peer is told";
  }
}

TEST_F(HostileRecords, BadHeaders) {
  struct Case {
    const char* name;
    std::uint16_t suite;
    Bytes header;
    Alert alert;
  };
  const Case cases[] = {
      {"plaintext alert", kTls13, {21, 3, 3, 0, 2}, Alert::unexpected_message},
      {"change_cipher_spec", kTls13, {20, 3, 3, 0, 1}, Alert::unexpected_message},
      {"too long", kTls13, {23, 3, 3, 0x41, 0x01}, Alert::record_overflow},
      {"too long", kTls12, {23, 3, 3, 0x48, 0x01}, Alert::record_overflow},
      {"wrong version", kTls12, {23, 3, 1, 0, 40}, Alert::protocol_version},
  };
  for (const Case& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    start(test_case.suite);
    send_raw(test_case.header);
    EXPECT_EQ(alert_of(next()), test_case.alert) << "judged by its header alone";
  }
}

TEST_F(HostileRecords, ARecordTooShortForItsTagIsBadRecordMac) {
  for (const std::uint16_t suite : {kTls13, kTls12}) {
    start(suite);
    send_raw(Bytes{23, 3, 3, 0, 3, 1, 2, 3});
    EXPECT_EQ(alert_of(next()), Alert::bad_record_mac);
  }
}

TEST_F(HostileRecords, ARecordOfPaddingOnlyIsUnexpected) {
  start(kTls13);
  send(ContentType::invalid, {}, 100);
  EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
}

TEST_F(HostileRecords, PaddingIsStripped) {
  start(kTls13);
  send(ContentType::application_data, bytes_of("padded"), 1000);
  EXPECT_EQ(as_text(test::read_all(*victim_)), "padded");
}

TEST_F(HostileRecords, PlaintextOfMoreThan16384BytesIsRecordOverflow) {
  start(kTls13);
  send(ContentType::application_data, Bytes(16385));
  EXPECT_EQ(alert_of(next()), Alert::record_overflow);
}

TEST_F(HostileRecords, EmptyApplicationRecordsAreLegalButBounded) {
  for (const std::uint16_t suite : {kTls13, kTls12}) {
    start(suite);
    for (unsigned i = 0; i < kMaxIdleRecords; ++i) send(ContentType::application_data, {});
    EXPECT_TRUE(waits());
    send(ContentType::application_data, bytes_of("data"));
    EXPECT_EQ(as_text(test::read_all(*victim_)), "data");
    for (unsigned i = 0; i <= kMaxIdleRecords; ++i) send(ContentType::application_data, {});
    EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
  }
}

TEST_F(HostileRecords, ARecordInTheMiddleOfAMessageIsUnexpected) {
  start(kTls13);
  send(ContentType::handshake, Bytes{24, 0});
  EXPECT_TRUE(waits());
  send(ContentType::application_data, bytes_of("data"));
  EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
}

TEST_F(HostileRecords, RenegotiationGetsAWarningAndTheConnectionGoesOn) {
  struct Case {
    Role role;
    Bytes message;
  };
  for (const Case& test_case : {Case{Role::server, {1, 0, 0, 2, 3, 3}}, Case{Role::client, {0, 0, 0, 0}}}) {
    start(kTls12, test_case.role);
    auto reader = RecordProtection::create(*find_cipher_suite(kTls12), victim_->state().write.keying);
    send(ContentType::handshake, test_case.message);
    EXPECT_TRUE(waits());
    Bytes wire(victim_->output().begin(), victim_->output().end());
    auto record = reader->open(0, wire);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->type, ContentType::alert);
    EXPECT_EQ(to_hex(record->content), "0164") << "warning, no_renegotiation";
    send(ContentType::application_data, bytes_of("still here"));
    EXPECT_EQ(as_text(test::read_all(*victim_)), "still here");
  }
}

// R9: the answers must not pile up while the peer does not read.
TEST_F(HostileRecords, EndlessRenegotiationIsRefused) {
  start(kTls12);
  Bytes many;
  for (unsigned i = 0; i <= kMaxRenegotiations; ++i) append(many, Bytes{1, 0, 0, 0});
  send(ContentType::handshake, many);
  EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
}

// A record can hold thousands of messages.
TEST_F(HostileRecords, MessagesInOneRecordCountOneByOne) {
  start(kTls13, Role::client);
  Bytes many;
  for (unsigned i = 0; i <= kMaxIdleRecords; ++i) append(many, Bytes{4, 0, 0, 0});
  send(ContentType::handshake, many);
  EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
}

TEST_F(HostileRecords, PaddingBeyondTheLargestPlaintextIsRecordOverflow) {
  start(kTls13);
  send(ContentType::application_data, bytes_of("x"), kMaxRecordPlaintext - 1);
  EXPECT_EQ(as_text(test::read_all(*victim_)), "x");
  send(ContentType::application_data, bytes_of("x"), kMaxRecordPlaintext);
  EXPECT_EQ(alert_of(next()), Alert::record_overflow);
}

TEST_F(HostileRecords, WarningsOfTls12AreBounded) {
  start(kTls12);
  for (unsigned i = 0; i < kMaxIdleRecords; ++i) send(ContentType::alert, Bytes{1, 90});
  EXPECT_TRUE(waits());
  send(ContentType::alert, Bytes{1, 90});
  EXPECT_EQ(alert_of(next()), Alert::unexpected_message);
}

TEST_F(HostileRecords, InTls13EveryErrorAlertIsFatalWhateverItsLevel) {
  start(kTls13);
  send(ContentType::alert, Bytes{1, 40});
  const Event event = next();
  ASSERT_TRUE(std::holds_alternative<Failure>(event));
  EXPECT_TRUE(std::get<Failure>(event).from_peer);
}

TEST_F(HostileRecords, AClientDropsTickets) {
  start(kTls13, Role::client);
  send(ContentType::handshake, Bytes{4, 0, 0, 3, 1, 2, 3, 4, 0, 0, 1, 9});
  send(ContentType::application_data, bytes_of("data"));
  EXPECT_EQ(as_text(test::read_all(*victim_)), "data");
}

TEST_F(HostileRecords, DataInFrontOfAFailureIsStillDelivered) {
  start(kTls13);
  send(ContentType::application_data, bytes_of("good"));
  send_raw(Bytes{22, 3, 3, 0, 0});
  Event last;
  EXPECT_EQ(as_text(test::read_all(*victim_, &last)), "good");
  EXPECT_EQ(alert_of(last), Alert::unexpected_message);
}

}  // namespace
}  // namespace baton::tls
