// The application server's side of an early handoff: what may stand where the client's Finished is awaited.
#include "support/awaiting.h"

namespace baton::tls {
namespace {

using test::bytes_of;
using test::make_awaiting;
using test::read_all;
using test::seal_record;

const Bytes kChangeCipherSpec = {20, 3, 3, 0, 1, 1};

std::vector<const CipherSuite*> tls13_suites() {
  std::vector<const CipherSuite*> suites;
  for (const CipherSuite& suite : cipher_suites()) {
    if (suite.version == ProtocolVersion::tls13) suites.push_back(&suite);
  }
  return suites;
}

class FinishedReaderTest : public test::SeededTest {
 protected:
  // One that is ready, and the pair that it came of.
  void start(const CipherSuite& suite, std::size_t tickets = 2) {
    pair_.emplace(make_awaiting(suite, random_, tickets));
    auto reader = FinishedReader::from_state(std::move(pair_->server));
    ASSERT_TRUE(reader) << reader.error().message;
    reader_.emplace(std::move(*reader));
    sequence_ = 0;
  }
  void start() { start(*find_cipher_suite(0x1301)); }

  // A record under the client's handshake key, the next one.
  Bytes sealed(ContentType type, ByteView content, std::size_t padding = 0) {
    RecordProtection writer = pair_->handshake_writer();
    Bytes wire;
    seal_record(writer, sequence_++, type, content, wire, padding);
    return wire;
  }
  Bytes finished_record() { return sealed(ContentType::handshake, pair_->finished()); }

  FinishedVerdict read(ByteView bytes) {
    reader_->feed(bytes);
    return reader_->next();
  }

  // The reader has refused the client with this alert, which is all that leaves, and which the client can
  // read; no connection comes out.
  void expect_refused(const FinishedVerdict& verdict, Alert alert) {
    const auto* failure = std::get_if<Failure>(&verdict);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->alert, alert) << failure->reason;
    EXPECT_FALSE(failure->from_peer);
    Bytes output = reader_->take_output();
    auto client = RecordProtection::create(*pair_->client.suite, pair_->client.read.keying);
    ASSERT_EQ(output.size(), client->record_size(2, 0)) << "one alert and nothing else";
    auto opened = client->open(0, output);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->type, ContentType::alert);
    EXPECT_EQ(opened->content[0], 2) << "fatal";
    EXPECT_EQ(opened->content[1], static_cast<std::uint8_t>(alert));
    expect_no_connection();
  }
  void expect_client_alert(const FinishedVerdict& verdict, Alert alert) {
    const auto* failure = std::get_if<Failure>(&verdict);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->alert, alert);
    EXPECT_TRUE(failure->from_peer);
    EXPECT_TRUE(reader_->take_output().empty()) << "an alert is not answered";
    expect_no_connection();
  }
  void expect_no_connection() {
    EXPECT_TRUE(std::holds_alternative<Failure>(read(finished_record()))) << "a failure is final";
    auto connection = std::move(*reader_).into_connection();
    ASSERT_FALSE(connection);
    EXPECT_EQ(connection.error().code, ErrorCode::refused);
  }

  std::optional<test::AwaitingPair> pair_;
  std::optional<FinishedReader> reader_;
  std::uint64_t sequence_ = 0;
};

TEST_F(FinishedReaderTest, TheConnectionBeginsWithTheDeferredTickets) {
  for (const CipherSuite* suite : tls13_suites()) {
    for (const std::size_t tickets : {0u, 1u, 2u}) {
      start(*suite, tickets);
      Bytes stream = finished_record();
      Connection client = test::connect(std::move(pair_->client));
      test::write(client, bytes_of("GET /"));
      append(stream, client.take_output());
      EXPECT_TRUE(std::holds_alternative<FinishedVerified>(read(stream)));
      EXPECT_TRUE(reader_->take_output().empty());
      auto connection = std::move(*reader_).into_connection();
      ASSERT_TRUE(connection) << connection.error().message;
      EXPECT_EQ(connection->state().phase(), Phase::established);
      EXPECT_EQ(connection->in_flight().unsent_ciphertext > 0, tickets > 0);
      EXPECT_EQ(as_text(read_all(*connection)), "GET /");
      test::write(*connection, bytes_of("answer"));
      client.feed(connection->take_output());
      EXPECT_EQ(as_text(read_all(client)), "answer") << "behind " << tickets << " tickets";
      EXPECT_EQ(client.state().read.sequence, tickets + 1);
    }
  }
}

