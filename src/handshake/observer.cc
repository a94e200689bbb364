#include "handshake/observer.h"

#include "tls/record_protection.h"

namespace baton::handshake {
namespace {

using tls::ContentType;

constexpr std::uint16_t kPostHandshakeAuth = 49;  // RFC 8446 §4.2
constexpr std::uint8_t kFatal = 2;                // RFC 5246 §7.2

bool is(ContentType type, std::uint8_t value) {
  return static_cast<std::uint8_t>(type) == value;
}

}  // namespace

void Observer::on_message(const SSL* ssl, bool written, int content_type, ByteView message) {
  if (adopted() || message.empty()) return;
  switch (content_type) {
    case SSL3_RT_HEADER:
      return on_header(written, message);
    case SSL3_RT_INNER_CONTENT_TYPE:
      if (!written) on_inner_type(message[0]);
      return;
    case SSL3_RT_HANDSHAKE:
      return on_handshake(ssl, written, message);
    case SSL3_RT_ALERT:
      return on_alert(ssl, written, message);
    default:
      return;
  }
}

// When a run of its state machine ends, libssl calls the one that it has found when the run began;
// SSL_set_SSL_CTX() may have chosen another context since.
InfoCallback Observer::next_info(int where, InfoCallback present) {
  if ((where & SSL_CB_ALERT) != 0) return present;
  if (!run_info_) run_info_ = present;
  if ((where & SSL_CB_EXIT) == 0) return present;
  return *std::exchange(run_info_, std::nullopt);
}

void Observer::on_header(bool written, ByteView header) {
  if (header.size() < tls::kRecordHeaderSize) return;
  const tls::RecordHeader parsed = tls::parse_record_header(header);
  const std::size_t size = tls::kRecordHeaderSize + parsed.length;
  ObservedDirection& direction = written ? written_ : read_;
  if (written) {
    wire_->output.sealed(size);
  } else {
    wire_->input.begin_record(size);
    last_type_ = header[0];
    last_size_ = parsed.length;
  }
  if (parsed.type == ContentType::change_cipher_spec) {
    // TLS 1.3's is not protected and counts nowhere (RFC 8446 §5). In TLS 1.2, what follows has new keys.
    if (direction.has_tls13_keys) return;
    direction.records = 0;
    if (!written) handshake_read_ = {};
    return;
  }
  ++direction.records;
  if (!written && !direction.has_tls13_keys && parsed.type == ContentType::handshake) {
    ++handshake_read_.records;
    handshake_read_.in_records += parsed.length;
  }
}

// TLS 1.3: a record was opened.
void Observer::on_inner_type(std::uint8_t type) {
  if (!read_.has_tls13_keys) return;
  if (!is(ContentType::handshake, type)) {
    // RFC 8446 §5.1: handshake messages MUST NOT be interleaved with other record types, which libssl checks.
    handshake_read_ = {};
    return;
  }
  ++handshake_read_.records;
  handshake_read_.in_records += last_size_;
}

void Observer::on_handshake(const SSL* ssl, bool written, ByteView message) {
  if (written && message[0] == SSL3_MT_CLIENT_HELLO) {
    offered_authentication_ = offers_post_handshake_authentication(message);
  }
  if (!written) handshake_read_.in_messages += message.size();
  if (SSL_version(ssl) == TLS1_3_VERSION) on_tls13_handshake(ssl, written, message);
  if (message[0] == SSL3_MT_FINISHED) on_finished(written);
}

void Observer::on_finished(bool written) {
  if (handshake_seen()) return;  // of a renegotiation, or of a post-handshake authentication
  (written ? written_ : read_).finished = true;
  if (handshake_seen()) handshake_time_ = options_->clock();
}

void Observer::on_tls13_handshake(const SSL* ssl, bool written, ByteView message) {
  ObservedDirection& direction = written ? written_ : read_;
  switch (message[0]) {
    case SSL3_MT_FINISHED:
      if (!written) certificate_awaited_ = false;
      if (direction.has_tls13_keys) return;  // of a post-handshake authentication: the key remains
      // The header of the record that carries the Finished message is shown before the message itself.
      direction.has_tls13_keys = true;
      direction.records = 0;
      if (!written) handshake_read_ = {};
      return;
    case SSL3_MT_CERTIFICATE_REQUEST:
      if (written && written_.has_tls13_keys && read_.has_tls13_keys) certificate_awaited_ = true;
      return;
    case SSL3_MT_KEY_UPDATE:
      update_key(ssl, written);
      if (written) {
        key_update_owed_ = false;
      } else {
        handshake_read_ = {};  // it ends its record, which libssl checks
        key_update_owed_ = key_update_owed_ || message.back() == SSL_KEY_UPDATE_REQUESTED;
      }
      return;
    default:
      return;
  }
}

// RFC 8446 §7.2. Where it fails, the secret is gone, and has_keys() tells.
void Observer::update_key(const SSL* ssl, bool written) {
  (written ? written_ : read_).records = 0;
  take_over_keys();
  const bool by_server = (SSL_is_server(ssl) != 0) == written;
  tls::KeyingMaterial& secret = by_server ? keys_.server : keys_.client;
  const tls::CipherSuite* suite =
      tls::find_cipher_suite(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl)));
  const tls::KeyingMaterial present = std::move(secret);
  if (suite == nullptr || present.empty()) return;
  if (auto next = tls::next_traffic_secret(*suite, present)) secret = std::move(*next);
}

