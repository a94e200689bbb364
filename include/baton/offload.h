// Handshakes that another machine does: both ends of a link between an application server, which serves
// clients and holds no key of theirs, and a key store, which does their handshakes (docs/link-protocol.md).
// Sans-I/O, like everything here: the caller moves bytes and owns sockets and time.
//
//   application server:  link = LinkToKeyStore::over(its TLS connection to the key store)
//                        handshake = link.open(config), then as with a Handshake of one's own
//   key store:           link = LinkToApplicationServer::over(its TLS connection, the clients' Config, names)
//                        and no more: it answers by itself
//
// A link carries connections with their secrets in the clear, so it is made of a Connection: mutual TLS 1.3,
// of which each end checks that it has verified its peer. For that the Config of both has KeptMetadata::peer.
// The calls with `unprotected` in their names leave that to the caller, for a Unix
// socket whose peer was asked for its credentials.
//
// An object belongs to one thread at a time; a link and its handshakes to the same one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/client_address.h"
#include "baton/config.h"
#include "baton/connection.h"
#include "baton/export.h"
#include "baton/handshake.h"
#include "baton/signing.h"

namespace baton {

// 16 bytes that follow a connection through the logs of both machines.
using TraceId = std::array<std::uint8_t, 16>;

// Of both ends.
struct BATON_EXPORT LinkOptions {
  std::string software = "baton";      // what the peer logs; printable ASCII, cut to 64 bytes
  std::uint32_t max_in_flight = 4096;  // handshakes at one time
};

// What the key store is told of a client. The first three are for its logs and its limits.
struct BATON_EXPORT OffloadRequest {
  ClientAddress client{};  // where the client comes from
  std::string listener{};  // name of the listener that the client reached; printable ASCII, at most 64 bytes
  TraceId trace_id{};      // the caller's choice
  // The key store gives up after this time, or after its own limit. At least 1 ms; more than an hour is an
  // hour. The caller has a timer of its own.
  std::chrono::milliseconds deadline{10'000};
  // Called inside of calls on the link or on one of its handshakes when advance({}) would have news. It only
  // notes that: it calls nothing of this header, and throws nothing. May be empty.
  std::function<void()> on_news{};
};

// The handshake of one client at the key store, to be driven like a Handshake: advance() with what the client
// sends and after on_news, take_output() to the client, until it is complete or failed. Ends the handshake at
// the key store when it is destroyed before that.
class BATON_EXPORT OffloadedHandshake {
 public:
  OffloadedHandshake(OffloadedHandshake&&) noexcept;
  OffloadedHandshake& operator=(OffloadedHandshake&&) noexcept;
  ~OffloadedHandshake();

  // How many bytes of the client it takes now. Where it is 0, do not read from the client until on_news.
  std::size_t room() const;
  // Takes bytes of the client, in any cutting, at most room(); with more the handshake fails. What stands
  // behind the handshake is kept for the connection (R2).
  HandshakeStep advance(ByteView client_bytes);
  // For the client, in order; may be some after any step, also after `failed`: an alert. Returned once.
  Bytes take_output();

  // Why it failed, after `failed`: the alert is the one that the client sent or was sent.
  const Failure& failure() const;
  // The same in one word, to count by: a reason of FAILED in docs/link-protocol.md ("name_refused",
  // "overloaded", …), or "link_lost", or "state_refused": the serialized connection cannot be used here.
  std::string_view failure_kind() const;
  // The server name of the ClientHello, as far as it is known; empty when there is none.
  const std::string& server_name() const;

  // The connection, after `complete`; consumes the handshake. Errors: invalid_argument, before `complete`;
  // consumed; crypto.
  [[nodiscard]] Result<Connection> connection() &&;

  // For Baton itself.
  struct BATON_HIDDEN Inside;
  explicit OffloadedHandshake(std::unique_ptr<Inside> inside);

