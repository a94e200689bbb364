// Both ends of one connection are Baton's; and what tests do with single connections of the public API.
#pragma once

#include <string>

#include "baton/connection.h"
#include "baton/handshake.h"
#include "settings.h"

namespace baton::test {

struct BatonPair {
  Connection server;
  Connection client;
};

BatonPair make_baton_pair(const Config& server, const Config& client);
BatonPair make_baton_pair(const tls::CipherSuite& suite);

// Shakes hands with a libssl that is configured already. Everything is delivered.
Connection shake_hands(const Config& config, LibsslPeer& peer);

// What it can read now. A failure or a close gives a text that names it.
std::string read_text(Connection& connection);

// Everything that `from` has to say.
void deliver(Connection& from, Connection& to);
// The text passes, and nothing else comes with it.
void expect_text_passes(Connection& from, Connection& to, std::string_view text);
void expect_data_passes(Connection& a, Connection& b);

}  // namespace baton::test
