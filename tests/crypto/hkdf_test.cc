// HKDF-Expand-Label on low-level SHA-2 against OpenSSL's own HKDF, for every size that has a path of its own.
#include <gtest/gtest.h>

#include "crypto/hkdf_by_evp.h"
#include "support/states.h"

namespace baton::crypto {
namespace {

class HkdfTest : public test::SeededTest {
 protected:
  Bytes by_evp(HashAlgorithm hash, ByteView secret, std::string_view label, ByteView context,
               std::size_t size) {
    Bytes info;
    ByteWriter writer(info);
    writer.u16(static_cast<std::uint16_t>(size));
    writer.u8(static_cast<std::uint8_t>(6 + label.size()));
    writer.bytes(as_bytes("tls13 "));
    writer.bytes(as_bytes(label));
    writer.u8(static_cast<std::uint8_t>(context.size()));
    writer.bytes(context);
    Bytes out(size);
    EXPECT_TRUE(hkdf_expand_by_evp(hash, secret, info, out));
    return out;
  }
};

TEST_F(HkdfTest, AgreesWithOpenSsl) {
  for (const HashAlgorithm hash : {HashAlgorithm::sha256, HashAlgorithm::sha384}) {
    const Bytes secret = test::random_bytes(random_, hash_size(hash));
    for (std::size_t label_size = 0; label_size <= kMaxLabelSize; label_size += 1 + label_size / 40) {
      for (const std::size_t context_size : {0UL, 1UL, hash_size(hash), 255UL}) {
        for (const std::size_t size : {1UL, 12UL, 16UL, 32UL, 48UL, 49UL, 300UL}) {
          const std::string label(label_size, 'x');
          const Bytes context = test::random_bytes(random_, context_size);
          Bytes out(size);
          ASSERT_TRUE(hkdf_expand_label(hash, secret, label, context, out));
          ASSERT_EQ(out, by_evp(hash, secret, label, context, size))
              << label_size << " " << context_size << " " << size;
        }
      }
    }
  }
}

TEST_F(HkdfTest, SeveralOutputsAreEachTheirOwn) {
  const Bytes secret = test::random_bytes(random_, 32);
  Bytes key(16), iv(12), alone(12);
  const std::array outputs = {HkdfOutput{"key", {}, key}, HkdfOutput{"iv", {}, iv}};
  ASSERT_TRUE(hkdf_expand_labels(HashAlgorithm::sha256, secret, outputs));
  ASSERT_TRUE(hkdf_expand_label(HashAlgorithm::sha256, secret, "iv", {}, alone));
  EXPECT_EQ(iv, alone);
}

TEST_F(HkdfTest, SizesThatAreNotInTheRfcAreRefused) {
  Bytes out(32);
  const auto code = [&](std::size_t secret, std::size_t label, std::size_t context, std::size_t size) {
    Bytes target(size);
    auto done = hkdf_expand_label(HashAlgorithm::sha256, Bytes(secret), std::string(label, 'x'),
                                  Bytes(context), target);
    return !done && done.error().code == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(code(49, 3, 0, 32));
  EXPECT_TRUE(code(32, 250, 0, 32));
  EXPECT_TRUE(code(32, 3, 256, 32));
  EXPECT_TRUE(code(32, 3, 0, 255 * 32 + 1));
  EXPECT_FALSE(code(32, 249, 255, 255 * 32));
}

}  // namespace
}  // namespace baton::crypto
