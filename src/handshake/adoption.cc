#include "handshake/adoption.h"

#include <openssl/err.h>

#include "base/dead_stack.h"
#include "base/unix_time.h"
#include "crypto/openssl_error.h"
#include "handshake/adoption_obstacles.h"
#include "handshake/attach.h"
#include "handshake/client_hello.h"
#include "handshake/completed_state.h"

namespace baton::handshake {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{1} << 20;  // bytes

tls::Role role_of(const SSL* ssl) {
  return SSL_is_server(ssl) != 0 ? tls::Role::server : tls::Role::client;
}

std::string server_name_of(const SSL* ssl) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string() : normalized_host_name(name);
}

// What lies below a recording BIO and would go down with the SSL: never anything of a socket.
BIO* below(BIO* recording) {
  return BIO_next(recording);
}

// What a BIO can give without asking anybody below it. A TLS BIO counts its own ciphertext when it has no
// data.
std::size_t pending_in(BIO* bio) {
  SSL* outer = nullptr;
  if (BIO_method_type(bio) == BIO_TYPE_SSL) BIO_get_ssl(bio, &outer);
  return outer != nullptr ? static_cast<std::size_t>(SSL_pending(outer)) : BIO_ctrl_pending(bio);
}

std::size_t unread_below(const SSL* ssl) {
  return pending_in(below(SSL_get_rbio(ssl)));
}

// Only of a memory BIO can we read what we have written.
std::size_t unsent_below(const SSL* ssl) {
  BIO* bio = below(SSL_get_wbio(ssl));
  return BIO_method_type(bio) == BIO_TYPE_MEM ? BIO_ctrl_pending(bio) : 0;
}

// All of it: where a filter has given what it held, more may lie below.
Result<void> take_from(BIO* bio, Bytes& target) {
  while (const std::size_t size = std::min<std::size_t>(pending_in(bio), kMostAtOnce)) {
    const std::size_t before = target.size();
    target.resize(before + size);
    const int count = BIO_read(bio, target.data() + before, static_cast<int>(size));
    target.resize(before + static_cast<std::size_t>(std::max(count, 0)));
    if (count <= 0 && BIO_should_retry(bio) != 0) return {};  // a filter counts what it cannot give yet
    if (count <= 0) return crypto::openssl_error("a BIO does not give the bytes that it holds");
  }
  return {};
}

// libssl needs no BIO for it, and is not let to one.
Result<void> take_plaintext(SSL* ssl, SecretBuffer& target) {
  target.resize(static_cast<std::size_t>(SSL_pending(ssl)));
  if (target.empty()) return {};
  const int count = SSL_read(ssl, target.data(), static_cast<int>(target.size()));
  if (count == static_cast<int>(target.size())) return {};
  return crypto::openssl_error("libssl does not give the data that it holds");
}

// What protects the records of `ssl` goes: after this it cannot send even if a program gives it a new BIO.
// The session stays good, since libssl takes the connection for one that was closed.
void destroy_keys(SSL* ssl) {
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_clear(ssl);
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  ERR_clear_error();
}

Result<tls::ConnectionState> established_state(SSL* ssl, Observer& observer) {
  CompletedHandshake completed{
      .role = role_of(ssl),
      .ssl = ssl,
      .tls13_keys = observer.take_keys(),
      .records = {observer.records_read(), observer.written().records,
                  observer.wire()->output.last_explicit_nonce()},
      .server_name = server_name_of(ssl),
      .keep = observer.options().keep,
  };
  Result<tls::ConnectionState> state = completed_state(std::move(completed));
  if (!state) return state;
  state->key_update_owed = observer.key_update_owed();
  state->read_closed = observer.read().closed;
  state->write_closed = observer.written().closed;
  if (is_in_range(observer.handshake_time())) state->handshake_time = observer.handshake_time();
  return state;
}

// Everything in flight, in its order.
Result<void> take_in_flight(SSL* ssl, const Observer& observer, tls::ConnectionState& state) {
  if (auto taken = take_plaintext(ssl, state.unread_plaintext); !taken) return taken;
  append(state.unread_ciphertext, observer.wire()->input.kept());
  if (auto taken = take_from(below(SSL_get_rbio(ssl)), state.unread_ciphertext); !taken) return taken;
  // RFC 8446 §6.1: "Any data received after a closure alert has been received MUST be ignored."
  if (state.read_closed) state.unread_ciphertext.clear();
  if (unsent_below(ssl) == 0) return {};
  return take_from(below(SSL_get_wbio(ssl)), state.unsent_ciphertext);
}

}  // namespace

AdoptionReadiness adoption_readiness(const SSL* ssl) {
  AdoptionReadiness readiness;
  if (ssl == nullptr) {
    readiness.obstacle = Error{ErrorCode::invalid_argument, "no SSL to adopt"};
    return readiness;
  }
  const Observer* observer = observer_of(ssl);
  readiness.obstacle = adoption_obstacle(ssl, observer);
  if (readiness.obstacle) return readiness;
  readiness.unread_plaintext = static_cast<std::size_t>(SSL_pending(ssl));
  readiness.unread_ciphertext =
      observer->read().closed ? 0 : observer->wire()->input.kept().size() + unread_below(ssl);
  readiness.unsent_ciphertext = unsent_below(ssl);
  readiness.key_update_owed = observer->key_update_owed();
  return readiness;
}

Result<tls::ConnectionState> adopt(SSL* ssl, tls::Role expected) {
  if (auto obstacle = adoption_readiness(ssl).obstacle) return tl::unexpected(std::move(*obstacle));
  if (role_of(ssl) != expected) {
    return fail(ErrorCode::wrong_role, "the SSL is a " + std::string(to_string(role_of(ssl))) +
                                           "'s, and the configuration a " + std::string(to_string(expected)) +
                                           "'s");
  }
  ERR_clear_error();
  Observer& observer = *observer_of(ssl);
  observer.silence();
  Result<tls::ConnectionState> state = established_state(ssl, observer);
  Result<void> taken;
  if (state) taken = take_in_flight(ssl, observer, *state);
  destroy_keys(ssl);
  wipe_shallow_dead_stack();  // libssl leaves keys there
  if (!state) return fail(ErrorCode::crypto, std::move(state.error().message));
  if (!taken) return fail(ErrorCode::crypto, std::move(taken.error().message));
  return state;
}

}  // namespace baton::handshake
