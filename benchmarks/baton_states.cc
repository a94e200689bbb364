#include "baton_states.h"

#include <random>

#include "require.h"

namespace baton::bench {
namespace {

void fill(MutableBytes bytes) {
  static std::mt19937_64 random(1);  // keys without secrets
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
}

void share_key(tls::DirectionState& from, tls::DirectionState& to, std::size_t size) {
  from.keying = tls::KeyingMaterial(size);
  fill(from.keying.data());
  to.keying = tls::KeyingMaterial(from.keying.view());
}

}  // namespace

States make_states(std::string_view suite) {
  const tls::CipherSuite* found = tls::find_cipher_suite(suite);
  require(found != nullptr, "Baton does not know the suite");
  States states;
  states.server.role = tls::Role::server;
  states.client.role = tls::Role::client;
  states.server.suite = states.client.suite = found;
  share_key(states.server.write, states.client.read, found->keying_size());
  share_key(states.client.write, states.server.read, found->keying_size());
  for (tls::ConnectionState* state : {&states.server, &states.client}) {
    state->server_name = "www.example.com";
    state->alpn = "h2";
    state->group = 29;
  }
  return states;
}

}  // namespace baton::bench
