// Both AEAD backends give the same bytes, and each opens what the other has sealed.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.h"
#include "crypto/aead_backend.h"
#include "crypto/evp_aead.h"
#include "crypto/ipsec_mb_aead.h"
#include "support/states.h"

namespace baton::crypto {
namespace {

constexpr std::size_t kLongest = 16'640;  // bytes: a full record and all that may stand around it

// Made without the nonce recorder: here one (key, nonce) pair seals again and again.
struct Backends {
  std::unique_ptr<AeadKey> evp;
  std::unique_ptr<AeadKey> ipsec_mb;
};

Backends both(AeadAlgorithm algorithm, ByteView key) {
  return {std::move(*make_evp_aead_key(algorithm, key)), std::move(*make_ipsec_mb_aead_key(algorithm, key))};
}

class BackendsTest : public test::SeededTest, public testing::WithParamInterface<AeadAlgorithm> {
 protected:
  void SetUp() override {
    SeededTest::SetUp();
    keys_ = both(GetParam(), test::random_bytes(random_, aead_key_size(GetParam())));
    text_ = test::random_bytes(random_, kLongest);
    std::ranges::copy(test::random_bytes(random_, nonce_.size()), nonce_.begin());
  }

  // Sealed in place.
  Bytes seal(AeadKey& key, std::size_t size, ByteView additional_data) {
    Bytes sealed(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(size));
    sealed.resize(size + kAeadTagSize);
    EXPECT_TRUE(key.seal(nonce_, additional_data, sealed));
    return sealed;
  }

  // Sealed out of place, but for the last `tail` bytes.
  Bytes seal_from(AeadKey& key, std::size_t size, std::size_t tail, ByteView additional_data) {
    Bytes sealed(size + kAeadTagSize, 0xEE);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(size - tail), tail,
                sealed.begin() + static_cast<std::ptrdiff_t>(size - tail));
    EXPECT_TRUE(key.seal_from(nonce_, additional_data, ByteView(text_).first(size - tail), sealed));
    return sealed;
  }

  void expect_opens(AeadKey& key, Bytes sealed, std::size_t size, ByteView additional_data) {
    ASSERT_TRUE(key.open(nonce_, additional_data, sealed)) << size;
    ASSERT_TRUE(std::equal(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(size), sealed.begin()))
        << size;
  }

  Backends keys_;
  Bytes text_;
  AeadNonce nonce_{};
};

TEST_P(BackendsTest, AgreeForEveryLength) {
  const Bytes additional_data = test::random_bytes(random_, 5);
  for (std::size_t size = 0; size <= kLongest; ++size) {
    const Bytes sealed = seal(*keys_.evp, size, additional_data);
    ASSERT_EQ(seal(*keys_.ipsec_mb, size, additional_data), sealed) << size;
    // A content type behind the text, as TLS 1.3 has it, or nothing, as TLS 1.2.
    const std::size_t tail = std::min<std::size_t>(size, size % 2);
    ASSERT_EQ(seal_from(*keys_.ipsec_mb, size, tail, additional_data), sealed) << size;
    ASSERT_EQ(seal_from(*keys_.evp, size, tail, additional_data), sealed) << size;
    expect_opens(*keys_.ipsec_mb, sealed, size, additional_data);
  }
}

TEST_P(BackendsTest, AgreeForRandomCutsAndAdditionalData) {
  for (int round = 0; round < 2000; ++round) {
    const std::size_t size = random_() % (round % 2 == 0 ? kLongest + 1 : 700);
    const std::size_t tail = size == 0 ? 0 : random_() % (size + 1);
    const Bytes additional_data = test::random_bytes(random_, random_() % 40);
    const Bytes sealed = seal_from(*keys_.evp, size, tail, additional_data);
    ASSERT_EQ(seal_from(*keys_.ipsec_mb, size, tail, additional_data), sealed) << size << " " << tail;
    expect_opens(*keys_.evp, sealed, size, additional_data);
    expect_opens(*keys_.ipsec_mb, sealed, size, additional_data);
  }
}

TEST_P(BackendsTest, RefuseEveryFlippedBit) {
  const Bytes additional_data = test::random_bytes(random_, 13);
  const Bytes sealed = seal(*keys_.evp, 40, additional_data);
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    for (AeadKey* key : {keys_.evp.get(), keys_.ipsec_mb.get()}) {
      Bytes changed = sealed;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(key->open(nonce_, additional_data, changed)) << bit;
    }
  }
}

// Where the build or the CPU has one backend only, there is nothing to compare, and no test of it.
std::vector<AeadAlgorithm> compared() {
  if (!ipsec_mb_is_usable()) return {};
  return {AeadAlgorithm::aes_128_gcm, AeadAlgorithm::aes_256_gcm, AeadAlgorithm::chacha20_poly1305};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackendsTest);
INSTANTIATE_TEST_SUITE_P(EachAlgorithm, BackendsTest, testing::ValuesIn(compared()),
                         [](const auto& parameter) {
                           switch (parameter.param) {
                             case AeadAlgorithm::aes_128_gcm:
                               return "Aes128Gcm";
                             case AeadAlgorithm::aes_256_gcm:
                               return "Aes256Gcm";
                             default:
                               return "ChaCha20Poly1305";
                           }
                         });

TEST(BackendChoice, TakesTheFastOneWhereItCan) {
  EXPECT_EQ(choose_aead_backend("", false, true), AeadBackend::ipsec_mb);
  EXPECT_EQ(choose_aead_backend("", false, false), AeadBackend::evp);
  EXPECT_EQ(choose_aead_backend("", true, true), AeadBackend::evp) << "FIPS";
}

TEST(BackendChoice, CanBeForced) {
  EXPECT_EQ(choose_aead_backend("evp", false, true), AeadBackend::evp);
  EXPECT_EQ(choose_aead_backend("ipsec-mb", false, true), AeadBackend::ipsec_mb);
}

TEST(BackendChoice, NeverTakesAnotherThanTheForcedOne) {
  EXPECT_EQ(choose_aead_backend("ipsec-mb", true, true).error().code, ErrorCode::refused);
  EXPECT_EQ(choose_aead_backend("ipsec-mb", false, false).error().code, ErrorCode::refused);
  EXPECT_EQ(choose_aead_backend("EVP", false, true).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace baton::crypto
