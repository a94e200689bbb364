// Signatures that a key store makes for an application server that does its TLS handshakes itself
// (private-key offload). A key store never signs a digest that it is given: it signs what it can read, the
// whole input of a TLS handshake's signature, and refuses everything else.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "baton/bytes.h"
#include "baton/client_address.h"
#include "baton/export.h"

namespace baton {

// What is signed. The numbers are those of docs/link-protocol.md.
enum class SigningKind : std::uint8_t {
  // RFC 8446 §4.4.3, a server's CertificateVerify: 64 spaces, "TLS 1.3, server CertificateVerify", a zero,
  // and the transcript hash of 32 or 48 bytes.
  tls13_server = 1,
  // RFC 8422 §5.4, a ServerKeyExchange: client random, server random, and the ECDHE parameters on a curve
  // that has a name.
  tls12_server = 2,
  // As tls13_server, of a client. A key store signs it only with keys whose configuration says so.
  tls13_client = 3,
};

// "tls13-server", "tls12-server", "tls13-client", "unknown".
BATON_EXPORT std::string_view to_string(SigningKind kind);

// The kind that an input has by its own bytes; nullopt: it is none of them, and no key store will sign it.
BATON_EXPORT std::optional<SigningKind> signing_kind_of(ByteView input);

// Names a key: the SHA-256 of the DER of its SubjectPublicKeyInfo, as it stands in its certificate.
using KeyDigest = std::array<std::uint8_t, 32>;

inline constexpr std::size_t kMaxSigningInput = 4096;  // bytes; no kind needs more than 201

// What a handshake with a key that is elsewhere waits for.
struct BATON_EXPORT SignatureNeeded {
  KeyDigest key{};                               // that of the certificate which the handshake has chosen
  SigningKind kind = SigningKind::tls13_server;  // what `input` is
  std::uint16_t scheme = 0;                      // as in SigningRequest
  Bytes input{};                                 // the whole, not its digest
};

// What a key store is asked to sign, see LinkToKeyStore::sign().
struct BATON_EXPORT SigningRequest {
  KeyDigest key{};                               // the key store has it
  SigningKind kind = SigningKind::tls13_server;  // what `input` is
  std::uint16_t scheme = 0;  // SignatureScheme, RFC 8446 §4.2.3; in TLS 1.2 hash and signature, RFC 5246
  Bytes input{};             // the whole, not its digest; 1 to kMaxSigningInput bytes
  // For the key store's limits and logs.
  ClientAddress client{};
  std::array<std::uint8_t, 16> trace_id{};
  // The key store gives up after this time, or after its own limit. The caller has a timer of its own.
  std::chrono::milliseconds deadline{10'000};
  // Called inside of calls on the link when the answer is there. It only notes that: it calls nothing of this
  // API, and throws nothing. May be empty.
  std::function<void()> on_news{};
};

// Why there is no signature. Numbers up to 99 are those of docs/link-protocol.md.
enum class SigningRefusal : std::uint8_t {
  key_refused = 1,     // the key store has no such key, or this application server may not sign with it
  kind_refused = 2,    // the kind is unknown, or not allowed with this key or for this application server
  input_refused = 3,   // the input is not what its kind says
  scheme_refused = 4,  // the scheme does not fit the key, or the version
  overloaded = 5,
  rate_limited = 6,
  deadline = 7,
  going_away = 8,
  internal = 9,
  link_lost = 100,  // on this side: the link ended before the answer came
};

// "key_refused", …; "unknown" for a number that this version does not know.
BATON_EXPORT std::string_view to_string(SigningRefusal reason);

// Whether another key store may answer otherwise: it is about this one and not about the request. A rate is
// about the request: it would be exceeded anywhere.
BATON_EXPORT bool may_sign_elsewhere(SigningRefusal reason);

// One signature that a key store was asked for, see LinkToKeyStore::sign(). Ends it at the key store when it
// is destroyed before the answer. Belongs to the thread of its link.
class BATON_EXPORT RemoteSignature {
 public:
  // How far it is.
  enum class State : std::uint8_t { waiting, signed_, refused };

  RemoteSignature(RemoteSignature&&) noexcept;
  RemoteSignature& operator=(RemoteSignature&&) noexcept;
  ~RemoteSignature();

  // Changes inside of calls on the link, just before on_news.
  State state() const;
  // After `signed_`: in the form that TLS sends (ECDSA: DER). Not verified.
  const Bytes& signature() const;
  // After `refused`: why, in one word and for logs (printable ASCII).
  SigningRefusal refusal() const;
  const std::string& reason() const;

  // For Baton itself.
  struct BATON_HIDDEN Inside;
  explicit RemoteSignature(std::unique_ptr<Inside> inside);

 private:
  std::unique_ptr<Inside> inside_;
};

}  // namespace baton