TEST_F(FinishedReaderTest, EveryCutGivesTheSameConnection) {
  start();
  const std::size_t size = finished_record().size() + 2 * kChangeCipherSpec.size();
  for (std::size_t cut = 0; cut <= size; ++cut) {
    start();
    Bytes stream = kChangeCipherSpec;
    append(stream, kChangeCipherSpec);
    append(stream, finished_record());
    const FinishedVerdict first = read(ByteView(stream).first(cut));
    if (cut < size) {
      ASSERT_TRUE(std::holds_alternative<NeedBytes>(first)) << cut;
      EXPECT_GT(std::get<NeedBytes>(first).count, 0u);
      EXPECT_LE(std::get<NeedBytes>(first).count, size - cut);
    }
    EXPECT_TRUE(std::holds_alternative<FinishedVerified>(read(ByteView(stream).subspan(cut)))) << cut;
  }
}

TEST_F(FinishedReaderTest, ItMayBeFragmentedAndPadded) {
  for (const std::size_t padding : {0u, 1u, 300u}) {
    start();
    const Bytes message = pair_->finished();
    for (std::size_t i = 0; i < message.size(); ++i) {
      const FinishedVerdict verdict =
          read(sealed(ContentType::handshake, ByteView(message).subspan(i, 1), padding));
      EXPECT_EQ(std::holds_alternative<FinishedVerified>(verdict), i + 1 == message.size()) << i;
    }
  }
}

TEST_F(FinishedReaderTest, AWrongOneGetsDecryptErrorAndNoTicket) {
  for (const CipherSuite* suite : tls13_suites()) {
    for (std::size_t wrong = 4; wrong < 4 + suite->keying_size(); wrong += 7) {
      start(*suite);
      Bytes message = pair_->finished();
      message[wrong] ^= 1;
      expect_refused(read(sealed(ContentType::handshake, message)), Alert::decrypt_error);
    }
  }
}

TEST_F(FinishedReaderTest, ChangeCipherSpecsAreDroppedUpTo32) {
  for (const unsigned count : {0u, 32u, 33u}) {
    start();
    Bytes stream;
    for (unsigned i = 0; i < count; ++i) append(stream, kChangeCipherSpec);
    append(stream, finished_record());
    const FinishedVerdict verdict = read(stream);
    if (count <= 32) {
      EXPECT_TRUE(std::holds_alternative<FinishedVerified>(verdict)) << count;
    } else {
      expect_refused(verdict, Alert::unexpected_message);
    }
  }
}

TEST_F(FinishedReaderTest, TruncatedAndDoubledMessagesAreRefused) {
  start();
  Bytes doubled = pair_->finished();
  append(doubled, pair_->finished());
  expect_refused(read(sealed(ContentType::handshake, doubled)), Alert::unexpected_message);

  start();
  Bytes longer = pair_->finished();
  longer.push_back(0);
  expect_refused(read(sealed(ContentType::handshake, longer)), Alert::unexpected_message);

  start();
  Bytes shorter = pair_->finished();
  shorter.pop_back();
  --shorter[3];
  expect_refused(read(sealed(ContentType::handshake, shorter)), Alert::decode_error);
}

TEST_F(FinishedReaderTest, ReplayedAndReorderedRecordsAreRefused) {
  start();
  const Bytes of_another_connection = finished_record();
  start();
  expect_refused(read(of_another_connection), Alert::bad_record_mac);

  start();
  const Bytes message = pair_->finished();
  const Bytes first = sealed(ContentType::handshake, ByteView(message).first(10));
  const Bytes second = sealed(ContentType::handshake, ByteView(message).subspan(10));
  expect_refused(read(second), Alert::bad_record_mac);

  start();
  const Bytes fragment = sealed(ContentType::handshake, ByteView(pair_->finished()).first(10));
  read(fragment);
  expect_refused(read(fragment), Alert::bad_record_mac);
}

// The second one is a record of the established connection, whose key does not open it.
TEST_F(FinishedReaderTest, TheSameRecordAgainFailsTheConnection) {
  start();
  Bytes stream = finished_record();
  append(stream, Bytes(stream));
  EXPECT_TRUE(std::holds_alternative<FinishedVerified>(read(stream)));
  auto connection = std::move(*reader_).into_connection();
  ASSERT_TRUE(connection);
  EXPECT_EQ(test::alert_of(connection->next()), Alert::bad_record_mac);
}

TEST_F(FinishedReaderTest, AnAlertOfTheClientIsUnderstood) {
  for (const Alert alert :
       {Alert::unknown_ca, Alert::certificate_expired, Alert::close_notify, Alert::user_canceled}) {
    const Bytes content = {2, static_cast<std::uint8_t>(alert)};
    start();
    expect_client_alert(read(sealed(ContentType::alert, content)), alert);
    start();
    Bytes plaintext = {21, 3, 3, 0, 2};
    append(plaintext, content);
    expect_client_alert(read(plaintext), alert);
    start();
    Bytes behind = kChangeCipherSpec;
    append(behind, sealed(ContentType::alert, content));
    expect_client_alert(read(behind), alert);
  }
}

