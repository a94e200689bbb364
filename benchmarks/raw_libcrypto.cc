#include <openssl/evp.h>

#include <cstring>

#include "raw_aead.h"

namespace baton::bench {
namespace {

template <const EVP_CIPHER* (*cipher)()>
class EvpCipher {
 public:
  explicit EvpCipher(ByteView key) {
    require(EVP_CipherInit_ex(sealing_.get(), cipher(), nullptr, key.data(), nullptr, 1) == 1 &&
                EVP_CipherInit_ex(opening_.get(), cipher(), nullptr, key.data(), nullptr, 0) == 1,
            "libcrypto lacks a cipher");
  }

  void seal_once(const RawRecord& record) {
    EVP_CIPHER_CTX* context = sealing_.get();
    run(context, record);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTag, record.tag);
  }
  bool open_once(const RawRecord& record) {
    EVP_CIPHER_CTX* context = opening_.get();
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTag, record.tag);
    return run(context, record);
  }

 private:
  static bool run(EVP_CIPHER_CTX* context, const RawRecord& record) {
    std::uint8_t nonce[12] = {};
    std::memcpy(nonce + 4, &record.sequence, sizeof record.sequence);
    int count = 0;
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, nonce, -1) == 1 &&
           EVP_CipherUpdate(context, nullptr, &count, record.header, kHeader) == 1 &&
           EVP_CipherUpdate(context, record.text, &count, record.text, static_cast<int>(record.size)) == 1 &&
           EVP_CipherFinal_ex(context, record.text + record.size, &count) == 1;
  }

  struct Free {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  };
  std::unique_ptr<EVP_CIPHER_CTX, Free> sealing_{EVP_CIPHER_CTX_new()};
  std::unique_ptr<EVP_CIPHER_CTX, Free> opening_{EVP_CIPHER_CTX_new()};
};

}  // namespace

RecordSubjectPtr make_raw_aead_of_libcrypto(const RecordSuite& suite) {
  const Bytes key(32, 7);
  if (suite.label == "aes128gcm") return std::make_unique<RawAead<EvpCipher<EVP_aes_128_gcm>>>(key);
  if (suite.label == "aes256gcm") return std::make_unique<RawAead<EvpCipher<EVP_aes_256_gcm>>>(key);
  return std::make_unique<RawAead<EvpCipher<EVP_chacha20_poly1305>>>(key);
}

}  // namespace baton::bench
