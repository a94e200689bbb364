// Sealed connections: serialized ones inside an envelope (docs/sealed-connections.md).
#pragma once

#include <string>

#include "baton/seal.h"
#include "serialization/serialization.h"

namespace baton::serialization {

inline constexpr std::uint16_t kNewestEnvelope = 1;

// Whether envelopes can be sealed at this time. Error: invalid_argument, outside of the years 1970 to 9999.
[[nodiscard]] Result<void> can_seal(const Seal& seal, UnixTime now);

// Serializes, encrypts and destroys the state, also where it fails. Errors: those of serialize_unprotected;
// invalid_argument (`now` lies outside the years 1970 to 9999); crypto.
[[nodiscard]] Result<Bytes> seal(tls::ConnectionState&& state, SerializationVersion version, const Seal& seal,
                                 UnixTime now);

// Opens an envelope, checks everything, and claims its single-use id last, so that a connection that is
// refused for another reason is not spent. Errors: truncated, malformed, unsupported_version,
// limit_exceeded, unknown_key, bad_seal, wrong_audience, wrong_purpose, wrong_role, not_yet_valid, expired;
// those of deserialize_unprotected with `import`; and those of ClaimStore::claim.
[[nodiscard]] Result<tls::ConnectionState> open(ByteView envelope, const Seal& seal, const Import& import);

// What stands in front of the ciphertext, for everybody to read.
struct EnvelopeHeader {
  std::uint16_t version;
  std::string key_id;           // 16 hexadecimal digits
  std::size_t ciphertext_size;  // bytes, tag included
};
// Needs no key, and of the envelope only the header: the first 50 bytes. Nothing is authentic yet. Errors:
// truncated, malformed, unsupported_version, limit_exceeded.
[[nodiscard]] Result<EnvelopeHeader> read_envelope_header(ByteView envelope);

// Whether the bytes begin like an envelope.
bool looks_sealed(ByteView bytes);

// What an envelope says of itself once it is decrypted.
struct EnvelopeInfo {
  ClaimId claim_id;
  UnixTime sealed_at;
  UnixTime expires_at;
  Role role;
  std::string purpose;
  std::string audience;
};

struct Inspected {
  EnvelopeInfo envelope;
  tls::ConnectionState state;
};

// Opens an envelope to look at it. It checks the seal and the form only: not the audience, not the time, and
// it claims nothing. Never continue the connection that it gives (R1). Errors: as open(), as far as they are
// about the seal and the form.
[[nodiscard]] Result<Inspected> inspect_unprotected(ByteView envelope, const KeyRing& keys);

}  // namespace baton::serialization
