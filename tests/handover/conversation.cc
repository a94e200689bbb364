#include "conversation.h"

namespace baton::test {
namespace {

constexpr std::size_t kFirstData = 777;  // bytes behind the handshake

PeerSetup setup_for(const Parties& parties, std::mt19937_64& random) {
  return {other(parties.role), parties.suite, key_type_of(*parties.suite), random(), random()};
}

}  // namespace

Conversation::Conversation(const Parties& parties, std::mt19937_64& random)
    : parties_(parties),
      random_(random),
      setup_(setup_for(parties, random)),
      peer_(parties.make_peer(setup_)),
      config_(config_for(parties.role, *parties.suite).set_rekey_before_serialize(parties.rekey)),
      continuing_(continuing(parties.role).set_rekey_before_serialize(parties.rekey)),
      sends_(setup_.receiving_seed),
      receives_(setup_.sending_seed) {}

void Conversation::shake_hands(HandshakeEnd end) {
  Handshake handshake = value_of(Handshake::start(config_));
  advance_to_the_end(handshake, end);
  if (testing::Test::HasFatalFailure()) return;
  peer_waits_ = end == HandshakeEnd::output_left;
  if (!peer_waits_) peer_->receive(handshake.take_output());
  connection_ = value_of(std::move(handshake).connection());
  EXPECT_EQ(connection().cipher_suite(), suite().name);
  EXPECT_EQ(connection().role(), role());
}

void Conversation::take_over(Connection connection, ByteStream sent, StreamCheck received) {
  connection_ = std::move(connection);
  sends_ = sent;
  receives_ = received;
}

void Conversation::advance_to_the_end(Handshake& handshake, HandshakeEnd end) {
  peer_->start();
  HandshakeStep step = handshake.advance({});
  // The peer can write once it has taken this many flights: both versions end with the client's or, in TLS
  // 1.2, with the server's.
  const int last_flight = role() == Role::server ? 1 : 2;
  int flights = 0;
  while (step == HandshakeStep::need_bytes) {
    const Bytes flight = handshake.take_output();
    if (!flight.empty()) ++flights;
    peer_->receive(flight);
    Bytes answer = peer_->take_output();
    if (end == HandshakeEnd::data_right_behind && flights == last_flight) {
      let_peer_write(kFirstData);
      const Bytes data = peer_->take_output();
      behind_handshake_ = data.size();
      append(answer, data);
    }
    ASSERT_FALSE(answer.empty() || testing::Test::HasFailure()) << "the peer says nothing";
    step = handshake.advance(answer);
  }
  ASSERT_EQ(step, HandshakeStep::complete) << handshake.failure().reason;
}

std::size_t Conversation::record_size(std::size_t data) const {
  const std::size_t content_type = suite().version == ProtocolVersion::tls13 ? 1 : 0;
  return tls::kRecordHeaderSize + suite().explicit_nonce_size() + data + content_type + crypto::kAeadTagSize;
}

void Conversation::write(std::size_t size) {
  const auto written = connection().write(sends_.next(size));
  ASSERT_TRUE(written) << written.error().message;
}

void Conversation::let_peer_write(std::size_t size) {
  peer_sent_ += size;
  for (; size > 0; size -= std::min(size, tls::kMaxRecordPlaintext)) {
    peer_->write(std::min(size, tls::kMaxRecordPlaintext));
  }
}

void Conversation::close_write() {
  ASSERT_TRUE(connection().close_write());
  write_closed_ = true;
}

void Conversation::let_peer_close() {
  peer_->close_write();
  peer_closed_ = true;
}

void Conversation::deliver(std::size_t count) {
  peer_->receive(connection().output().first(count));
  connection().output_sent(count);
}

const Bytes& Conversation::wire() {
  append(wire_, peer_->take_output());
  return wire_;
}

Bytes Conversation::take_wire(std::size_t count) {
  append(wire_, peer_->take_output());
  const auto end = wire_.begin() + static_cast<std::ptrdiff_t>(count);
  Bytes taken(wire_.begin(), end);
  wire_.erase(wire_.begin(), end);
  return taken;
}

void Conversation::feed(std::size_t count) {
  const Bytes bytes = take_wire(count);
  if (random_() % 2 == 0) {
    connection().feed(bytes);
  } else {
    std::ranges::copy(bytes, connection().receive_space(count + random_() % 50).begin());
    connection().received(count);
  }
}

std::size_t Conversation::read_some(std::size_t most) {
  const Event event = connection().next();
  if (const auto* failure = std::get_if<Failure>(&event)) ADD_FAILURE() << failure->reason;
  if (std::holds_alternative<PeerClosed>(event)) saw_close_ = true;
  const auto* data = std::get_if<ApplicationData>(&event);
  if (data == nullptr) return 0;
  const std::size_t count = std::min(most, data->bytes.size());
  receives_.read(data->bytes.first(count));
  connection().consume(count);
  return count;
}

void Conversation::read_all() {
  while (read_some(SIZE_MAX) > 0) {
  }
}

void Conversation::settle() {
  do {
    feed_all();
    read_all();
    deliver_all();
  } while (!wire().empty());
}

void Conversation::exchange(std::size_t bytes) {
  const std::uint64_t send_until = sends_.position() + (write_closed_ ? 0 : bytes);
  const std::uint64_t receive_until = peer_sent_ + (peer_closed_ ? 0 : bytes);
  while (sends_.position() < send_until || peer_sent_ < receive_until) {
    if (sends_.position() < send_until) write(1 + random_() % (2 * tls::kMaxRecordPlaintext));
    if (std::exchange(peer_waits_, false)) deliver_all();
    if (peer_sent_ < receive_until) let_peer_write(1 + random_() % tls::kMaxRecordPlaintext);
    deliver(any_part_of(connection().output().size()));
    feed(any_part_of(wire().size()));
    read_all();
    if (testing::Test::HasFailure()) return;
  }
  settle();
  EXPECT_EQ(receives_.count(), peer_sent_);
}

void Conversation::hand_over(Form form) {
  const SerializationReadiness readiness = connection().serialization_readiness();
  ASSERT_TRUE(readiness.ready()) << readiness.obstacle->message;
  const std::size_t length = serialization_length(connection());
  EXPECT_EQ(readiness.length, length);
  if (form == Form::unprotected) {
    const auto bytes = serialize_unprotected(std::move(connection()));
    ASSERT_TRUE(bytes) << bytes.error().message;
    EXPECT_EQ(bytes->size(), length);
    connection_ = value_of(deserialize_unprotected(*bytes, continuing_));
  } else {
    const auto envelope = serialize(std::move(connection()), the_seal());
    ASSERT_TRUE(envelope) << envelope.error().message;
    connection_ = value_of(deserialize(*envelope, the_seal(), continuing_));
  }
}

void Conversation::close() {
  const bool first = random_() % 2 == 0;
  if (first && !write_closed_) close_write();
  settle();
  if (!peer_closed_) let_peer_close();
  settle();
  if (!write_closed_) close_write();
  settle();
  expect_closed();
  hand_over(first ? Form::unprotected : Form::sealed);
  if (!testing::Test::HasFailure()) expect_closed();
}

void Conversation::expect_closed() {
  saw_close_ = false;
  read_all();
  EXPECT_TRUE(saw_close_);
  EXPECT_EQ(receives_.count(), peer_sent_);
  EXPECT_EQ(peer_->received_until_close(), sends_.position());
  EXPECT_FALSE(connection().write(as_bytes("late")));
  EXPECT_TRUE(connection().output().empty());
}

}  // namespace baton::test
