// What a connection finds in the bytes of its peer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "baton/alert.h"
#include "baton/bytes.h"
#include "baton/export.h"

namespace baton {

// There is nothing to say yet.
struct BATON_EXPORT NeedBytes {
  std::size_t count;  // at least this many more bytes from the peer are needed before anything can happen
};
// What the peer has said.
struct BATON_EXPORT ApplicationData {
  ByteView bytes;  // never empty; valid until the next call of a receiving function (writing leaves it alone)
};
// close_notify: the peer will send nothing more; writing is still possible.
struct BATON_EXPORT PeerClosed {};
// What Connection::next() has found. `Failure` (alert.h): the connection is over; output() may hold our
// alert.
using Event = std::variant<NeedBytes, ApplicationData, PeerClosed, Failure>;

// What a KeyUpdate asks of the peer (RFC 8446 §4.6.3).
enum class KeyUpdateRequest : std::uint8_t { update_not_requested = 0, update_requested = 1 };

}  // namespace baton
