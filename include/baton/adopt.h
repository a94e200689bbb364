// Adopting a live connection from stock OpenSSL: an existing program uses SSL_read and SSL_write for as long
// as it likes, then its SSL becomes a Connection. The steps are in docs/adopting-openssl.md.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "baton/config.h"
#include "baton/connection.h"
#include "baton/error.h"
#include "baton/export.h"
#include "baton/types.h"

// libssl's SSL and SSL_CTX.
struct ssl_st;
struct ssl_ctx_st;

namespace baton {

// What libssl calls for each message and record (SSL_CTX_set_msg_callback(3)).
using SslMessageCallback = void (*)(int written, int version, int content_type, const void* data,
                                    std::size_t size, ssl_st* ssl, void* argument);

// For attach().
struct BATON_EXPORT AttachOptions {
  KeptMetadata keep{};  // what the adopted connection will know
  // libssl tells nobody which message callback a context has, and attach() takes its place. A program that
  // has one names it here, and it is called as before, with the argument that the context or the SSL has
  // (SSL_CTX_set_msg_callback_arg). The key log callback and the info callback are found, and go on being
  // called.
  SslMessageCallback message_callback = nullptr;
  // For Connection::handshake_time(). Default: the system's clock. Called in the thread of the handshake, so
  // by several at once. When it throws, the handshake goes on and the connection cannot be adopted.
  std::function<UnixTime()> clock{};
};

// Observes every connection that is made from `context` from now on: its secrets, which wipe themselves in
// SSL_free(), and how many records each key has protected. Takes the context's key log, message and info
// callbacks: set none of them afterwards. Call it once for a context, before the first SSL_new(), and while
// no other thread uses the context. A context that SSL_set_SSL_CTX() may choose needs it too. Errors:
// invalid_argument (no context, or attached already); crypto.
[[nodiscard]] BATON_EXPORT Result<void> attach(ssl_ctx_st* context, AttachOptions options = {});

// Puts a recording BIO on top of each BIO of `ssl`, so that a record that libssl has read in part can be
// carried. Happens by itself when the handshake starts; to be called only where the SSL has an info callback
// of its own (SSL_set_info_callback). Call it when the SSL has its BIOs and before its handshake.
// SSL_get_rbio() and SSL_get_wbio() give the recording BIOs from then on; they pass everything on but
// BIO_puts() and BIO_gets(). Does nothing when it was done. Errors: invalid_argument (not attached, no BIO
// yet, or the handshake has begun); crypto.
[[nodiscard]] BATON_EXPORT Result<void> watch(ssl_st* ssl);

// Whether an SSL can be adopted now, and what would move with it.
struct BATON_EXPORT AdoptionReadiness {
  // Why not, and what to do. consumed: adopted before. not_allowed: TLS version or cipher suite that Baton
  // does not carry. limit_exceeded: libssl has used up its key, which it does not limit and Baton does
  // (RFC 8446 §5.5). refused: anything else.
  std::optional<Error> obstacle;
  bool ready() const { return !obstacle; }  // it can

  // bytes that libssl has not decrypted, those of a memory BIO included; of filter BIOs, what the first holds
  std::size_t unread_ciphertext = 0;
  std::size_t unread_plaintext = 0;   // bytes that SSL_read() would give
  std::size_t unsent_ciphertext = 0;  // bytes that lie in a memory BIO
  bool key_update_owed = false;       // a KeyUpdate that the peer waits for
};

// Changes nothing. In the thread that uses the SSL.
BATON_EXPORT AdoptionReadiness adoption_readiness(const ssl_st* ssl);

// The connection of `ssl`, which loses its keys and its way to the peer: it answers SSL_read, SSL_write and
// SSL_shutdown with an error, sends nothing, not even an alert (R1), and is good for SSL_free() only. Call
// that soon: until then libssl keeps a copy of TLS 1.3's traffic secrets that no public call wipes. The BIOs,
// and the socket below them, stay what they were and belong to whom they belonged; what lay in a memory BIO,
// or had come into a BIO pair, has moved into the connection (R2). A session that it has can still be
// resumed. Needs 32 KiB of stack, and wipes some of it.
//
// `config` is of the SSL's role; Config::continuing() will do. Errors: those of adoption_readiness(), and
// wrong_role, after which nothing has changed; crypto, after which the connection is lost.
[[nodiscard]] BATON_EXPORT Result<Connection> adopt(ssl_st* ssl, const Config& config);

}  // namespace baton
