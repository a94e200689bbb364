#include <gtest/gtest.h>

#include "offload/client_address.h"
#include "offload/name_set.h"
#include "offload/restrict_names.h"

namespace baton::offload::test {
namespace {

TEST(NameMap, ExactBeforeWildcardBeforeAny) {
  NameMap<int> names;
  ASSERT_TRUE(names.add("*", 3));
  ASSERT_TRUE(names.add("*.example.com", 2));
  ASSERT_TRUE(names.add("www.example.com", 1));
  EXPECT_EQ(*names.find("www.example.com"), 1);
  EXPECT_EQ(*names.find("api.example.com"), 2);
  EXPECT_EQ(*names.find("a.b.example.com"), 3) << "a wildcard stands for one label";
  EXPECT_EQ(*names.find("example.com"), 3) << "and not for none";
  EXPECT_EQ(*names.find(""), 3);
  EXPECT_EQ(names.find("not a name"), nullptr);
}

TEST(NameMap, WithoutAnyTheRestIsNotFound) {
  NameMap<int> names;
  ASSERT_TRUE(names.add("*.example.com", 2));
  EXPECT_EQ(names.find("example.com"), nullptr);
  EXPECT_EQ(names.find("a.b.example.com"), nullptr);
  EXPECT_EQ(names.find(""), nullptr);
  EXPECT_EQ(names.find("*.example.com"), nullptr) << "a star is no label of a client";
}

TEST(NameMap, CaseAndOneTrailingDotDoNotMatter) {
  NameMap<int> names;
  ASSERT_TRUE(names.add("WWW.Example.com.", 1));
  EXPECT_NE(names.find("www.example.com"), nullptr);
  EXPECT_NE(names.find("www.EXAMPLE.com."), nullptr);
  EXPECT_EQ(names.find("www.example.com.."), nullptr);
  const auto again = names.add("www.example.com", 2);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::refused);
}

TEST(NameMap, RefusesWhatIsNoPattern) {
  const std::string long_label = std::string(64, 'a') + ".com";
  std::string long_name = "a";
  while (long_name.size() <= 253) long_name += ".a";
  for (const std::string& text :
       {std::string(), std::string("."), std::string("*."), std::string("a..b"), std::string("*.*.com"),
        std::string("w*.example.com"), std::string("a.*.com"), std::string("exa mple.com"),
        std::string("b\xc3\xbc.de"), std::string(".com"), long_label, long_name}) {
    EXPECT_FALSE(parse_name_pattern(text)) << text;
  }
  EXPECT_TRUE(parse_name_pattern("xn--bcher-kva.example"));
  EXPECT_TRUE(parse_name_pattern("_sip.example"));
  EXPECT_TRUE(parse_name_pattern("localhost"));
}

TEST(NameSet, SaysWhatALinkMayServe) {
  NameSet names;
  ASSERT_TRUE(names.add("www.example.com"));
  ASSERT_TRUE(names.add("www.example.com"));
  EXPECT_TRUE(names.contains("www.example.com"));
  EXPECT_FALSE(names.contains("api.example.com"));
  EXPECT_FALSE(names.contains(""));
}

TEST(NameSet, CoversPatterns) {
  NameSet names;
  ASSERT_TRUE(names.add("www.example.com") && names.add("*.example.org"));
  EXPECT_TRUE(names.covers("www.example.com"));
  EXPECT_TRUE(names.covers("a.example.org"));
  EXPECT_TRUE(names.covers("*.example.org"));
  EXPECT_FALSE(names.covers("*.example.com"));
  EXPECT_FALSE(names.covers("*.a.example.org"));
  EXPECT_FALSE(names.covers("*"));
  EXPECT_FALSE(names.covers("not a name"));
  ASSERT_TRUE(names.add("*"));
  EXPECT_TRUE(names.covers("*.example.com") && names.covers("bank.example") && names.covers("*"));
}

TEST(NameSet, CoversAllOrNot) {
  NameSet names;
  ASSERT_TRUE(names.add("www.example.com"));
  ASSERT_TRUE(names.add("*.example.org"));
  EXPECT_TRUE(names.covers_all({"www.example.com", "WWW.Example.com.", "*.example.org"}));
  EXPECT_FALSE(names.covers_all({"www.example.com", "bank.example"}));
  EXPECT_FALSE(names.covers_all({"www.example.com", "w*.example.com"}));
  EXPECT_FALSE(names.covers_all({}));
  ASSERT_TRUE(names.add("*"));
  EXPECT_TRUE(names.covers_all({"bank.example", "w*.example.com"}) && names.covers_all({}));
}

TEST(RestrictNames, RefusesBeforeATenantIsChosen) {
  auto allowed = std::make_shared<NameSet>();
  ASSERT_TRUE(allowed->add("www.example.com"));
  int asked = 0;
  const auto selector = restrict_names(allowed, [&asked](const handshake::ClientHelloInfo&) {
    ++asked;
    return handshake::TenantChoice(handshake::SelectLater{});
  });
  EXPECT_TRUE(std::holds_alternative<handshake::SelectLater>(selector({"www.example.com", true})));
  for (std::string_view name : {"bank.example", ""}) {
    const auto choice = selector({name, true});
    ASSERT_TRUE(std::holds_alternative<handshake::SelectRefused>(choice)) << name;
    EXPECT_EQ(std::get<handshake::SelectRefused>(choice).alert, tls::Alert::unrecognized_name);
  }
  EXPECT_EQ(asked, 1);
}

TEST(ClientAddress, Texts) {
  const auto text = [](std::array<std::uint8_t, 16> ip) { return to_string(ClientAddress{ip, 443}); };
  EXPECT_EQ(text({}), "unknown");
  EXPECT_EQ(text({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}), "192.0.2.1:443");
  EXPECT_EQ(text({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "[2001:db8::1]:443");
  EXPECT_EQ(text({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "[::1]:443");
  EXPECT_EQ(text({0x20, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "[2001:0:1::]:443");
  EXPECT_EQ(text({0x20, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}), "[2001:0:1:1:1:1:1:1]:443");
  EXPECT_EQ(text({0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1}), "[2001::1:0:0:1:1]:443");
}

}  // namespace
}  // namespace baton::offload::test
