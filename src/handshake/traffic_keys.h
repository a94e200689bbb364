// How the secrets leave stock libssl.
#pragma once

#include <openssl/ssl.h>

#include <string_view>

#include "base/error.h"
#include "tls/connection_state.h"

namespace baton::handshake {

// What protects the application data of each side.
struct TrafficKeys {
  tls::KeyingMaterial client;
  tls::KeyingMaterial server;
  tls::KeyingMaterial exporter;  // only where it was asked for
};

// Gathers TLS 1.3's secrets from libssl's key log.
class KeyLogReader {
 public:
  explicit KeyLogReader(bool keeps_exporter_secret) : keeps_exporter_secret_(keeps_exporter_secret) {}

  // Whether the client's handshake traffic secret is gathered, too; if not, it is wiped.
  void keep_client_handshake_secret(bool keep) {
    keeps_client_handshake_secret_ = keep;
    if (!keep) client_handshake_secret_.clear();
  }

  // One line "LABEL client_random secret", all hexadecimal. Lines of no use here are passed over.
  void note(std::string_view line);

  // Whether handshake keys exist, so that nothing may be sent in plaintext any more.
  bool has_handshake_keys() const { return has_handshake_keys_; }
  // Whether both sides' application traffic secrets have come.
  bool has_traffic_keys() const { return !keys_.client.empty() && !keys_.server.empty(); }
  // The application traffic secrets, and the exporter's, once.
  TrafficKeys take() { return std::move(keys_); }
  tls::KeyingMaterial take_client_handshake_secret() { return std::move(client_handshake_secret_); }

 private:
  TrafficKeys keys_;
  tls::KeyingMaterial client_handshake_secret_;
  bool keeps_exporter_secret_;
  bool keeps_client_handshake_secret_ = false;
  bool has_handshake_keys_ = false;
};

// Of a completed handshake of TLS 1.2.
Result<tls::Tls12Secrets> tls12_secrets(const SSL* ssl);

}  // namespace baton::handshake
