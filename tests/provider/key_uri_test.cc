#include "handshake/provider/key_uri.h"

#include <gmock/gmock.h>

#include "support/pki.h"

namespace baton::provider {
namespace {

using testing::HasSubstr;

TEST(KeyUri, NamesACertificate) {
  const auto uri = key_uri_of("/etc/ssl/www.example.com_1~.crt");
  ASSERT_TRUE(uri);
  EXPECT_EQ(*uri, "baton:certificate=/etc/ssl/www.example.com_1~.crt");
  EXPECT_EQ(parse_key_uri(*uri).value(), "/etc/ssl/www.example.com_1~.crt");
}

TEST(KeyUri, AnyPathThereAndBack) {
  const std::filesystem::path odd = "/etc/two words/100%/caf\xc3\xa9?a=b;c#d.crt";
  const auto uri = key_uri_of(odd);
  ASSERT_TRUE(uri);
  EXPECT_THAT(*uri, HasSubstr("/two%20words/100%25/caf%C3%A9%3Fa%3Db%3Bc%23d.crt"));
  EXPECT_EQ(parse_key_uri(*uri).value(), odd);
}

TEST(KeyUri, DigitsMayBeSmall) {
  EXPECT_EQ(parse_key_uri("baton:certificate=/a%2fb%c3").value(), "/a/b\xc3");
}

TEST(KeyUri, OnlyAbsolutePaths) {
  EXPECT_EQ(key_uri_of("www.crt").error().code, ErrorCode::invalid_argument);
}

class WrongUri : public testing::TestWithParam<std::pair<std::string, const char*>> {};
INSTANTIATE_TEST_SUITE_P(Uris, WrongUri,
                         testing::Values(std::pair{"", "\"baton:certificate=\""},
                                         std::pair{"pkcs11:id=1", "\"baton:certificate=\""},
                                         std::pair{"baton:", "\"baton:certificate=\""},
                                         std::pair{"baton:key=/a", "\"baton:certificate=\""},
                                         std::pair{"baton:certificate=", "absolute"},
                                         std::pair{"baton:certificate=www.crt", "absolute"},
                                         std::pair{"baton:certificate=/a%2", "two hexadecimal digits"},
                                         std::pair{"baton:certificate=/a%", "two hexadecimal digits"},
                                         std::pair{"baton:certificate=/a%g0", "two hexadecimal digits"},
                                         std::pair{"baton:certificate=/a%00b", "control character"},
                                         std::pair{"baton:certificate=/a\nb", "control character"},
                                         std::pair{"baton:certificate=/a%7F", "control character"}));

TEST_P(WrongUri, IsRefused) {
  const auto path = parse_key_uri(GetParam().first);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::malformed);
  EXPECT_THAT(path.error().message, HasSubstr(GetParam().second));
}

TEST(KeyFile, IsPem) {
  EXPECT_EQ(key_file_of("baton:certificate=/etc/nginx/www.crt"), R"(-----BEGIN BATON KEY URI-----
YmF0b246Y2VydGlmaWNhdGU9L2V0Yy9uZ2lueC93d3cuY3J0
-----END BATON KEY URI-----
)");
}

TEST(KeyFile, IsFoundBetweenOthers) {
  const test::TestCertificate other = test::TestCa().issue({});
  const std::string file = "a comment\n" + other.chain_pem + other.key_pem +
                           key_file_of("baton:certificate=/first") + other.key_pem +
                           key_file_of("baton:certificate=/second");
  EXPECT_EQ(find_key_uri(as_bytes(file)), "baton:certificate=/first");
}

TEST(KeyFile, OtherFilesHaveNone) {
  const test::TestCertificate other = test::TestCa().issue({});
  for (const std::string& file :
       {std::string(), std::string("baton:certificate=/a"), other.key_pem,
        std::string("-----BEGIN BATON KEY URI-----\nYmF0"),
        std::string("-----BEGIN BATON KEY-----\nYmF0\n-----END BATON KEY-----\n")}) {
    EXPECT_EQ(find_key_uri(as_bytes(file)), std::nullopt) << file;
  }
}

}  // namespace
}  // namespace baton::provider
