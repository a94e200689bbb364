// What an SSL's callbacks tell of its connection, from its handshake on.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string_view>

#include "baton/adopt.h"
#include "handshake/traffic_keys.h"
#include "handshake/wire_record.h"
#include "tls/alert.h"
#include "tls/connection_state.h"

namespace baton::handshake {

// Handshake messages that are read under the application's keys. libssl may hold one to three bytes of a
// message where no call shows them; then more bytes have come in records than in messages.
struct HandshakeBytes {
  std::uint64_t records = 0;
  std::uint64_t in_records = 0;   // bytes, as they came
  std::uint64_t in_messages = 0;  // bytes
};

// A program's own.
using InfoCallback = void (*)(const SSL*, int, int);

// One direction of the connection.
struct ObservedDirection {
  std::uint64_t records = 0;    // begun under the present key
  bool finished = false;        // its first Finished has passed
  bool has_tls13_keys = false;  // and it was TLS 1.3's, so that the application's keys are in use
  bool closed = false;          // its close_notify has passed
};

// Belongs to an SSL, which frees it; its secrets wipe themselves.
class Observer {
 public:
  Observer(std::shared_ptr<const AttachOptions> options, std::shared_ptr<WireRecord> wire)
      : options_(std::move(options)), key_log_(options_->keep.exporter_secret), wire_(std::move(wire)) {}

  const AttachOptions& options() const { return *options_; }

  // For the callbacks.
  void on_key_log(std::string_view line) { key_log_.note(line); }
  void on_message(const SSL* ssl, bool written, int content_type, ByteView message);

  // The program's own info callback that libssl would call now, where `present` is that of the SSL's context.
  InfoCallback next_info(int where, InfoCallback present);
  // Something has passed that could not be noted.
  void lose_track() { lost_track_ = true; }

  // --- what has passed ---

  bool lost_track() const { return lost_track_; }

  const ObservedDirection& read() const { return read_; }
  const ObservedDirection& written() const { return written_; }
  std::uint64_t records_read() const { return read_.records - (wire_->input.in_record() ? 1 : 0); }
  // A ChangeCipherSpec record has come in part. It counts nowhere, so records_read() is not true meanwhile.
  bool in_change_cipher_spec() const;
  // The peer asked for a KeyUpdate that was not sent yet.
  bool key_update_owed() const { return key_update_owed_; }
  // A fatal alert, of either side.
  std::optional<tls::Alert> fatal_alert() const { return fatal_alert_; }
  // The client can be asked for a certificate at any time, or was asked and has not answered.
  bool may_authenticate_later() const { return offered_authentication_; }
  bool certificate_awaited() const { return certificate_awaited_; }
  // Whether libssl may hold a part of a handshake message.
  bool in_handshake_message(const tls::CipherSuite& suite) const;
  bool handshake_seen() const { return read_.finished && written_.finished; }
  tls::UnixTime handshake_time() const { return handshake_time_; }

  // TLS 1.3: the secrets that protect what comes next; whether they are known, and once, they themselves.
  bool has_keys() const;
  TrafficKeys take_keys();

  const std::shared_ptr<WireRecord>& wire() const { return wire_; }
  bool adopted() const { return wire_->silent; }
  // From now on nothing passes between the SSL and the peer.
  void silence() { wire_->silent = true; }

 private:
  void on_header(bool written, ByteView header);
  void on_inner_type(std::uint8_t type);
  void on_handshake(const SSL* ssl, bool written, ByteView message);
  void on_finished(bool written);
  void on_tls13_handshake(const SSL* ssl, bool written, ByteView message);
  void on_alert(const SSL* ssl, bool written, ByteView alert);
  void update_key(const SSL* ssl, bool written);
  void take_over_keys();

  std::shared_ptr<const AttachOptions> options_;
  std::optional<InfoCallback> run_info_;  // of the run of libssl's state machine that is under way
  KeyLogReader key_log_;
  TrafficKeys keys_;  // of the present, once a KeyUpdate has passed; before that, the key log has them
  bool has_own_keys_ = false;
  ObservedDirection read_;
  ObservedDirection written_;
  HandshakeBytes handshake_read_;
  std::uint8_t last_type_ = 0;  // of the record that was begun last
  std::size_t last_size_ = 0;   // bytes behind its header
  bool key_update_owed_ = false;
  bool offered_authentication_ = false;
  bool certificate_awaited_ = false;
  bool lost_track_ = false;
  std::optional<tls::Alert> fatal_alert_;
  tls::UnixTime handshake_time_{};
  std::shared_ptr<WireRecord> wire_;
};

// Whether a ClientHello, with its header, offers post-handshake authentication (RFC 8446 §4.2.6).
bool offers_post_handshake_authentication(ByteView client_hello);

}  // namespace baton::handshake
