// Every limit of the link protocol (docs/link-protocol.md), with unit and reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace baton::offload {

inline constexpr std::uint16_t kProtocolVersion = 1;

// Capability bits of HELLO. Unknown bits are ignored.
inline constexpr std::uint64_t kSerializationOffload = std::uint64_t{1} << 0;
// The application server takes a connection that awaits the client's Finished; the key store makes one.
inline constexpr std::uint64_t kEarlyHandoff = std::uint64_t{1} << 1;
// The key store signs, the application server asks for signatures.
inline constexpr std::uint64_t kSigning = std::uint64_t{1} << 2;
inline constexpr std::uint64_t kAllCapabilities = kSerializationOffload | kEarlyHandoff | kSigning;

inline constexpr std::size_t kFrameHeaderSize = 8;         // bytes: type, payload length, handshake id
inline constexpr std::size_t kMaxFramePayload = 0xffffff;  // bytes, what the u24 length can say
// Every side accepts frames of this size, in bytes: a serialized connection and the texts of FAILED always
// fit.
inline constexpr std::uint32_t kSmallestMaxPayload = 16 * 1024;
inline constexpr std::size_t kMaxHelloPayload = 1024;  // bytes, for whoever has not said who it is yet

// Texts, in bytes. All are printable ASCII, so that they can be logged.
inline constexpr std::size_t kMaxSoftwareText = 64;
inline constexpr std::size_t kMaxListenerName = 64;
inline constexpr std::size_t kMaxServerName = 255;  // RFC 1035 §2.3.4
inline constexpr std::size_t kMaxReasonText = 512;  // of FAILED, GO_AWAY and LINK_ERROR

inline constexpr std::size_t kMaxSignature = 2048;  // bytes; RSA of 16384 bits

// Most bytes of one client's stream that may be on their way beyond the last `consumed` that was reported. It
// bounds what each end keeps for one client; one TLS record is below 17 KiB, so a handshake always moves on.
inline constexpr std::uint64_t kClientWindow = 128 * 1024;
// The key store reports `consumed` at the latest when it has moved on by this many bytes.
inline constexpr std::uint64_t kConsumedReportStep = 16 * 1024;

// Most bytes for one client that an application server keeps until it takes them: several times the largest
// flight of a server (R9).
inline constexpr std::size_t kMaxServerBytes = 512 * 1024;

inline constexpr std::size_t kMaxPingsOutstanding =
    4;  // per direction; more would only measure a dead link again

// What a key store gives an application server that has shown who it is, to say HELLO (R9).
inline constexpr std::chrono::milliseconds kHelloTimeout{5000};

// Of a handshake; longer ones that are asked for are cut to it, before anything is added to them.
inline constexpr std::chrono::milliseconds kLongestTimeout = std::chrono::hours(1);

// What one end of a link allows. The first two travel in HELLO.
struct LinkLimits {
  std::uint32_t max_payload =
      64 * 1024;  // bytes of the largest frame payload accepted; at least kSmallestMaxPayload
  std::uint32_t max_in_flight = 4096;  // handshakes between OPEN and their end
  // Bytes of queued output. From the first on, new work is refused or left unread; at the second, the peer
  // has stopped reading and the link ends.
  std::size_t output_high_water = std::size_t{1} << 20;
  std::size_t output_limit = std::size_t{16} << 20;
};

}  // namespace baton::offload
