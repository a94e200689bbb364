// `baton inspect` on files that it cannot read, and on those it warns of.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "programs/baton_command.h"
#include "programs/temporary_folder.h"
#include "serialization/serialization.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;
using test::content_of;
using test::Outcome;
using test::run_baton;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const path kGolden = path(BATON_SOURCE_DIR) / "tests/golden";
const std::string kPlain = content_of(kGolden / "v1/TLS_AES_128_GCM_SHA256-server-everything.bin");
const std::string kSealed = content_of(kGolden / "envelope/v1.bin");

class InspectRefusalTest : public testing::Test {
 protected:
  // What is said of a file with this content, behind "FILE: ", which must be there.
  std::string refusal(std::string_view content, const std::vector<std::string>& options = {}) {
    const path file = folder_.write("connection", content);
    const std::string said = refusal_of(file, options);
    const std::string start = file.string() + ": ";
    EXPECT_THAT(said, StartsWith(start));
    return said.substr(std::min(start.size(), said.size()));
  }
  // All that is said of a file.
  std::string refusal_of(const path& file, const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"inspect", file};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = run_baton(arguments);
    EXPECT_EQ(outcome.exit, Exit::failed);
    EXPECT_EQ(outcome.out, "");
    return outcome.error_out;
  }
  std::string golden_ring() const { return folder_.write("ring", content_of(kGolden / "envelope/keyring")); }

  test::TemporaryFolder folder_;
};

std::string with_byte(std::string content, std::size_t place, char value) {
  content.at(place) = value;
  return content;
}

TEST_F(InspectRefusalTest, VersionsThatItDoesNotKnow) {
  EXPECT_EQ(refusal(with_byte(kPlain, 5, 7)), "cannot read serialization version 7, newest known is 1\n");
  EXPECT_EQ(refusal(with_byte(kSealed, 5, 9)), "cannot read envelope version 9, newest known is 1\n");
}

TEST_F(InspectRefusalTest, WhatIsNoConnection) {
  EXPECT_EQ(refusal(""), "is empty\n");
  EXPECT_EQ(refusal("hello, world"), "not a serialized connection: wrong magic number\n");
  EXPECT_EQ(refusal(std::string(4096, '\xff')), "not a serialized connection: wrong magic number\n");
  EXPECT_EQ(refusal(with_byte(kPlain, 8, '\x80')), "not a serialized connection: unknown flags\n");
}

TEST_F(InspectRefusalTest, WhatIsCutOff) {
  std::size_t refused = 0;
  for (std::size_t size = 1; size < kPlain.size(); ++size) {
    const std::string part = kPlain.substr(0, size);
    // Cut between two fields, it is a whole connection that has fewer of them.
    if (serialization::deserialize_unprotected(as_bytes(part))) continue;
    EXPECT_THAT(refusal(part), StartsWith("the serialized connection ends inside ")) << size;
    ++refused;
  }
  EXPECT_GT(refused, 97U) << "the size of the fixed part";
  for (std::size_t size = 4; size < kSealed.size(); size += size < 60 ? 1 : 103) {
    EXPECT_THAT(refusal(kSealed.substr(0, size)), StartsWith("the envelope ends inside its ")) << size;
  }
}

TEST_F(InspectRefusalTest, WhatHasBytesBehindItsEnd) {
  EXPECT_EQ(refusal(kPlain + '\0'), "the serialized connection ends inside a field\n");
  EXPECT_EQ(refusal(kSealed + '\0'), "the envelope has bytes behind its end\n");
  EXPECT_EQ(refusal(kSealed + '\0', {"--keyring", golden_ring()}), "the envelope has bytes behind its end\n");
}

TEST_F(InspectRefusalTest, EnvelopesOfOthers) {
  const std::string other_ring = folder_.path() / "other";
  ASSERT_EQ(run_baton({"keyring", "create", other_ring}).exit, Exit::ok);
  EXPECT_EQ(refusal(kSealed, {"--keyring", other_ring}),
            "the envelope is sealed under key 8899aabbccddeeff, which is not in the key ring\n");
  for (const std::size_t place : {std::size_t{14}, std::size_t{60}, kSealed.size() - 1}) {
    const std::string altered = with_byte(kSealed, place, static_cast<char>(kSealed[place] ^ 1));
    EXPECT_THAT(refusal(altered, {"--keyring", golden_ring()}), StartsWith("the seal does not verify"));
  }
}

