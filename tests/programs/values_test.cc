// Durations, sizes, addresses, names and suggestions.
#include <gmock/gmock.h>

#include "common/endpoint.h"
#include "common/names.h"
#include "common/suggestion.h"
#include "common/units.h"

namespace baton::programs {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("0s").value(), milliseconds(0));
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("10s").value(), milliseconds(10'000));
  EXPECT_EQ(parse_duration("5m").value(), milliseconds(300'000));
  EXPECT_EQ(parse_duration("1h").value(), milliseconds(3'600'000));
  EXPECT_EQ(parse_duration("7d").value(), milliseconds(7 * 86'400'000));
  EXPECT_EQ(parse_duration("9999999999d").value(), milliseconds(9'999'999'999 * 86'400'000));
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "10", "s", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s", "1S", "1s1s", "1us",
                           "10000000000ms", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(parse_size("0").value(), 0U);
  EXPECT_EQ(parse_size("4096").value(), 4096U);
  EXPECT_EQ(parse_size("4096B").value(), 4096U);
  EXPECT_EQ(parse_size("64KiB").value(), 64U * 1024);
  EXPECT_EQ(parse_size("2MiB").value(), 2U * 1024 * 1024);
  EXPECT_EQ(parse_size("9999999999GiB").value(), std::uint64_t{9'999'999'999} << 30);
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text : {"", "KiB", "64KB", "64kib", "-1", "1.5MiB", "10000000000"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Units, ReadsRates) {
  EXPECT_EQ(parse_rate("50/s").value(), (offload::Rate{50, milliseconds(1000)}));
  EXPECT_EQ(parse_rate("3000/m").value(), (offload::Rate{3000, milliseconds(60'000)}));
  EXPECT_EQ(parse_rate("999999999/h").value(), (offload::Rate{999'999'999, milliseconds(3'600'000)}));
}

TEST(Units, RefusesWhatIsNoRate) {
  for (const char* text : {"", "50", "/s", "0/s", "-1/s", "50/d", "50/ms", "50 /s", "50/ s", "50/s/s",
                           "1.5/s", "50/S", "1000000000/s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(Endpoints, ReadsWhatItWrites) {
  for (const char* text :
       {"[::]:443", "[2001:db8::1]:1", "0.0.0.0:65535", "host.example:80", "unix:/run/a.sock"}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_string(*endpoint), text);
  }
}

TEST(Endpoints, LowersHostNames) {
  EXPECT_EQ(parse_endpoint("Host.Example:80").value(), Endpoint(TcpEndpoint{"host.example", 80}));
}

TEST(Endpoints, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"",         "host",        ":80",     "host:",   "host:0", "host:65536", "host:-1",
        "host:8 0", "host:80x",    "::1",     "::1:443", "[::1]",  "[::1:443",   "[host]:1",
        "[]:1",     "256.0.0.1:1", "1.2.3:1", "*:443",   "a b:1",  "unix:",      "http://host:80"}) {
    EXPECT_FALSE(parse_endpoint(text)) << text;
  }
  EXPECT_FALSE(parse_endpoint(std::string_view("unix:/a\0b", 9)));
  EXPECT_FALSE(parse_endpoint(std::string_view("127.0.0.1\0:80", 13)));
}

TEST(Names, AcceptsDnsNames) {
  EXPECT_EQ(parse_dns_name("WWW.Example.COM").value(), "www.example.com");
  EXPECT_EQ(parse_dns_name("localhost").value(), "localhost");
  EXPECT_EQ(parse_dns_name("_a.xn--bcher-kva.example").value(), "_a.xn--bcher-kva.example");
  EXPECT_TRUE(parse_dns_name(std::string(63, 'a') + ".example"));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(parse_dns_name(longest + "a"));
}

TEST(Names, RefusesWhatIsNoDnsName) {
  for (const char* text :
       {"", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a/b", "1.2.3.4", "a.1", "*.a.b", "a\n"}) {
    EXPECT_FALSE(parse_dns_name(text)) << text;
  }
  EXPECT_FALSE(parse_dns_name(std::string(64, 'a')));
  std::string too_long;
  for (int i = 0; i < 126; ++i) too_long += "a.";
  EXPECT_FALSE(parse_dns_name(too_long + "ab"));
  EXPECT_FALSE(parse_dns_name(std::string_view("a\0b", 3)));
}

TEST(Names, AcceptsOneWildcardLabelInFront) {
  EXPECT_EQ(parse_name_pattern("*.Example.com").value(), "*.example.com");
  for (const char* text :
       {"*", "*.", "*.com", "a.*.example.com", "*a.example.com", "**.example.com", "*.*.example"}) {
    EXPECT_FALSE(parse_name_pattern(text)) << text;
  }
  EXPECT_EQ(parse_name_pattern_or_all("*").value(), "*");
  EXPECT_FALSE(parse_name_pattern_or_all("*.com"));
}

TEST(Names, KeepsUrisAsTheyAre) {
  EXPECT_EQ(parse_identity("spiffe://Example.com/App").value(), "spiffe://Example.com/App");
  EXPECT_EQ(parse_identity("App1.internal").value(), "app1.internal");
  for (const char* text : {"", "://a", "a://", "1a:b", "a://b c", "a://b\x7f", "*.internal"}) {
    EXPECT_FALSE(parse_identity(text)) << text;
  }
}

TEST(Suggestions, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("abc", "abc"), 0U);
  EXPECT_EQ(edit_distance("abc", "axc"), 1U);
  EXPECT_EQ(edit_distance("listen", "lisetn"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggestions, TakesTheClosestWordWithinReason) {
  const std::vector<std::string> words = {"listen", "certificate", "client_ca"};
  EXPECT_EQ(closest_word("lisen", words), "listen");
  EXPECT_EQ(closest_word("certifcates", words), "certificate");
  EXPECT_EQ(closest_word("ca", words), std::nullopt);
  EXPECT_EQ(closest_word("backend", words), std::nullopt);
}

}  // namespace
}  // namespace baton::programs
