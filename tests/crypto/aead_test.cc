#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/random.h"
#include "support/hex.h"

namespace baton::crypto {
namespace {

using test::from_hex;

struct Vector {
  AeadAlgorithm algorithm;
  const char* key;
  const char* nonce;
  const char* additional_data;
  const char* plaintext;
  const char* sealed;
};

const Vector kVectors[] = {
    // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 4.
    {AeadAlgorithm::aes_128_gcm, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de"
     "657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b3"
     "96a0aa"
     "c973d58e0915bc94fbc3221a5db94fae95ae7121a47"},
    // The same, test case 16.
    {AeadAlgorithm::aes_256_gcm, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf"
     "5aa0de"
     "657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6"
     "393ba7"
     "a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"},
    // RFC 8439 §2.8.2.
    {AeadAlgorithm::chacha20_poly1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c6"
     "4206f66"
     "66657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c6"
     "4206265"
     "2069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0"
     "a9e060b29"
     "05d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26"
     "586cec64"
     "b61161ae10b594f09e26a7e902ecbd0600691"},
};

AeadNonce nonce_of(const char* hex) {
  AeadNonce nonce{};
  std::ranges::copy(from_hex(hex), nonce.begin());
  return nonce;
}

TEST(Aead, SealsAndOpensThePublishedVectors) {
  for (const Vector& vector : kVectors) {
    auto key = make_aead_key(vector.algorithm, from_hex(vector.key));
    ASSERT_TRUE(key) << key.error().message;
    const Bytes plaintext = from_hex(vector.plaintext);
    const Bytes additional_data = from_hex(vector.additional_data);
    Bytes buffer = plaintext;
    buffer.resize(buffer.size() + kAeadTagSize);
    ASSERT_TRUE((*key)->seal(nonce_of(vector.nonce), additional_data, buffer));
    EXPECT_EQ(to_hex(buffer), vector.sealed);
    ASSERT_TRUE((*key)->open(nonce_of(vector.nonce), additional_data, buffer));
    buffer.resize(plaintext.size());
    EXPECT_EQ(buffer, plaintext);
  }
}

TEST(Aead, AnyChangedBitIsRefused) {
  const Vector& vector = kVectors[0];
  auto key = make_aead_key(vector.algorithm, from_hex(vector.key));
  ASSERT_TRUE(key);
  const Bytes sealed = from_hex(vector.sealed);
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE((*key)->open(nonce_of(vector.nonce), from_hex(vector.additional_data), changed))
        << "bit " << bit;
  }
}

TEST(Aead, RefusesAKeyOfWrongSize) {
  EXPECT_FALSE(make_aead_key(AeadAlgorithm::aes_128_gcm, Bytes(15)));
  EXPECT_FALSE(make_aead_key(AeadAlgorithm::aes_256_gcm, Bytes(16)));
  EXPECT_FALSE(make_aead_key(AeadAlgorithm::chacha20_poly1305, Bytes(33)));
}

#ifdef BATON_TEST_HOOKS
// The recorder that watches every other test must itself be able to fail (R1).
TEST(NonceRecorderDeathTest, EndsTheProcessWhenANonceRepeatsUnderOneKey) {
  const Bytes key_bytes(16, 7);
  const AeadNonce nonce{};
  const auto seal_once = [&] {
    auto key = make_aead_key(AeadAlgorithm::aes_128_gcm, key_bytes);
    Bytes buffer(kAeadTagSize);
    return (*key)->seal(nonce, {}, buffer);
  };
  EXPECT_DEATH(
      {
        static_cast<void>(seal_once());
        static_cast<void>(seal_once());
      },
      "sealed twice");
}
#endif

TEST(ConstantTimeEqual, ComparesContentAndSize) {
  const Bytes a = {1, 2, 3};
  EXPECT_TRUE(constant_time_equal(a, Bytes{1, 2, 3}));
  EXPECT_FALSE(constant_time_equal(a, Bytes{1, 2, 4}));
  EXPECT_FALSE(constant_time_equal(a, Bytes{1, 2}));
}

}  // namespace
}  // namespace baton::crypto