 private:
  std::unique_ptr<Inside> inside_;
};

// The application server's end. The loop: receive() what the key store sent, then advance() the handshakes
// that have news; after any call at all, on the link or on a handshake, send output().
//
// A link should live for an hour at most, since its keys guard every connection that is handed over: open a
// new one and call go_away().
class BATON_EXPORT LinkToKeyStore {
 public:
  // Takes the connection, a client's, also when it fails. Errors: consumed; refused, when it is not of TLS
  // 1.3, not a client's, or knows of no verified certificate (KeptMetadata::peer), as one that was adopted
  // from an OpenSSL that verified nothing. That it is the key store's, the server name of Config::client
  // says.
  static Result<LinkToKeyStore> over(Connection connection, const LinkOptions& options = {});
  // Without TLS: the bytes of this link hold traffic secrets in the clear.
  static LinkToKeyStore over_unprotected(const LinkOptions& options = {});

  LinkToKeyStore(LinkToKeyStore&&) noexcept;
  LinkToKeyStore& operator=(LinkToKeyStore&&) noexcept;
  // As end().
  ~LinkToKeyStore();

  // Takes what the key store sent, in any cutting. Without TLS the caller wipes its own copy, which may hold
  // secrets (R6). An error is final: the link has ended, output() may still hold what says why. Errors:
  // malformed, limit_exceeded, unsupported_version, refused (also after the end).
  [[nodiscard]] Result<void> receive(ByteView bytes);
  // For the key store, in order; valid until the next call on the link or on one of its handshakes. Take it
  // until it is empty. With 16 MiB waiting, any call ends the link: the key store does not read (R9).
  ByteView output();
  void output_sent(std::size_t count);

  // Begins the handshake of a client. `config` is a server's, and Config::continuing will do: its options
  // hold for the connection, and its import policy, but for the age. Errors: refused (not ready, going away,
  // ended: use another link), invalid_argument, wrong_role. Where too many are in flight, or the key store
  // does not keep up, the handshake fails as "overloaded".
  [[nodiscard]] Result<OffloadedHandshake> open(const Config& config, OffloadRequest request = {});

  // Asks for a signature, for a handshake that this side does by itself. Errors: refused (as open(), or the
  // key store does not sign for this application server), limit_exceeded (too many are in flight, or the key
  // store does not keep up), invalid_argument (the size of the input, the deadline).
  [[nodiscard]] Result<RemoteSignature> sign(SigningRequest request);
  // The key store signs for this application server. Only after ready().
  bool signs() const;

  // The key store has said HELLO: handshakes can be opened, unless going_away().
  bool ready() const;
  // Either side will begin no more handshakes on this link; those that run may finish.
  bool going_away() const;
  void go_away(std::string_view reason);  // says so to the peer
  // Nothing more will come: it has ended, or it is going away and the last handshake has ended. Send what
  // output() holds, then close the stream.
  bool finished() const;
  // Why it ended; empty as long as it has not.
  const std::string& end_reason() const;
  std::size_t in_flight() const;  // handshakes that have not ended; they all have once the link has

  // Asks the key store for a sign of life: it answers at once. Errors: refused; limit_exceeded, when 4 are
  // unanswered.
  [[nodiscard]] Result<void> ping();
  std::size_t unanswered_pings() const;  // for a timer: a peer that does not answer is gone

  // The stream is gone, or the caller has had enough: every handshake that was not handed over has failed.
  void end(std::string_view reason);

  // For Baton itself.
  struct BATON_HIDDEN Inside;

 private:
  explicit LinkToKeyStore(std::shared_ptr<Inside> inside);
  std::shared_ptr<Inside> inside_;
};

// What became of a handshake at the key store.
enum class OffloadOutcome : std::uint8_t {
  handed_over,      // the application server has the connection; what follows is one of the others
  established,      // and its client has proved itself. Only this is a success
  not_established,  // the client sent an alert, went away, or was not who it should be
  failed,           // before the handover
  cancelled,        // by the application server; a signature too
  link_lost,
  signature_made,
  signature_refused
};

// For the operator: one line of the log, one counter.
struct BATON_EXPORT OffloadReport {
  OffloadOutcome outcome;  // what became of it
  // As the application server's OffloadRequest said.
  ClientAddress client;
  std::string listener;
  TraceId trace_id;