void Observer::on_alert(const SSL* ssl, bool written, ByteView alert) {
  if (alert.size() != tls::kAlertSize) return;
  const auto description = static_cast<tls::Alert>(alert[1]);
  if (description == tls::Alert::close_notify) {
    (written ? written_ : read_).closed = true;
    return;
  }
  // RFC 8446 §6: in TLS 1.3 the level says nothing.
  const bool fatal =
      alert[0] == kFatal || (SSL_version(ssl) == TLS1_3_VERSION && description != tls::Alert::user_canceled);
  if (fatal && !fatal_alert_) fatal_alert_ = description;
}

bool Observer::in_change_cipher_spec() const {
  return wire_->input.in_record() && is(ContentType::change_cipher_spec, last_type_);
}

bool Observer::in_handshake_message(const tls::CipherSuite& suite) const {
  HandshakeBytes bytes = handshake_read_;
  const bool tls13 = suite.version == tls::ProtocolVersion::tls13;
  // A record of TLS 1.2 is counted from its header on; in TLS 1.3, when it was opened.
  if (!tls13 && wire_->input.in_record() && is(ContentType::handshake, last_type_)) {
    --bytes.records;
    bytes.in_records -= last_size_;
  }
  const std::uint64_t overhead = suite.explicit_nonce_size() + crypto::kAeadTagSize + (tls13 ? 1 : 0);
  return bytes.in_records != bytes.in_messages + bytes.records * overhead;
}

void Observer::take_over_keys() {
  if (!std::exchange(has_own_keys_, true)) keys_ = key_log_.take();
}

bool Observer::has_keys() const {
  return has_own_keys_ ? !keys_.client.empty() && !keys_.server.empty() : key_log_.has_traffic_keys();
}

TrafficKeys Observer::take_keys() {
  take_over_keys();
  return std::move(keys_);
}

bool offers_post_handshake_authentication(ByteView client_hello) {
  constexpr std::size_t kVersionAndRandom = 2 + 32;
  ByteReader reader(client_hello);
  reader.bytes(tls::kHandshakeHeaderSize + kVersionAndRandom);
  reader.bytes(reader.u8());   // session id
  reader.bytes(reader.u16());  // cipher suites
  reader.bytes(reader.u8());   // compression methods
  ByteReader extensions(reader.bytes(reader.u16()));
  while (extensions.left() > 0) {
    const std::uint16_t type = extensions.u16();
    extensions.bytes(extensions.u16());
    if (extensions.ok() && type == kPostHandshakeAuth) return true;
  }
  return false;
}

}  // namespace baton::handshake
