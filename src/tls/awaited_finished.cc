#include "tls/awaited_finished.h"

#include <algorithm>

#include "crypto/kdf.h"
#include "tls/post_handshake.h"

namespace baton::tls {

FinishedMessage finished_message(const KeyingMaterial& verify_data) {
  FinishedMessage message(kHandshakeHeaderSize + verify_data.size());
  const MutableBytes bytes = message.data();
  bytes[0] = static_cast<std::uint8_t>(HandshakeType::finished);
  bytes[3] = static_cast<std::uint8_t>(verify_data.size());
  std::ranges::copy(verify_data.view(), bytes.begin() + kHandshakeHeaderSize);
  return message;
}

Result<KeyingMaterial> finished_verify_data(crypto::HashAlgorithm hash,
                                            const KeyingMaterial& handshake_secret,
                                            ByteView transcript_hash) {
  const std::size_t size = crypto::hash_size(hash);
  KeyingMaterial finished_key(size);
  KeyingMaterial verify_data(size);
  Result<void> step =
      crypto::hkdf_expand_label(hash, handshake_secret.view(), "finished", {}, finished_key.data());
  if (step) step = crypto::hmac(hash, finished_key.view(), transcript_hash, verify_data.data());
  if (!step) return pass_on(step);
  return verify_data;
}

}  // namespace baton::tls
