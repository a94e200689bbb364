#include "common/log.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>
#include <type_traits>

#include "base/bytes.h"
#include "base/secret.h"
#include "common/utf8.h"
#include "programs/temporary_folder.h"

namespace baton::programs {
namespace {

using std::chrono::microseconds;
using std::chrono::system_clock;

// R6: what cannot be formatted does not compile.
static_assert(!std::is_constructible_v<LogValue, Secret<32>&>);
static_assert(!std::is_constructible_v<LogValue, SecretBuffer&>);
static_assert(!std::is_constructible_v<LogValue, ByteView>);
static_assert(!std::is_constructible_v<LogValue, MutableBytes>);
static_assert(!std::is_constructible_v<LogValue, Bytes&>);
static_assert(!std::is_constructible_v<LogValue, const std::uint8_t*>);
static_assert(!std::is_constructible_v<LogValue, void*>);
static_assert(std::is_constructible_v<LogValue, std::string_view>);

std::string line(LogFormat format, std::initializer_list<LogField> fields) {
  const system_clock::time_point time{std::chrono::seconds(1714564800) + microseconds(7)};
  return format_event({time, LogLevel::warning, "baton-test", "seen", {fields.begin(), fields.size()}},
                      format);
}

std::string logfmt_value(std::string_view value) {
  const std::string text = line(LogFormat::logfmt, {{"v", value}});
  return text.substr(text.find(" v=") + 3);
}

std::string json_value(std::string_view value) {
  const std::string text = line(LogFormat::json, {{"v", value}});
  const std::size_t begin = text.find("\"v\":") + 4;
  return text.substr(begin, text.size() - begin - 1);
}

TEST(LogText, WritesLogfmt) {
  EXPECT_EQ(line(LogFormat::logfmt, {{"peer", "app1.internal"}, {"count", 3}, {"ok", true}, {"least", -1}}),
            "time=2024-05-01T12:00:00.000007Z level=warning program=baton-test event=seen peer=app1.internal "
            "count=3 ok=true least=-1");
}

TEST(LogText, WritesJson) {
  EXPECT_EQ(line(LogFormat::json, {{"peer", "app1.internal"}, {"count", 3U}, {"ok", false}}),
            "{\"time\":\"2024-05-01T12:00:00.000007Z\",\"level\":\"warning\",\"program\":\"baton-test\","
            "\"event\":\"seen\",\"peer\":\"app1.internal\",\"count\":3,\"ok\":false}");
}

TEST(LogText, WritesTimesBeforeTheEpoch) {
  const system_clock::time_point time{microseconds(-1)};
  EXPECT_THAT(format_event({time, LogLevel::info, "p", "e", {}}, LogFormat::logfmt),
              testing::StartsWith("time=1969-12-31T23:59:59.999999Z "));
}

TEST(LogText, WritesNumbersOfAllSizes) {
  EXPECT_THAT(line(LogFormat::logfmt, {{"v", std::uint64_t{18446744073709551615ULL}}}),
              testing::EndsWith(" v=18446744073709551615"));
  EXPECT_THAT(line(LogFormat::logfmt, {{"v", std::numeric_limits<std::int64_t>::min()}}),
              testing::EndsWith(" v=-9223372036854775808"));
  EXPECT_THAT(line(LogFormat::logfmt, {{"v", std::uint8_t{200}}}), testing::EndsWith(" v=200"));
}

TEST(LogText, QuotesHostileLogfmtValues) {
  EXPECT_EQ(logfmt_value("plain"), "plain");
  EXPECT_EQ(logfmt_value(""), "\"\"");
  EXPECT_EQ(logfmt_value("a b"), "\"a b\"");
  EXPECT_EQ(logfmt_value("a=b"), "\"a=b\"");
  EXPECT_EQ(logfmt_value("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(logfmt_value("a\\"), "\"a\\\\\"");
  EXPECT_EQ(logfmt_value("x\nlevel=info event=forged"), "\"x\\nlevel=info event=forged\"");
  EXPECT_EQ(logfmt_value("\r\t\x1b[2J\x7f"), "\"\\r\\t\\x1b[2J\\x7f\"");
  EXPECT_EQ(logfmt_value(std::string_view("a\0b", 3)), "\"a\\x00b\"");
  EXPECT_EQ(logfmt_value("\u00fc\xff"), "\"\\xc3\\xbc\\xff\"");
  EXPECT_EQ(logfmt_value("{}%s"), "\"{}%s\"");
}

TEST(LogText, EscapesHostileJsonValues) {
  EXPECT_EQ(json_value(""), "\"\"");
  EXPECT_EQ(json_value("a\"b\\c/"), "\"a\\\"b\\\\c/\"");
  EXPECT_EQ(json_value("\",\"event\":\"forged"), "\"\\\",\\\"event\\\":\\\"forged\"");
  EXPECT_EQ(json_value("\n\r\t\x1b\x7f"), "\"\\n\\r\\t\\u001b\\u007f\"");
  EXPECT_EQ(json_value(std::string_view("a\0b", 3)), "\"a\\u0000b\"");
  EXPECT_EQ(json_value("\u00fc\u202e\U0001f600"), "\"\\u00fc\\u202e\\ud83d\\ude00\"");
  EXPECT_EQ(json_value("a\xff"), "\"a\\ufffd\"");
}

TEST(LogText, EveryByteStaysPrintableAscii) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const LogFormat format : {LogFormat::logfmt, LogFormat::json}) {
    for (const char c : line(format, {{"v", all}})) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

TEST(LogText, CutsLongValues) {
  const std::string longest(kMaxLogText, 'x');
  EXPECT_EQ(logfmt_value(longest), longest);
  EXPECT_EQ(logfmt_value(longest + "x"), longest.substr(3) + "...");
}

TEST(Utf8, DecodesOnlyWhatIsValid) {
  struct Case {
    std::string_view bytes;
    char32_t code_point;
    std::size_t taken;
  };
  const std::vector<Case> cases = {
      {"a", 'a', 1},
      {"\xc3\xbc", 0xfc, 2},
      {"\xe2\x82\xac", 0x20ac, 3},
      {"\xf0\x9f\x98\x80", 0x1f600, 4},
      {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
      {"\x80", kReplacementCharacter, 1},              // begins with a continuation
      {"\xc3", kReplacementCharacter, 1},              // cut off
      {"\xc3(", kReplacementCharacter, 1},             // no continuation
      {"\xc0\x80", kReplacementCharacter, 1},          // overlong NUL
      {"\xe0\x80\xaf", kReplacementCharacter, 1},      // overlong slash
      {"\xed\xa0\x80", kReplacementCharacter, 1},      // a surrogate
      {"\xf4\x90\x80\x80", kReplacementCharacter, 1},  // above U+10FFFF
      {"\xf8\x88\x80\x80\x80", kReplacementCharacter, 1},
  };
  for (const Case& one : cases) {
    std::string_view rest = one.bytes;
    EXPECT_EQ(take_code_point(rest), one.code_point);
    EXPECT_EQ(one.bytes.size() - rest.size(), one.taken);
  }
}

class LogFileTest : public testing::Test {
 protected:
  void start(LogLevel level) {
    ASSERT_TRUE(start_log({level, LogFormat::logfmt, folder_.path() / "log"}, "baton-test"));
  }
  void TearDown() override { ASSERT_TRUE(start_log({}, "baton-test")); }

  std::vector<std::string> lines() const {
    std::ifstream file(folder_.path() / "log");
    std::vector<std::string> all;
    for (std::string text; std::getline(file, text);) all.push_back(text);
    return all;
  }

  test::TemporaryFolder folder_;
};

TEST_F(LogFileTest, AppendsEventsFromTheLevelOn) {
  start(LogLevel::info);
  log_event(LogLevel::debug, "unseen");
  log_event(LogLevel::info, "seen", {{"name", "{} %v %n"}});
  log_event(LogLevel::error, "seen");
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_THAT(lines()[0],
              testing::MatchesRegex(
                  "time=[-0-9T:.]+Z level=info program=baton-test event=seen name=\"\\{\\} %v %n\""));
  start(LogLevel::info);
  log_event(LogLevel::info, "again");
  EXPECT_EQ(lines().size(), 3U);
}

TEST_F(LogFileTest, KeepsLinesWholeAmongThreads) {
  start(LogLevel::info);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 200; ++j) log_event(LogLevel::info, "tick", {{"text", std::string(200, 'x')}});
    });
  }
  threads.clear();
  ASSERT_EQ(lines().size(), 800U);
  for (const std::string& text : lines())
    EXPECT_THAT(text, testing::EndsWith(" text=" + std::string(200, 'x')));
}

TEST(Log, ReportsAFileThatCannotBeOpened) {
  const auto started = start_log({LogLevel::info, LogFormat::logfmt, "/proc/none/log"}, "baton-test");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::io);
  EXPECT_THAT(started.error().message, testing::HasSubstr("/proc/none"));
}

}  // namespace
}  // namespace baton::programs
