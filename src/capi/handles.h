// What stands behind the handles of baton.h.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "baton/baton.h"
#include "baton/handshake.h"
#include "baton/offload.h"
#include "baton/seal.h"

struct baton_bytes {
  baton::SecretBuffer value;
};

struct baton_settings {
  baton::Role role;
  std::vector<baton::Credential> credentials{};
  std::string ca_pem{};
  std::string server_name{};
  baton::ProtocolVersion min_version = baton::ProtocolVersion::tls12;
  baton::ProtocolVersion max_version = baton::ProtocolVersion::tls13;
  std::vector<std::string> cipher_suites{};
  std::vector<std::string> groups{};
  std::vector<std::string> alpn{};
  baton::SecretBuffer ticket_keys{};
  baton::KeptMetadata keep{};
};

struct baton_config {
  baton::Config value;
};

struct baton_handshake {
  std::variant<baton::Handshake, baton::OffloadedHandshake> value;
  baton::HandshakeStep step = baton::HandshakeStep::need_bytes;
  bool taken = false;
  baton::Bytes output{};  // that was shown, from `sent` on
  std::size_t sent = 0;
  // What getters have given.
  std::string failure_kind{};
  std::string failure{};
  std::string server_name{};
  std::string peer_name{};
};

struct baton_connection {
  baton::Connection value;
  // What getters have given.
  std::string cipher_suite{};
  std::string group{};
  std::string server_name{};
  std::string alpn{};
  std::string failure{};
};

struct baton_key_ring {
  baton::KeyRing value;
  std::string id{};  // that a getter has given
};

struct baton_claims {
  std::shared_ptr<baton::ClaimStore> value;
};

struct baton_seal {
  baton::Seal value;
};

struct baton_link {
  baton::LinkToKeyStore value;
};
