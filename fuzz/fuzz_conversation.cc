// Two connections talk: writes, partial deliveries and reads, KeyUpdates, transfers (plain, rekeyed and
// sealed) and closes in any order. Every byte must arrive exactly once and in order (R2), and no (key, nonce)
// pair may repeat (R1, by the recorder). Input: suite, options; then operations: which and by whom (one
// byte), how much (two bytes).
#include <algorithm>
#include <array>
#include <cstdlib>

#include "crypto/nonce_recorder.h"
#include "serialization/sealed.h"
#include "tls/connection.h"

namespace {

using namespace baton;

// Bounds of one run, for its speed.
constexpr std::uint64_t kMostBytes = 100'000;  // each way
constexpr std::uint64_t kMostRecords = 768;    // each way

// A peer that receives more than kMaxIdleRecords without data refuses: so many updates may be asked for
// before both ends have sent data again. The automatic ones of kMostRecords records come on top: twelve at
// most.
constexpr unsigned kMostUpdates = 16;
constexpr std::uint64_t kSmallKeyLimit = 128;  // records

void require(bool condition) {
  if (!condition) std::abort();
}

constexpr auto kVersion = SerializationVersion::v1;
constexpr UnixTime kNow{std::chrono::seconds(1'800'000'000)};

const Seal& seal() {
  static const Seal kSeal = [] {
    auto keys = KeyRing::create(kNow);
    require(keys.has_value());
    auto made = Seal::create(std::move(*keys), std::make_shared<MemoryClaimStore>(), {"fuzzer", "transfer"});
    require(made.has_value());
    return std::move(*made);
  }();
  return kSeal;
}

struct End {
  tls::Connection connection;
  unsigned number;
  std::uint64_t sent = 0;      // bytes of data
  std::uint64_t records = 0;   // sent, at most
  std::uint64_t received = 0;  // bytes of data
  bool closed = false;         // has sent close_notify
  bool saw_close = false;
};

// The data that an end sends, by position.
std::uint8_t byte_at(unsigned end, std::uint64_t position) {
  return static_cast<std::uint8_t>((position + 1 + end) * 0x9E3779B97F4A7C15U >> 56);
}

tls::ConnectionState make_state(const tls::CipherSuite& suite, tls::Role role) {
  tls::ConnectionState state;
  state.role = role;
  state.suite = &suite;
  state.read.keying = tls::KeyingMaterial(suite.keying_size());
  state.write.keying = tls::KeyingMaterial(suite.keying_size());
  auto& from_client = role == tls::Role::client ? state.write.keying : state.read.keying;
  from_client.data()[0] = 1;
  if (suite.explicit_nonce_size() != 0) state.next_explicit_nonce = UINT64_MAX - 5;  // it may start anywhere
  return state;
}

tls::Connection connect(tls::ConnectionState state, const tls::ConnectionOptions& options) {
  auto connection = tls::Connection::from_state(std::move(state), options);
  require(connection.has_value());
  return std::move(*connection);
}

class Conversation {
 public:
  Conversation(const tls::CipherSuite& suite, tls::ConnectionOptions options)
      : options_(options),
        ends_{End{connect(make_state(suite, tls::Role::server), options), 0},
              End{connect(make_state(suite, tls::Role::client), options), 1}} {}

  void run(std::uint8_t code, std::size_t amount) {
    End& end = ends_[code & 1];
    switch (code >> 1 & 15) {
      case 0:
        return write(end, amount % 200);
      case 1:
        return write(end, amount);
      case 2:
        return deliver(end, amount % 64);
      case 3:
        return deliver(end, amount);
      case 4:
        return deliver_owned(end);
      case 5:
        return read(end, 1 + amount % 100);
      case 6:
        return read_all(end);
      case 7:
        return update_keys(end, tls::KeyUpdateRequest::update_requested);
      case 8:
        return update_keys(end, tls::KeyUpdateRequest::update_not_requested);
      case 9:
        return transfer(end);
      case 10:
        return settle();
      case 11:
        return close(end);
      case 12:
        return transfer_rekeyed(end);
      case 13:
        return transfer_sealed(end);
      default:
        return read(end, SIZE_MAX);
    }
  }

  void finish() {
    for (End& end : ends_) close(end);
    pass_everything();
    for (End& end : ends_) require(end.saw_close && end.received == other(end).sent);
  }

 private:
  End& other(const End& end) { return ends_[1 - end.number]; }

  void write(End& end, std::size_t size) {
    const std::size_t records = size / tls::kMaxRecordPlaintext + 1;
    if (end.sent + size > kMostBytes || end.records + records > kMostRecords) return;
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) data[i] = byte_at(end.number, end.sent + i);
    require(end.connection.write(data).has_value() != end.closed);
    if (end.closed) return;
    end.sent += size;
    end.records += records;
  }

  void deliver(End& from, std::size_t count) {
    count = std::min(count, from.connection.output().size());
    other(from).connection.feed(from.connection.output().first(count));
    from.connection.output_sent(count);
  }

  // With the calls that spare the copies.
  void deliver_owned(End& from) {
    const WireBuffer wire = from.connection.take_output();
    const MutableBytes space = other(from).connection.receive_space(wire.size());
    std::ranges::copy(wire, space.begin());
    other(from).connection.received(wire.size());
  }

  // False when there is nothing more to read.
  bool read_some(End& end, std::size_t most) {
    const tls::Event event = end.connection.next();
    require(!std::holds_alternative<tls::Failure>(event));
    if (std::holds_alternative<tls::PeerClosed>(event)) {
      require(other(end).closed && end.received == other(end).sent);
      end.saw_close = true;
    }
    const auto* data = std::get_if<tls::ApplicationData>(&event);
    if (data == nullptr) return false;
    const ByteView taken = data->bytes.first(std::min(most, data->bytes.size()));
    for (const std::uint8_t byte : taken) require(byte == byte_at(other(end).number, end.received++));
    require(end.received <= other(end).sent);
    end.connection.consume(taken.size());
    return true;
  }

  void read(End& end, std::size_t most) { read_some(end, most); }

  void read_all(End& end) {
    while (read_some(end, SIZE_MAX)) continue;
  }

  void update_keys(End& end, tls::KeyUpdateRequest request) {
    if (updates_ == kMostUpdates) return;
    const bool can = !end.closed && end.connection.state().version() == tls::ProtocolVersion::tls13;
    require(end.connection.update_keys(request).has_value() == can);
    ++updates_;
  }

  // Takes the state of an end, which can do nothing afterwards (R1).
  tls::ConnectionState give_away(End& end) {
    const std::size_t length =
        serialization::serialization_length(end.connection.state(), end.connection.in_flight(), kVersion);
    auto state = std::move(end.connection).into_state();
    require(state.has_value() && serialization::serialization_length(*state, kVersion) == length);
    require(!end.connection.write(as_bytes("x")));
    static_cast<void>(end.connection.close_write());
    end.connection.abort(tls::Alert::internal_error, "given away");
    require(end.connection.output().empty());
    return std::move(*state);
  }

  void transfer(End& end) {
    tls::ConnectionState state = give_away(end);
    const std::size_t length = serialization::serialization_length(state, kVersion);
    auto serialized = serialization::serialize_unprotected(std::move(state), kVersion);
    require(serialized.has_value() && serialized->size() == length);
    auto back = serialization::deserialize_unprotected(*serialized);
    require(back.has_value());
    end.connection = connect(std::move(*back), options_);
  }

  void transfer_rekeyed(End& end) {
    if (updates_ == kMostUpdates) return;
    ++updates_;
    const std::size_t waiting = end.connection.output().size();
    const std::size_t grows = end.connection.rekey_size();
    require(end.connection.rekey_before_handover().has_value());
    require(end.connection.output().size() == waiting + grows);
    transfer(end);
  }

  void transfer_sealed(End& end) {
    const tls::Role role = end.connection.state().role;
    auto envelope = serialization::seal(give_away(end), kVersion, seal(), kNow);
    require(envelope.has_value());
    const serialization::Import import{role, {}, kNow};
    auto back = serialization::open(*envelope, seal(), import);
    require(back.has_value());
    auto again = serialization::open(*envelope, seal(), import);
    require(!again && again.error().code == ErrorCode::already_claimed);
    end.connection = connect(std::move(*back), options_);
  }

  void pass_everything() {
    do {
      for (End& end : ends_) {
        deliver(end, SIZE_MAX);
        read_all(other(end));
      }
    } while (!ends_[0].connection.output().empty() || !ends_[1].connection.output().empty());
  }

  // Both send data and all of it arrives, so that the count of records without data starts anew.
  void settle() {
    const std::array<std::uint64_t, 2> before = {ends_[0].sent, ends_[1].sent};
    for (End& end : ends_) write(end, 1);
    pass_everything();
    if (ends_[0].sent > before[0] && ends_[1].sent > before[1]) updates_ = 0;
  }

  void close(End& end) {
    require(end.connection.close_write().has_value());
    end.closed = true;
  }

  tls::ConnectionOptions options_;
  std::array<End, 2> ends_;
  unsigned updates_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(ByteView(data, size));
  const auto suites = tls::cipher_suites();
  const tls::CipherSuite& suite = suites[reader.u8() % suites.size()];
  const std::uint8_t choice = reader.u8();
  tls::ConnectionOptions options;
  if ((choice & 2) != 0) options.padding_block = static_cast<std::uint16_t>(choice * 16);
  const bool can_update = suite.version == tls::ProtocolVersion::tls13;
  if (can_update && (choice & 4) != 0) options.key_limits.rekey_after = kSmallKeyLimit;
  {
    Conversation conversation(suite, options);
    while (reader.left() >= 3) {
      const std::uint8_t code = reader.u8();
      conversation.run(code, reader.u16());
    }
    conversation.finish();
  }
  crypto::forget_recorded_nonces();
  return 0;
}
