// What `baton inspect` has found in a file, and how it is shown: never a secret.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "baton/types.h"
#include "serialization/sealed.h"
#include "tls/connection_state.h"

namespace baton::command_line {

struct InspectedConnection {
  tls::ConnectionState state;
  std::optional<SerializationVersion> version;  // absent: not known
  std::optional<std::size_t> size;              // bytes, serialized; absent: not known
  // SHA-256 of the peer's certificate, also where the state has its chain.
  std::optional<tls::CertificateDigest> certificate;
};

struct Inspection {
  std::size_t size;  // of the file, in bytes
  UnixTime now;
  std::optional<serialization::EnvelopeHeader> header;  // of a sealed connection
  std::optional<serialization::EnvelopeInfo> envelope;  // of a sealed one that could be opened
  std::optional<InspectedConnection> connection;        // all but a sealed one that was not opened

  bool has_expired() const { return envelope && envelope->expires_at <= now; }
};

std::string_view to_string(tls::Phase phase);

// For people: lines of names and values.
std::string to_text(const Inspection& inspection);
// One JSON object on one line. Every key is always there; what is not known is null.
std::string to_json(const Inspection& inspection);

}  // namespace baton::command_line