  std::string server_name;  // empty: not known, or none
  std::string reason;       // of failed, not_established and signature_refused, for people; printable ASCII
};

// Of a key store, for one application server.
struct BATON_EXPORT KeyStoreOptions {
  LinkOptions link{};  // of this end
  // The server names that this application server may serve: "www.example.com", "*.example.com" (one label),
  // "*" (all, and clients that send none). Every other handshake is refused.
  std::vector<std::string> names{};
  // An application server can only ask for less. Above 0; more than an hour is an hour.
  std::chrono::milliseconds handshake_timeout{10'000};
  // TLS 1.3 without a client certificate: hand over with the server's first flight, one round trip on the
  // link.
  bool early_handoff = true;
  // What this application server may have: connections that are handed over; and signatures with the keys of
  // the Config, for handshakes that it does itself. A signature speaks for every name of a certificate, so
  // `names` has to have all its DNS names. Who signs needs no serialization version.
  bool hands_over = true;
  bool signs = false;
  std::vector<SigningKind> signing_kinds{SigningKind::tls13_server, SigningKind::tls12_server};
};

// The key store's end. Who the application server is, the caller has to know before it makes one: by the
// certificate of the connection (Connection::peer_certificate_digest, Handshake::peer_names), and gives it
// the names that it may serve. The loop: after each call send output(), and set a timer to next_deadline().
//
// Private keys sign in the calling thread: RSA and P-384 take milliseconds. Needs as much stack as a
// Handshake.
class BATON_EXPORT LinkToApplicationServer {
 public:
  using Time = std::chrono::steady_clock::time_point;  // never goes backwards

  // Takes the connection, a server's, also when it fails. `config` is the server's Config for the clients: it
  // owns their certificate, and its serialization version has to be set. Errors: consumed; refused, when the
  // connection is not of TLS 1.3, not a server's, or knows of no verified client certificate
  // (KeptMetadata::peer); invalid_argument, for `config` and the names.
  static Result<LinkToApplicationServer> over(Connection connection, const Config& config,
                                              const KeyStoreOptions& options, Time now);
  // Without TLS: the bytes of this link hold traffic secrets in the clear. Error: invalid_argument.
  static Result<LinkToApplicationServer> over_unprotected(const Config& config,
                                                          const KeyStoreOptions& options, Time now);

  LinkToApplicationServer(LinkToApplicationServer&&) noexcept;
  LinkToApplicationServer& operator=(LinkToApplicationServer&&) noexcept;
  ~LinkToApplicationServer();

  // Takes what the application server sent, at most some 64 KiB a time. An error is final, as at the other
  // end; it is limit_exceeded when the application server does not read what is sent: with 16 MiB of output
  // waiting, any call ends the link (R9).
  [[nodiscard]] Result<void> receive(ByteView bytes, Time now);
  // While it is false, output waits: do not read from the stream, so that a peer that reads slowly is slowed
  // down (R9).
  bool wants_input() const;
  // As at the other end, LinkToKeyStore.
  ByteView output();
  void output_sent(std::size_t count);

  // Ends what is past its time; call it at next_deadline(). Without a HELLO within 5 seconds that is the link
  // itself.
  void expire(Time now);
  std::optional<Time> next_deadline() const;

  // As at the other end, LinkToKeyStore.
  bool ready() const;
  bool going_away() const;
  void go_away(std::string_view reason);
  bool finished() const;
  const std::string& end_reason() const;
  std::size_t in_flight() const;
  [[nodiscard]] Result<void> ping();
  std::size_t unanswered_pings() const;

  // The oldest report not yet taken. The last 1024 are kept.
  std::optional<OffloadReport> next_report();

  // The stream is gone: every handshake ends.
  void end(std::string_view reason, Time now);

 private:
  struct BATON_HIDDEN Inside;
  explicit LinkToApplicationServer(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace baton
