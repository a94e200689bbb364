#include "crypto/evp_aead.h"

#include <openssl/evp.h>

#include "crypto/openssl_error.h"

namespace baton::crypto {
namespace {

struct ContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, ContextFree>;

const EVP_CIPHER* fetched_cipher(AeadAlgorithm algorithm) {
  // Fetched once: a fetch per key costs more than the key schedule.
  static EVP_CIPHER* const kAes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_CIPHER* const kAes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static EVP_CIPHER* const kChaCha20 = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  switch (algorithm) {
    case AeadAlgorithm::aes_128_gcm:
      return kAes128;
    case AeadAlgorithm::aes_256_gcm:
      return kAes256;
    case AeadAlgorithm::chacha20_poly1305:
      return kChaCha20;
  }
  return nullptr;
}

enum class Direction : int { open = 0, seal = 1 };

class EvpAeadKey final : public AeadKey {
 public:
  explicit EvpAeadKey(Context context) : context_(std::move(context)) {}

  bool seal_from(const AeadNonce& nonce, ByteView additional_data, ByteView text,
                 MutableBytes sealed) override {
    const MutableBytes out = sealed.first(sealed.size() - kAeadTagSize);
    const MutableBytes tail = out.subspan(text.size());
    return begin(Direction::seal, nonce, additional_data) && update(text, out) && update(tail, tail) &&
           finish() &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize,
                               sealed.last(kAeadTagSize).data()) == 1;
  }

  bool open(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) override {
    const MutableBytes text = text_and_tag.first(text_and_tag.size() - kAeadTagSize);
    return begin(Direction::open, nonce, additional_data) && update(text, text) &&
           EVP_CIPHER_CTX_ctrl(context_.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize,
                               text_and_tag.last(kAeadTagSize).data()) == 1 &&
           finish();
  }

 private:
  bool begin(Direction direction, const AeadNonce& nonce, ByteView additional_data) {
    int written = 0;
    EVP_CIPHER_CTX* context = context_.get();
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce.data(), static_cast<int>(direction)) ==
               1 &&
           EVP_CipherUpdate(context, nullptr, &written, additional_data.data(),
                            static_cast<int>(additional_data.size())) == 1;
  }

  bool update(ByteView text, MutableBytes out) {
    if (text.empty()) return true;  // OpenSSL takes a null pointer for the end
    int written = 0;
    return EVP_CipherUpdate(context_.get(), out.data(), &written, text.data(),
                            static_cast<int>(text.size())) == 1;
  }

  bool finish() {
    std::uint8_t nothing[kAeadTagSize];
    int written = 0;
    return EVP_CipherFinal_ex(context_.get(), nothing, &written) == 1;
  }

  Context context_;
};

}  // namespace

Result<std::unique_ptr<AeadKey>> make_evp_aead_key(AeadAlgorithm algorithm, ByteView key) {
  Context context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = fetched_cipher(algorithm);
  if (!context || cipher == nullptr ||
      EVP_CipherInit_ex(context.get(), cipher, nullptr, key.data(), nullptr, 1) != 1) {
    return openssl_error("cannot make an AEAD key");
  }
  return std::make_unique<EvpAeadKey>(std::move(context));
}

}  // namespace baton::crypto
