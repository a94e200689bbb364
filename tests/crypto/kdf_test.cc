#include "crypto/kdf.h"

#include <gtest/gtest.h>

#include "support/hex.h"

namespace baton::crypto {
namespace {

using test::from_hex;

// RFC 8448 §3: "{server} derive write traffic keys for handshake data".
TEST(HkdfExpandLabel, GivesTheKeysOfRfc8448) {
  const Bytes secret = from_hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
  Bytes key(16);
  Bytes iv(12);
  ASSERT_TRUE(hkdf_expand_label(HashAlgorithm::sha256, secret, "key", {}, key));
  ASSERT_TRUE(hkdf_expand_label(HashAlgorithm::sha256, secret, "iv", {}, iv));
  EXPECT_EQ(to_hex(key), "3fce516009c21727d0f2e4e86ee403bc");
  EXPECT_EQ(to_hex(iv), "5d313eb2671276ee13000b30");
}

// The test vector for P_SHA256 that the TLS working group published (mailing list, 2009).
TEST(Tls12Prf, GivesThePublishedVector) {
  const Bytes secret = from_hex("9bbe436ba940f017b17652849a71db35");
  const Bytes seed = from_hex("a0ba9f936cda311827a6f796ffd5198c");
  Bytes out(100);
  ASSERT_TRUE(tls12_prf(HashAlgorithm::sha256, secret, "test label", ByteView(seed).first(5),
                        ByteView(seed).subspan(5), out));
  EXPECT_EQ(
      to_hex(out),
      "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0"
      "22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66");
}

}  // namespace
}  // namespace baton::crypto