TEST_F(FinishedReaderTest, AnythingElseIsUnexpected) {
  struct Case {
    ContentType type;
    Bytes content;
    Alert alert;
  };
  const std::vector<Case> cases = {
      {ContentType::application_data, bytes_of("GET / HTTP/1.1"), Alert::unexpected_message},
      {ContentType::change_cipher_spec, {1}, Alert::unexpected_message},
      {ContentType::handshake, {}, Alert::unexpected_message},
      {ContentType::handshake, {11, 0, 0, 4, 0, 0, 0, 0}, Alert::unexpected_message},  // Certificate
      {ContentType::handshake, {24, 0, 0, 1, 0}, Alert::unexpected_message},           // KeyUpdate
      {ContentType::handshake, {20, 0, 0, 0}, Alert::decode_error},
      {ContentType::handshake, {20, 1, 0, 32}, Alert::decode_error},
      {ContentType::alert, {2}, Alert::decode_error},
      {ContentType::alert, {}, Alert::decode_error},
  };
  for (const Case& one : cases) {
    start();
    expect_refused(read(sealed(one.type, one.content)), one.alert);
  }
  const std::vector<Bytes> unprotected = {
      {22, 3, 3, 0, 4, 20, 0, 0, 0}, {20, 3, 3, 0, 1, 2},       {20, 3, 3, 0, 2, 1, 1}, {20, 3, 3, 0, 0},
      {21, 3, 3, 0, 1, 2},           {21, 3, 3, 0, 3, 2, 0, 0}, {99, 3, 3, 0, 1, 1},
  };
  for (const Bytes& record : unprotected) {
    start();
    expect_refused(read(record), Alert::unexpected_message);
  }
}

TEST_F(FinishedReaderTest, OnceProtectedNothingGoesBack) {
  start();
  read(sealed(ContentType::handshake, ByteView(pair_->finished()).first(5)));
  expect_refused(read(Bytes{21, 3, 3, 0, 2, 2, 48}), Alert::unexpected_message);
}

TEST_F(FinishedReaderTest, ATooLongRecordIsRefusedByItsHeader) {
  start();
  expect_refused(read(Bytes{23, 3, 3, 0x41, 1}), Alert::record_overflow);
}

TEST_F(FinishedReaderTest, OnlyAConnectionThatAwaitsItIsTaken) {
  auto states = test::make_states(*find_cipher_suite(0x1301), random_);
  auto reader = FinishedReader::from_state(std::move(states.server));
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::refused);
  auto connection = Connection::from_state(make_awaiting(*find_cipher_suite(0x1301), random_).server);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::refused);
}

TEST_F(FinishedReaderTest, TheConnectionIsGivenOnce) {
  start();
  ASSERT_TRUE(std::holds_alternative<FinishedVerified>(read(finished_record())));
  ASSERT_TRUE(std::move(*reader_).into_connection());
  auto again = std::move(*reader_).into_connection();  // NOLINT(bugprone-use-after-move): what is tested
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::consumed);
}

TEST_F(FinishedReaderTest, AStateThatContradictsItselfIsMalformed) {
  using Break = void (*)(ConnectionState&);
  const std::vector<Break> breaks = {
      [](ConnectionState& state) { state.role = Role::client; },
      [](ConnectionState& state) { state.suite = find_cipher_suite(0xc02b); },
      [](ConnectionState& state) { state.read.sequence = 1; },
      [](ConnectionState& state) { state.write.sequence = 1; },
      [](ConnectionState& state) { state.write.sequence = 3; },
      [](ConnectionState& state) { state.key_update_owed = true; },
      [](ConnectionState& state) { state.read_closed = true; },
      [](ConnectionState& state) { state.write_closed = true; },
      [](ConnectionState& state) { state.unread_ciphertext = {23}; },
      [](ConnectionState& state) { state.unread_plaintext = {1}; },
      [](ConnectionState& state) { state.unsent_ciphertext = {1}; },
      [](ConnectionState& state) { state.partial_handshake = {1}; },
      [](ConnectionState& state) { state.awaited->verify_data = KeyingMaterial(31); },
      [](ConnectionState& state) { state.awaited->verify_data.clear(); },
      [](ConnectionState& state) { state.awaited->client_handshake_secret = KeyingMaterial(48); },
      [](ConnectionState& state) { state.awaited->deferred_ciphertext.pop_back(); },
      [](ConnectionState& state) { state.awaited->deferred_ciphertext.push_back(23); },
      [](ConnectionState& state) { state.awaited->deferred_ciphertext[0] = 22; },
      [](ConnectionState& state) { state.awaited->deferred_ciphertext.clear(); },
  };
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    ConnectionState state = make_awaiting(*find_cipher_suite(0x1301), random_).server;
    ASSERT_TRUE(validate(state));
    breaks[i](state);
    const auto valid = validate(state);
    ASSERT_FALSE(valid) << i;
    EXPECT_EQ(valid.error().code, ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace baton::tls
