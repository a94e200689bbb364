// Small types that several headers share.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "baton/export.h"

namespace baton {

// Which end of the connection is ours.
enum class Role : std::uint8_t { server = 0, client = 1 };

// By the numbers of the RFCs.
enum class ProtocolVersion : std::uint16_t { tls12 = 0x0303, tls13 = 0x0304 };

// The format that is written (docs/serialization-format.md). `none`, the default of every configuration,
// means that the feature is off: a fleet turns a version on only when every host can read it.
enum class SerializationVersion : std::uint16_t { none = 0, v1 = 1 };

// The newest version that this build reads and writes. It reads every version up to this one.
BATON_EXPORT SerializationVersion newest_readable_version();

// Most bytes of one serialized connection. The largest legitimate parts are one partial record, one record of
// plaintext, unsent records up to the sender's output bound, and one partial handshake message.
inline constexpr std::size_t kMaxSerializedSize = std::size_t{4} * 1024 * 1024;

// Seconds since 1970-01-01 00:00 UTC.
using UnixTime = std::chrono::sys_seconds;

// "server", "client".
BATON_EXPORT std::string_view to_string(Role role);
// "TLSv1.2", "TLSv1.3".
BATON_EXPORT std::string_view to_string(ProtocolVersion version);

}  // namespace baton
