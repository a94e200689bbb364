// Key rings: their text form and their rotation. What rotation means for envelopes is in sealed_test.cc.
#include "baton/key_ring.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "base/bytes.h"
#include "serialization/key_ring_text.h"

namespace baton {
namespace {

constexpr UnixTime kNow{std::chrono::seconds{1'800'000'000}};

std::string secret_of(char digit) {
  return std::string(64, digit);
}

std::string line(std::string_view id, std::string_view state, std::string_view created,
                 std::string_view secret) {
  return "key " + std::string(id) + " " + std::string(state) + " " + std::string(created) + " " +
         std::string(secret) + "\n";
}

const std::string kTitle = "baton-key-ring 1\n";
const std::string kNext = line("00000000000000a1", "next", "1800000000", secret_of('1'));
const std::string kCurrent = line("00000000000000a2", "current", "1700000000", secret_of('2'));
const std::string kPrevious = line("00000000000000a3", "previous", "0", secret_of('3'));
const std::string kRing = kTitle + kNext + kCurrent + kPrevious;

std::string full_ring() {
  std::string text = kTitle + kNext + kCurrent;
  for (std::size_t i = 2; i < KeyRing::kMaxKeys; ++i) {
    const std::string digits = std::to_string(10 + i);
    text += line("00000000000000" + digits, "previous", "5", secret_of('0').replace(0, 2, digits));
  }
  return text;
}

KeyRing parse(std::string_view text) {
  auto ring = KeyRing::parse_unprotected(as_bytes(text), "ring.txt");
  if (!ring) {
    ADD_FAILURE() << ring.error().message;
    std::abort();
  }
  return std::move(*ring);
}

std::string print(const KeyRing& ring) {
  const SecretBuffer text = ring.to_text_unprotected();
  return std::string(as_text(text));
}

std::vector<std::string> ids_of(const KeyRing& ring) {
  std::vector<std::string> ids;
  for (const KeyInfo& key : ring.keys()) ids.push_back(key.id);
  return ids;
}

TEST(KeyRing, ANewOneHasANextAndACurrentKey) {
  auto ring = KeyRing::create(kNow);
  ASSERT_TRUE(ring) << ring.error().message;
  const auto keys = ring->keys();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].state, KeyState::next);
  EXPECT_EQ(keys[1].state, KeyState::current);
  EXPECT_NE(keys[0].id, keys[1].id);
  for (const KeyInfo& key : keys) {
    EXPECT_EQ(key.created, kNow);
    EXPECT_EQ(key.id.size(), 16u);
  }
}

TEST(KeyRing, KeysAreRandom) {
  std::set<Bytes> seen;
  for (int i = 0; i < 10; ++i) {
    auto ring = KeyRing::create(kNow);
    ASSERT_TRUE(ring) << ring.error().message;
    for (const RingKey& key : ring->internal().list) {
      ASSERT_EQ(key.secret.size(), 32u);
      seen.emplace(key.secret.view().begin(), key.secret.view().end());
      seen.emplace(key.id.begin(), key.id.end());
    }
  }
  EXPECT_EQ(seen.size(), 40u);
}

TEST(KeyRing, RotationMovesEveryKeyOn) {
  KeyRing ring = parse(kTitle + kNext + kCurrent);
  ASSERT_TRUE(ring.rotate(kNow));
  const auto keys = ring.keys();
  ASSERT_EQ(keys.size(), 3u);
  EXPECT_EQ(keys[0].state, KeyState::next);
  EXPECT_EQ(keys[0].created, kNow);
  EXPECT_EQ(keys[1].id, "00000000000000a1");
  EXPECT_EQ(keys[1].state, KeyState::current);
  EXPECT_EQ(keys[2].id, "00000000000000a2");
  EXPECT_EQ(keys[2].state, KeyState::previous);
  EXPECT_EQ(ring.internal().current().secret.view()[0], 0x11) << "the secret moves with its id";
}

TEST(KeyRing, AFullRingDoesNotRotateUntilAKeyIsRetired) {
  KeyRing ring = parse(full_ring());
  const std::string before = print(ring);
  auto rotated = ring.rotate(kNow);
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(print(ring), before);
  ASSERT_TRUE(ring.retire(ring.keys().back().id));
  EXPECT_TRUE(ring.rotate(kNow));
  EXPECT_EQ(ring.keys().size(), KeyRing::kMaxKeys);
}

TEST(KeyRing, OnlyPreviousKeysAreRetired) {
  KeyRing ring = parse(kRing);
  const auto code_of = [&ring](std::string_view id) {
    auto retired = ring.retire(id);
    return retired ? std::nullopt : std::optional(retired.error().code);
  };
  EXPECT_EQ(code_of("00000000000000a1"), ErrorCode::refused);
  EXPECT_EQ(code_of("00000000000000a2"), ErrorCode::refused);
  EXPECT_EQ(code_of("00000000000000ff"), ErrorCode::unknown_key);
  EXPECT_EQ(code_of("00000000000000A3"), ErrorCode::unknown_key);
  EXPECT_EQ(code_of(""), ErrorCode::unknown_key);
  EXPECT_EQ(code_of("00000000000000a3"), std::nullopt);
  EXPECT_EQ(code_of("00000000000000a3"), ErrorCode::unknown_key);
  EXPECT_EQ(ids_of(ring), (std::vector<std::string>{"00000000000000a1", "00000000000000a2"}));
}

TEST(KeyRing, ASecretInPlaceOfAnIdIsNotQuoted) {
  auto retired = parse(kRing).retire(secret_of('7'));
  ASSERT_FALSE(retired);
  EXPECT_EQ(retired.error().message.find("777"), std::string::npos);
}

TEST(KeyRing, TimesThatTheTextCannotHoldAreRefused) {
  for (const UnixTime time : {UnixTime::min(), UnixTime(std::chrono::seconds(-1)), UnixTime::max(),
                              kLatestTime + std::chrono::seconds(1)}) {
    auto ring = KeyRing::create(time);
    ASSERT_FALSE(ring);
    EXPECT_EQ(ring.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(parse(kRing).rotate(time));
  }
  auto ring = KeyRing::create(kLatestTime);
  ASSERT_TRUE(ring);
  EXPECT_EQ(print(parse(print(*ring))), print(*ring));
}

TEST(KeyRingText, PrintsAndParsesRoundTrip) {
  auto created = KeyRing::create(kNow);
  ASSERT_TRUE(created);
  for (int rotations = 0; rotations < 5; ++rotations) {
    const std::string text = print(*created);
    const KeyRing back = parse(text);
    EXPECT_EQ(print(back), text);
    EXPECT_EQ(ids_of(back), ids_of(*created));
    ASSERT_TRUE(created->rotate(kNow + std::chrono::hours(rotations)));
  }
}

TEST(KeyRingText, IsWhatTheDocumentShows) {
  const std::string text = print(parse(kRing));
  EXPECT_TRUE(text.starts_with("baton-key-ring 1\n# ")) << text;
  EXPECT_TRUE(text.ends_with("\n" + kNext + kCurrent + kPrevious)) << text;
}

TEST(KeyRingText, CommentsAndEmptyLinesMayStandAnywhereBehindTheFirstLine) {
  const std::string text =
      kTitle + "\n# one\n" + kNext + "\n\n#two ä \t\n" + kCurrent + "#\n" + kPrevious + "\n# three";
  EXPECT_EQ(print(parse(text)), print(parse(kRing)));
}

TEST(KeyRingText, TheLastLineFeedMayBeMissing) {
  EXPECT_EQ(print(parse(kRing.substr(0, kRing.size() - 1))), print(parse(kRing)));
}

// A text that is refused, and the beginning of the message behind the name of the file.
struct Refused {
  std::string text;
  std::string line;
  std::string says;
  ErrorCode code = ErrorCode::malformed;
};

std::map<std::string, Refused> refused_texts() {
  const std::string first_two = kTitle + kNext + kCurrent;
  const auto third = [&](const std::string& text) { return first_two + "# comment\n" + text; };
  return {
      {"empty", {"", "1", "the first line"}},
      {"no-title", {kNext + kCurrent, "1", "the first line"}},
      {"title-later", {"\n" + kRing, "1", "the first line"}},
      {"title-without-version", {"baton-key-ring \n" + kNext + kCurrent, "1", "the first line"}},
      {"title-with-zero", {"baton-key-ring 01\n" + kNext + kCurrent, "1", "the first line"}},
      {"version-2",
       {"baton-key-ring 2\nwho knows\n", "1", "cannot read key ring version 2, newest known is 1",
        ErrorCode::unsupported_version}},
      {"no-keys", {kTitle, "1", "without its next key"}},
      {"no-current", {kTitle + "# comment\n" + kNext, "3", "without its current key"}},
      {"no-next", {kTitle + kCurrent + kPrevious, "2", "must be 'next'"}},
      {"previous-before-current", {kTitle + kNext + kPrevious + kCurrent, "3", "must be 'current'"}},
      {"two-next",
       {first_two + line("00000000000000a4", "next", "1", secret_of('4')), "4", "must be 'previous'"}},
      {"two-current", {third(line("00000000000000a4", "current", "1", secret_of('4'))), "5", "'previous'"}},
      {"unknown-state", {third(line("00000000000000a4", "old", "1", secret_of('4'))), "5", "state of key 3"}},
      {"same-id", {third(line("00000000000000a1", "previous", "1", secret_of('4'))), "5", "id as in line 2"}},
      {"same-secret",
       {third(line("00000000000000a4", "previous", "1", secret_of('2'))), "5", "secret as in line 3"}},
      {"short-id", {third(line("00000000000000a", "previous", "1", secret_of('4'))), "5", "16 hexadecimal"}},
      {"upper-case-id",
       {third(line("00000000000000A4", "previous", "1", secret_of('4'))), "5", "16 hexadecimal"}},
      {"short-secret",
       {third(line("00000000000000a4", "previous", "1", secret_of('4').substr(1))), "5", "64 hex"}},
      {"long-secret",
       {third(line("00000000000000a4", "previous", "1", secret_of('4') + "4")), "5", "64 hex"}},
      {"wrong-digit",
       {third(line("00000000000000a4", "previous", "1", "g" + secret_of('4').substr(1))), "5", "64"}},
      {"created-late",
       {third(line("00000000000000a4", "previous", "253402300800", secret_of('4'))), "5",
        "time of creation"}},
      {"created-overflow",
       {third(line("00000000000000a4", "previous", "18446744073709551616", secret_of('4'))), "5",
        "creation"}},
      {"created-negative",
       {third(line("00000000000000a4", "previous", "-1", secret_of('4'))), "5", "creation"}},
      {"created-with-zero",
       {third(line("00000000000000a4", "previous", "01", secret_of('4'))), "5", "creation"}},
      {"two-spaces", {third("key  00000000000000a4 previous 1 " + secret_of('4')), "5", "single spaces"}},
      {"more-words",
       {third("key 00000000000000a4 previous 1 " + secret_of('4') + " more"), "5", "single spaces"}},
      {"fewer-words", {third("key 00000000000000a4 previous 1\n"), "5", "expected 'key "}},
      {"other-line", {third("secret " + secret_of('4') + "\n"), "5", "expected 'key "}},
      {"indented", {third(" " + kPrevious), "5", "expected 'key "}},
      {"crlf", {kTitle + "# comment\r\n" + kNext + kCurrent, "2", "not with CR LF"}},
      {"crlf-title", {"baton-key-ring 1\r\n" + kNext + kCurrent, "1", "not with CR LF"}},
      {"too-many",
       {full_ring() + line("00000000000000ff", "previous", "5", secret_of('f')), "18", "more than 16 keys",
        ErrorCode::limit_exceeded}},
      {"too-long",
       {kRing + "#" + std::string(KeyRing::kMaxTextSize, 'x'), "5", "at most 16384 bytes",
        ErrorCode::limit_exceeded}},
  };
}

TEST(KeyRingText, EveryFaultIsRefusedWithItsLineAndWithoutASecret) {
  for (const auto& [name, refused] : refused_texts()) {
    auto ring = KeyRing::parse_unprotected(as_bytes(refused.text), "ring.txt");
    ASSERT_FALSE(ring) << name;
    const std::string& message = ring.error().message;
    EXPECT_EQ(ring.error().code, refused.code) << name << ": " << message;
    EXPECT_TRUE(message.starts_with("ring.txt:" + refused.line + ": ")) << name << ": " << message;
    EXPECT_NE(message.find(refused.says), std::string::npos) << name << ": " << message;
    for (const char digit : {'1', '2', '3', '4'}) {
      EXPECT_EQ(message.find(std::string(8, digit)), std::string::npos)
          << name << " tells a secret: " << message;
    }
  }
}

TEST(KeyRingText, TheLongestTextIsRead) {
  const std::string comment = "#" + std::string(KeyRing::kMaxTextSize - kRing.size() - 1, 'x');
  EXPECT_EQ(print(parse(kRing + comment)), print(parse(kRing)));
}

// The seeds of fuzz_key_ring must be what this test makes; BATON_WRITE_CORPUS=1 writes them anew.
TEST(Corpus, KeyRing) {
  std::map<std::string, std::string> seeds = {{"ring", kRing}, {"full", full_ring()}};
  for (const char* name : {"no-title", "version-2", "no-current", "two-current", "same-id", "same-secret",
                           "short-id", "wrong-digit", "created-overflow", "two-spaces", "crlf", "too-many"}) {
    seeds[name] = refused_texts().at(name).text;
  }
  seeds["comments"] = kTitle + "\n# one\n" + kNext + "\n#two\n" + kCurrent + "#";
  const auto folder = std::filesystem::path(BATON_SOURCE_DIR) / "fuzz/corpus/fuzz_key_ring";
  if (std::getenv("BATON_WRITE_CORPUS") != nullptr) {
    std::filesystem::create_directories(folder);
    for (const auto& [name, text] : seeds) std::ofstream(folder / name, std::ios::binary) << text;
  }
  for (const auto& [name, text] : seeds) {
    std::ifstream file(folder / name, std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text) << name;
  }
}

}  // namespace
}  // namespace baton
