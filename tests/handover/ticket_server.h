// A libssl server whose tickets are long and come in many short records.
#pragma once

#include "longstream/stream_peer.h"

namespace baton::test {

inline constexpr std::size_t kTicketFragment = 512;  // bytes, the least that libssl cuts to

// TLS 1.3 only.
std::unique_ptr<StreamPeer> make_ticket_server(const PeerSetup& setup);

}  // namespace baton::test
