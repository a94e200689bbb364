#include "handshake/traffic_keys.h"

namespace baton::handshake {
namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Straight into self-wiping memory. Empty when the text is not the hexadecimal form of a secret.
tls::KeyingMaterial decode_secret(std::string_view hex) {
  if (hex.size() % 2 != 0 || hex.size() > 2 * tls::KeyingMaterial::kCapacity) return {};
  tls::KeyingMaterial secret(hex.size() / 2);
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const int high = hex_digit(hex[2 * i]);
    const int low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return {};
    secret.data()[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return secret;
}

}  // namespace

void KeyLogReader::note(std::string_view line) {
  const std::size_t first_space = line.find(' ');
  const std::size_t last_space = line.rfind(' ');
  if (first_space == last_space) return;
  const std::string_view label = line.substr(0, first_space);
  const std::string_view secret = line.substr(last_space + 1);
  if (label == "CLIENT_TRAFFIC_SECRET_0") keys_.client = decode_secret(secret);
  if (label == "SERVER_TRAFFIC_SECRET_0") keys_.server = decode_secret(secret);
  if (label == "EXPORTER_SECRET" && keeps_exporter_secret_) keys_.exporter = decode_secret(secret);
  if (label == "CLIENT_HANDSHAKE_TRAFFIC_SECRET" && keeps_client_handshake_secret_) {
    client_handshake_secret_ = decode_secret(secret);
  }
  if (label.ends_with("_HANDSHAKE_TRAFFIC_SECRET")) has_handshake_keys_ = true;
}

Result<tls::Tls12Secrets> tls12_secrets(const SSL* ssl) {
  tls::Tls12Secrets secrets;
  secrets.master = Secret<tls::kMasterSecretSize>(tls::kMasterSecretSize);
  if (SSL_SESSION_get_master_key(SSL_get_session(ssl), secrets.master.data().data(), secrets.master.size()) !=
          tls::kMasterSecretSize ||
      SSL_get_client_random(ssl, secrets.client_random.data(), tls::kRandomSize) != tls::kRandomSize ||
      SSL_get_server_random(ssl, secrets.server_random.data(), tls::kRandomSize) != tls::kRandomSize) {
    return fail(ErrorCode::crypto, "libssl does not give the master secret");
  }
  return secrets;
}

}  // namespace baton::handshake
