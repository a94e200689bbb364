#include "long_stream.h"

#include "support/transfer.h"

namespace baton::test {
namespace {

constexpr std::size_t kMostUnsent = 256 * 1024;      // bytes of ciphertext before all of it is delivered
constexpr std::uint64_t kMostUnderWay = 512 * 1024;  // bytes of the peer's data before Baton catches up
constexpr std::uint64_t kFewRecords = 20;            // that follow the first close

// A key is used up now and then, so that Baton updates its own, or asks the peer to, by itself.
constexpr std::uint64_t kSmallKeyLimit = 700;  // records

tls::KeyUpdateRequest request_if(bool asked) {
  using enum tls::KeyUpdateRequest;
  return asked ? update_requested : update_not_requested;
}

}  // namespace

std::optional<tls::Connection> shake_hands(BatonPeer baton, StreamPeer& peer) {
  baton.start();
  peer.start();
  Bytes stream;
  for (;;) {
    peer.receive(baton.take_output());
    if (baton.progress() != handshake::Progress::need_bytes) break;
    const Bytes from_peer = peer.wait_for_output();
    if (from_peer.empty()) break;
    append(stream, from_peer);
    baton.receive(from_peer);
  }
  EXPECT_EQ(baton.progress(), handshake::Progress::complete) << baton->failure().reason;
  if (testing::Test::HasFailure()) return std::nullopt;
  return continue_connection(baton, stream);
}

LongStream::LongStream(tls::Connection connection, StreamPeer& peer, const PeerSetup& setup,
                       std::uint64_t records, std::mt19937_64& random)
    : connection_(std::move(connection)),
      peer_(peer),
      random_(random),
      sends_(setup.receiving_seed),
      receives_(setup.sending_seed),
      baton_asks_(!peer.refuses_crossing_requests() || random() % 2 == 0),
      peer_asks_(!peer.refuses_crossing_requests() || !baton_asks_),
      records_(records),
      to_send_(records),
      to_receive_(records) {}

void LongStream::run() {
  while ((to_send_ > 0 || to_receive_ > 0) && !testing::Test::HasFailure()) step();
  if (!testing::Test::HasFailure()) expect_that_much_happened();
  if (!testing::Test::HasFailure()) finish();
}

void LongStream::step() {
  const std::uint64_t choice = random_() % 1000;
  if (choice < 300) return write();
  if (choice < 600) return let_peer_write();
  if (choice < 725) return deliver_to_peer();
  if (choice < 850) return deliver_to_baton();
  if (choice < 985) return read();
  if (choice < 993) return transfer_connection();
  // KeyUpdates are for a stream with data in it: many in a row are refused by every library.
  if (to_send_ == 0 || to_receive_ == 0) return;
  if (choice < 996) return update_keys();
  if (choice < 999) return let_peer_update_keys();
  let_peer_write();
  peer_.write_empty_record();
}

// Mostly small, so that many pass in short time; full ones among them.
std::size_t LongStream::record_size() {
  if (one_in(64)) return tls::kMaxRecordPlaintext;
  if (one_in(16)) return 1 + up_to(tls::kMaxRecordPlaintext - 1);
  return 1 + up_to(one_in(2) ? 1500 : 64);
}

std::size_t LongStream::piece_of(std::size_t all) {
  if (one_in(2)) return all;
  return std::min(all, up_to(one_in(2) ? 20000 : 30));
}

void LongStream::write() {
  if (to_send_ == 0) return;
  // No data is no record; more than a record holds becomes several.
  if (one_in(1000)) return seal_and_count(0);
  if (one_in(1000)) return seal_and_count(tls::kMaxRecordPlaintext + up_to(40000));
  seal_and_count(record_size());
}

void LongStream::seal_and_count(std::size_t size) {
  const auto written = connection_.write(sends_.next(size));
  ASSERT_TRUE(written) << written.error().message;
  const std::size_t records = (size + tls::kMaxRecordPlaintext - 1) / tls::kMaxRecordPlaintext;
  to_send_ -= std::min<std::uint64_t>(to_send_, records);
  if (connection_.output().size() > kMostUnsent) send_output(connection_.output().size());
}

void LongStream::let_peer_write() {
  if (to_receive_ == 0) return;
  const std::size_t size = record_size();
  peer_.write(size);
  peer_sent_ += size;
  --to_receive_;
  if (peer_sent_ - receives_.count() > kMostUnderWay) catch_up(kMostUnderWay);
}

void LongStream::deliver_to_peer() {
  send_output(piece_of(connection_.output().size()));
}

void LongStream::send_output(std::size_t count) {
  if (one_in(8)) {
    const WireBuffer all = connection_.take_output();
    const std::size_t cut = up_to(all.size());
    peer_.receive(ByteView(all).first(cut));
    peer_.receive(ByteView(all).subspan(cut));
    return;
  }
  peer_.receive(connection_.output().first(count));
  connection_.output_sent(count);
}

void LongStream::deliver_to_baton() {
  append(wire_, peer_.take_output());
  feed(piece_of(wire_.size()));
}

void LongStream::feed(std::size_t count) {
  const ByteView bytes = ByteView(wire_).first(count);
  if (one_in(2)) {
    connection_.feed(bytes);
  } else {
    const MutableBytes space = connection_.receive_space(count + up_to(100));
    std::ranges::copy(bytes, space.begin());
    connection_.received(count);
  }
  wire_.erase(wire_.begin(), wire_.begin() + static_cast<std::ptrdiff_t>(count));
}

void LongStream::read() {
  if (one_in(2)) {
    read_all();
    return;
  }
  const tls::Event event = connection_.next();
  if (const auto* data = std::get_if<tls::ApplicationData>(&event)) {
    const std::size_t count = piece_of(data->bytes.size());
    receives_.read(data->bytes.first(count));
    connection_.consume(count);
  }
}

bool LongStream::read_all() {
  for (;;) {
    const tls::Event event = connection_.next();
    if (const auto* failure = std::get_if<tls::Failure>(&event)) ADD_FAILURE() << failure->reason;
    const auto* data = std::get_if<tls::ApplicationData>(&event);
    if (data == nullptr) return std::holds_alternative<tls::PeerClosed>(event);
    receives_.read(data->bytes);
    connection_.consume(data->bytes.size());
  }
}

void LongStream::transfer_connection() {
  tls::ConnectionOptions options;
  if (one_in(2)) options.padding_block = static_cast<std::uint16_t>(up_to(600));
  const bool can_update = connection_.state().version() == tls::ProtocolVersion::tls13;
  if (can_update && baton_asks_ && one_in(2)) options.key_limits.rekey_after = kSmallKeyLimit;
  transfer(connection_, options);
  ++transfers_;
}

void LongStream::update_keys() {
  if (connection_.state().version() != tls::ProtocolVersion::tls13) return;
  const auto updated = connection_.update_keys(request_if(baton_asks_ && one_in(2)));
  ASSERT_TRUE(updated) << updated.error().message;
  ++key_updates_;
}

void LongStream::let_peer_update_keys() {
  if (connection_.state().version() != tls::ProtocolVersion::tls13) return;
  peer_.update_keys(request_if(peer_asks_ && one_in(2)));
}

void LongStream::catch_up(std::uint64_t under_way) {
  feed(wire_.size());
  read_all();
  while (peer_sent_ - receives_.count() > under_way && !testing::Test::HasFailure()) {
    await_peer();
    read_all();
  }
}

void LongStream::await_peer() {
  append(wire_, peer_.wait_for_output());
  EXPECT_FALSE(wire_.empty()) << "nothing comes, but " << peer_sent_ - receives_.count()
                              << " bytes and a close_notify are missing";
  feed(wire_.size());
}

void LongStream::read_until_closed() {
  while (!read_all() && !testing::Test::HasFailure()) await_peer();
}

void LongStream::expect_that_much_happened() const {
  // About one step in 125 is a transfer, and there are more than three steps to a record sent.
  EXPECT_GT(transfers_, records_ / 100);
  if (connection_.state().version() != tls::ProtocolVersion::tls13) return;
  EXPECT_GT(key_updates_, records_ / 400);
  EXPECT_LT(connection_.state().write.sequence, records_) << "our key has not been updated";
  EXPECT_LT(connection_.state().read.sequence, records_) << "the peer's key has not been updated";
}

// Either end closes first; data still flows against the close.
void LongStream::finish() {
  send_output(connection_.output().size());
  catch_up(0);
  if (one_in(2)) {
    close_first();
  } else {
    close_second();
  }
  EXPECT_EQ(receives_.count(), peer_sent_);
  EXPECT_EQ(peer_.received_until_close(), sends_.position());
}

void LongStream::close_first() {
  ASSERT_TRUE(connection_.close_write());
  transfer_connection();
  EXPECT_FALSE(connection_.write(as_bytes("late")));
  deliver_to_peer();
  to_receive_ = kFewRecords;
  while (to_receive_ > 0) let_peer_write();
  send_output(connection_.output().size());
  peer_.close_write();
  feed(wire_.size());
  read_until_closed();
}

void LongStream::close_second() {
  peer_.close_write();
  read_until_closed();
  if (testing::Test::HasFailure()) return;
  transfer_connection();
  EXPECT_TRUE(std::holds_alternative<tls::PeerClosed>(connection_.next()));
  to_send_ = kFewRecords;
  while (to_send_ > 0 && !testing::Test::HasFailure()) write();
  ASSERT_TRUE(connection_.close_write());
  send_output(connection_.output().size());
}

}  // namespace baton::test
