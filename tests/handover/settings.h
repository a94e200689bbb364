// The configurations that the tests start from.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "baton/config.h"
#include "baton/seal.h"
#include "handshake/peers.h"
#include "support/value_of.h"

namespace baton::test {

inline Role other(Role role) {
  return role == Role::server ? Role::client : Role::server;
}

// Of the server's certificate.
KeyType key_type_of(const tls::CipherSuite& suite);

// This suite only, with a certificate for kName, and a client that asks for kName. Nothing else is set.
ServerSettings server_settings(const tls::CipherSuite& suite);
ClientSettings client_settings(const tls::CipherSuite& suite);

// Of the settings above, with serialization version 1.
Config config_for(Role role, const tls::CipherSuite& suite);
Config serializable(Result<Config> config);
// Without TLS material, with serialization version 1.
Config continuing(Role role);

// One for the whole process, on the system's clock.
const Seal& the_seal();
// A new key ring, with nothing claimed.
Seal make_seal(SealOptions options,
               std::shared_ptr<ClaimStore> claims = std::make_shared<MemoryClaimStore>());

// A name of a test: IANA's, without what would not be one.
std::string name_of(Role role, const tls::CipherSuite& suite);

}  // namespace baton::test
