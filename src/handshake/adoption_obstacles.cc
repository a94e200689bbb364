#include "handshake/adoption_obstacles.h"

#include <array>

#include "handshake/recording_bio.h"
#include "tls/alert.h"

namespace baton::handshake {
namespace {

using Obstacle = std::optional<Error>;

Obstacle refuse(std::string message) {
  return Error{ErrorCode::refused, std::move(message)};
}

Obstacle unestablished(const SSL* ssl, const Observer& observer) {
  if (observer.lost_track()) {
    return refuse(
        "an exception (of AttachOptions::clock, or for want of memory) hid something that has passed");
  }
  if (const auto alert = observer.fatal_alert()) {
    return refuse("the connection has failed with the alert " + tls::to_string(*alert));
  }
  if (SSL_renegotiate_pending(ssl) != 0) {
    return refuse("a renegotiation is under way; finish it first");
  }
  const bool complete = SSL_is_init_finished(ssl) != 0;
  if (complete && observer.handshake_seen()) return {};
  if (complete) {
    return refuse(
        "the handshake passed without the message callback: it was replaced, or SSL_new() came before "
        "attach()");
  }
  if (!observer.handshake_seen()) return refuse("the handshake is not complete");
  return refuse(
      "libssl has failed, or is in the middle of a handshake message (a KeyUpdate, a session ticket, a "
      "renegotiation); call SSL_do_handshake() until it succeeds");
}

Obstacle not_carried(const SSL* ssl) {
  if (suite_of(ssl) == nullptr) {
    return Error{ErrorCode::not_allowed, std::string("Baton does not carry ") + SSL_get_version(ssl) +
                                             " with " + SSL_get_cipher_name(ssl) +
                                             "; it carries TLS 1.3 and TLS 1.2 with ECDHE and AEAD suites"};
  }
  if (SSL_get_current_compression(ssl) != nullptr) {
    return Error{ErrorCode::not_allowed, "the connection compresses its records; set SSL_OP_NO_COMPRESSION"};
  }
  return {};
}

Obstacle unrecorded(const SSL* ssl, const Observer& observer) {
  if (records_wire(ssl, observer.wire())) return {};
  return refuse(
      "the SSL no longer reads and writes through the recording BIOs, so what libssl has read in part is "
      "unknown; leave its BIOs alone after the handshake has begun");
}

Obstacle used_up(const SSL* ssl, const Observer& observer) {
  const auto room = tls::check_room_to_send(suite_of(ssl)->version, observer.written().records);
  if (room) return {};
  return room.error();
}

Obstacle in_kernel(const SSL* ssl) {
#ifdef BIO_CTRL_GET_KTLS_SEND
  const auto used = [](BIO* bio, int question) { return BIO_ctrl(bio, question, 0, nullptr) > 0; };
  if (used(SSL_get_wbio(ssl), BIO_CTRL_GET_KTLS_SEND) || used(SSL_get_rbio(ssl), BIO_CTRL_GET_KTLS_RECV)) {
    return refuse("the kernel protects the records (kTLS); clear SSL_OP_ENABLE_KTLS before the handshake");
  }
#endif
  return {};
}

Obstacle waiting(const SSL* ssl) {
  switch (SSL_want(ssl)) {
    case SSL_NOTHING:
    case SSL_READING:
      return {};
    case SSL_WRITING:
      return refuse(
          "libssl waits to write (SSL_want_write); repeat the call that wanted to, until it succeeds");
    default:
      return refuse("libssl waits for a callback or an asynchronous job; repeat the call that started it");
  }
}

Obstacle authenticating(const SSL* ssl, const Observer& observer) {
  if (SSL_version(ssl) != TLS1_3_VERSION) return {};
  if (observer.may_authenticate_later()) {
    return refuse(
        "the client has offered post-handshake authentication, and Baton cannot answer when the server asks "
        "for "
        "it; call SSL_set_post_handshake_auth(ssl, 0) before the handshake");
  }
  if (observer.certificate_awaited()) {
    return refuse("the client was asked for a certificate and has not answered; read until it has");
  }
  return {};
}

Obstacle without_keys(const SSL* ssl, const Observer& observer) {
  if (SSL_version(ssl) == TLS1_3_VERSION && !observer.has_keys()) {
    return refuse(
        "the key log has not given the traffic secrets: the SSL_CTX's key log callback was replaced, or "
        "SSL_set_SSL_CTX() chose one that is not attached");
  }
  return {};
}

// What a filter has made of the records is not for us to move.
bool memory_below_filter_holds_output(const SSL* ssl) {
  BIO* first = BIO_next(SSL_get_wbio(ssl));
  BIO* memory = BIO_find_type(first, BIO_TYPE_MEM);
  return memory != nullptr && memory != first && BIO_ctrl_pending(memory) > 0;
}

// A send that is under way shows here even when a later SSL_read() has changed what libssl waits for.
Obstacle unsent(const SSL* ssl, const Observer& observer) {
  if (!observer.wire()->output.complete()) {
    return refuse(
        "libssl holds a record that its BIO has not taken, or the message callback was replaced; repeat the "
        "call "
        "that wanted to write, until it succeeds");
  }
  if (BIO_ctrl(SSL_get_wbio(ssl), BIO_CTRL_WPENDING, 0, nullptr) > 0) {
    return refuse("the SSL's BIO holds output that nobody has taken; flush it, or take it");
  }
  if (memory_below_filter_holds_output(ssl)) {
    return refuse("a memory BIO below a filter holds output that nobody has taken; take it");
  }
  return {};
}

Obstacle unclear_closing(const SSL* ssl, const Observer& observer) {
  const int shutdown = SSL_get_shutdown(ssl);
  if (((shutdown & SSL_SENT_SHUTDOWN) != 0) != observer.written().closed) {
    return refuse(
        "whether close_notify was sent is not clear: SSL_shutdown() is under way, or was told to be quiet");
  }
  if (((shutdown & SSL_RECEIVED_SHUTDOWN) != 0) != observer.read().closed) {
    return refuse(
        "whether close_notify has come is not clear: SSL_set_shutdown() says otherwise than the wire");
  }
  return {};
}

// libssl gives away what it has decrypted of application data, and only of that.
Obstacle half_read(const SSL* ssl, const Observer& observer) {
  const InputRecorder& input = observer.wire()->input;
  const bool holds_bytes = SSL_has_pending(ssl) != 0;
  const bool has_ciphertext = !input.kept().empty();
  const bool has_plaintext = SSL_pending(ssl) > 0;
  // Behind a record, and before the next one is begun, libssl has no more than a part of a header; and that
  // only when all data was read. Or it reads ahead.
  const bool behind_record = has_ciphertext && !input.in_record();
  const bool too_much = has_plaintext || input.kept().size() >= tls::kRecordHeaderSize;
  if (input.lost() || (behind_record && (!holds_bytes || (too_much && SSL_get_read_ahead(ssl) == 0)))) {
    return refuse("libssl reads records that it does not announce: the message callback was replaced");
  }
  if (observer.in_change_cipher_spec()) {
    return refuse("a ChangeCipherSpec record has come in part, which has no place in this connection");
  }
  const bool explained = has_plaintext || has_ciphertext;
  if ((holds_bytes && !explained) || observer.in_handshake_message(*suite_of(ssl))) {
    return refuse(
        "libssl may hold a part of a handshake message, such as a session ticket; read until application "
        "data "
        "has come");
  }
  return {};
}

}  // namespace

const tls::CipherSuite* suite_of(const SSL* ssl) {
  const int version = SSL_version(ssl);
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  if (cipher == nullptr) return nullptr;
  const tls::CipherSuite* suite = tls::find_cipher_suite(SSL_CIPHER_get_protocol_id(cipher));
  return suite != nullptr && static_cast<int>(suite->version) == version ? suite : nullptr;
}

std::optional<Error> adoption_obstacle(const SSL* ssl, const Observer* observer) {
  if (observer == nullptr) {
    return refuse(
        "the SSL was not watched from its handshake on; call attach() with its SSL_CTX before SSL_new(), and "
        "watch() where it has an info callback of its own");
  }
  if (observer->adopted()) return Error{ErrorCode::consumed, "the SSL was adopted before"};
  Obstacle obstacle = unestablished(ssl, *observer);
  if (!obstacle) obstacle = not_carried(ssl);
  if (!obstacle) obstacle = unrecorded(ssl, *observer);
  if (!obstacle) obstacle = used_up(ssl, *observer);
  if (!obstacle) obstacle = in_kernel(ssl);
  if (!obstacle) obstacle = waiting(ssl);
  if (!obstacle) obstacle = authenticating(ssl, *observer);
  if (!obstacle) obstacle = without_keys(ssl, *observer);
  if (!obstacle) obstacle = unsent(ssl, *observer);
  if (!obstacle) obstacle = unclear_closing(ssl, *observer);
  if (!obstacle) obstacle = half_read(ssl, *observer);
  return obstacle;
}

}  // namespace baton::handshake