TEST_F(InspectRefusalTest, KeyRingsThatCannotBeRead) {
  const path sealed = folder_.write("sealed", kSealed);
  const std::string missing = folder_.path() / "missing";
  EXPECT_EQ(refusal_of(sealed, {"--keyring", missing}),
            "cannot read " + missing + ": No such file or directory\n");
  const std::string ring = golden_ring();
  ASSERT_EQ(chmod(ring.c_str(), 0644), 0);
  EXPECT_THAT(refusal_of(sealed, {"--keyring", ring}), HasSubstr("run: chmod 600 " + ring));
  const std::string no_ring = folder_.write("no-ring", "hello");
  EXPECT_THAT(refusal_of(sealed, {"--keyring", no_ring}), StartsWith(no_ring + ":1: not a key ring"));
}

TEST_F(InspectRefusalTest, FilesThatCannotBeRead) {
  const path fifo = folder_.path() / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const path& file : {fifo, folder_.path()}) {
    EXPECT_EQ(refusal_of(file), "cannot read " + file.string() + ": it is not a regular file\n");
  }
  const path missing = folder_.path() / "missing";
  EXPECT_EQ(refusal_of(missing), "cannot read " + missing.string() + ": No such file or directory\n");
}

TEST_F(InspectRefusalTest, FilesThatAreTooLarge) {
  const path file = folder_.write("large", kPlain);
  std::filesystem::resize_file(file, kMaxSerializedSize + 1);
  EXPECT_EQ(refusal_of(file), file.string() + ": larger than any serialized connection\n");
  std::filesystem::resize_file(file, std::uintmax_t{1} << 30);
  EXPECT_THAT(refusal_of(file), AllOf(StartsWith(file.string() + " has more than "), HasSubstr(" bytes\n")));
}

TEST_F(InspectRefusalTest, WarnsOfAConnectionThatOthersCanRead) {
  for (const mode_t mode : {0644U, 0640U, 0660U}) {
    const path file = folder_.write("connection", kPlain, mode);
    const Outcome outcome = run_baton({"inspect", file});
    EXPECT_EQ(outcome.exit, Exit::ok);
    EXPECT_THAT(outcome.out, StartsWith("Serialized connection"));
    EXPECT_THAT(outcome.error_out, AllOf(StartsWith("warning: whoever reads this file"),
                                         HasSubstr("run: chmod 600 " + file.string() + "\n")));
  }
  EXPECT_EQ(run_baton({"inspect", folder_.write("sealed", kSealed, 0644)}).error_out, "");
}

TEST_F(InspectRefusalTest, SaysThatAKeyRingIsNotNeeded) {
  const path file = folder_.write("connection", kPlain);
  const Outcome outcome = run_baton({"inspect", file, "--keyring", "missing"});
  EXPECT_EQ(outcome.exit, Exit::ok);
  EXPECT_EQ(outcome.error_out, "note: " + file.string() + " is not sealed, so missing was not read\n");
}

Outcome inspect_from(const path& input) {
  const int descriptor = open(input.c_str(), O_RDONLY);
  const Outcome outcome = run_baton({"inspect", "-"}, test::kCommandTime, descriptor);
  close(descriptor);
  return outcome;
}

TEST_F(InspectRefusalTest, ReadsStandardInput) {
  const path file = folder_.write("connection", kPlain);
  const Outcome outcome = inspect_from(file);
  EXPECT_EQ(outcome.exit, Exit::ok);
  EXPECT_EQ(outcome.error_out, "");
  EXPECT_EQ(outcome.out, run_baton({"inspect", file}).out);
  EXPECT_EQ(inspect_from(folder_.write("empty", "")).error_out, "standard input: is empty\n");
  std::filesystem::resize_file(file, std::uintmax_t{1} << 30);
  EXPECT_THAT(inspect_from(file).error_out, StartsWith("standard input has more than "));
  EXPECT_EQ(run_baton({"inspect", "-"}).error_out, "cannot read standard input: Bad file descriptor\n");
}

}  // namespace
}  // namespace baton::command_line
