#include "handshake/traffic_keys.h"

#include "crypto/kdf.h"

namespace baton::handshake {
namespace {

constexpr std::size_t kRandomSize = 32;              // bytes, RFC 5246 §7.4.1.2
constexpr std::size_t kMasterSecretSize = 48;        // bytes, RFC 5246 §8.1
constexpr std::size_t kMaxKeyBlock = 2 * (32 + 12);  // bytes: two keys and two IVs

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

tls::KeyingMaterial key_and_iv(ByteView key, ByteView iv) {
  tls::KeyingMaterial keying(key.size() + iv.size());
  std::copy(key.begin(), key.end(), keying.data().begin());
  std::copy(iv.begin(), iv.end(), keying.data().subspan(key.size()).begin());
  return keying;
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

Result<TrafficKeys> tls12_traffic_keys(const SSL* ssl, const tls::CipherSuite& suite) {
  Secret<kMasterSecretSize> master(kMasterSecretSize);
  std::array<std::uint8_t, kRandomSize> client_random{};
  std::array<std::uint8_t, kRandomSize> server_random{};
  if (SSL_SESSION_get_master_key(SSL_get_session(ssl), master.data().data(), master.size()) !=
          kMasterSecretSize ||
      SSL_get_client_random(ssl, client_random.data(), kRandomSize) != kRandomSize ||
      SSL_get_server_random(ssl, server_random.data(), kRandomSize) != kRandomSize) {
    return fail(ErrorCode::crypto, "libssl does not give the master secret");
  }
  const std::size_t key_size = crypto::aead_key_size(suite.aead);
  const std::size_t iv_size = suite.fixed_iv_size();
  Secret<kMaxKeyBlock> block(2 * (key_size + iv_size));
  // RFC 5246 §6.3: key_block = PRF(master_secret, "key expansion", server_random + client_random)
  Result<void> expanded = crypto::tls12_prf(suite.hash, master.view(), "key expansion", server_random,
                                            client_random, block.data());
  if (!expanded) return pass_on(expanded);

  ByteReader reader(block.view());
  const ByteView client_key = reader.bytes(key_size);
  const ByteView server_key = reader.bytes(key_size);
  const ByteView client_iv = reader.bytes(iv_size);
  const ByteView server_iv = reader.bytes(iv_size);
  return TrafficKeys{key_and_iv(client_key, client_iv), key_and_iv(server_key, server_iv), {}};
}

}  // namespace baton::handshake
