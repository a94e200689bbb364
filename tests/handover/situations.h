// What a connection may be in the middle of when it is handed over.
#pragma once

#include <span>

#include "conversation.h"

namespace baton::test {

struct Situation {
  const char* name;
  // Brings the conversation there, and says what then moves with the connection; the length is not said.
  SerializationReadiness (*arrange)(Conversation&);
  // Where the situation exists at all; null: everywhere.
  bool (*exists)(ProtocolVersion version, Role role) = nullptr;
  HandshakeEnd handshake_end = HandshakeEnd::delivered;
  bool rekey = false;
};

std::span<const Situation> situations();

}  // namespace baton::test
