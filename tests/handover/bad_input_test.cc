// Bytes that are no serialized connection.
#include <set>

#include "baton/serialize.h"
#include "baton_pair.h"
#include "role_and_suite.h"

namespace baton::test {
namespace {

constexpr std::size_t kFieldHeader = 6;  // bytes: type, length
constexpr std::uint16_t kUnknownNumber = 0x7000;
constexpr std::uint16_t kMustUnderstand = 0x8000;

class BadInput : public RoleAndSuiteTest {
 protected:
  BadInput() : bytes_(value_of(serialize_unprotected(make_connection()))) {}

  static Connection make_connection() {
    BatonPair pair = make_baton_pair(suite());
    return std::move(role() == Role::server ? pair.server : pair.client);
  }

  static void expect_error(ByteView bytes, ErrorCode code) {
    const auto connection = deserialize_unprotected(bytes, continuing(role()));
    ASSERT_FALSE(connection);
    EXPECT_EQ(to_string(connection.error().code), to_string(code)) << connection.error().message;
  }

  // Bytes in front of the fields (docs/serialization-format.md).
  static std::size_t fixed_size() {
    return 33 + 2 * suite().keying_size() + std::size_t{suite().explicit_nonce_size()};
  }

  // Where a field ends. Cut there, an unprotected form is a whole one of a connection that knows less: only
  // a seal can tell.
  std::set<std::size_t> field_ends() const {
    std::set<std::size_t> ends = {fixed_size()};
    ByteReader reader(ByteView(bytes_).subspan(fixed_size()));
    while (reader.left() > 0) {
      reader.u16();
      reader.bytes(reader.u32());
      ends.insert(bytes_.size() - reader.left());
    }
    EXPECT_TRUE(reader.finished());
    return ends;
  }

  SecretBuffer with_field(std::uint16_t type, ByteView value) const {
    SecretBuffer longer = bytes_;
    ByteWriter writer(longer);
    writer.u16(type);
    writer.u32(static_cast<std::uint32_t>(value.size()));
    writer.bytes(value);
    return longer;
  }

  SecretBuffer bytes_;
};

TEST_P(BadInput, AVersionOfTheFuture) {
  bytes_[5] = 7;
  const auto connection = deserialize_unprotected(bytes_, continuing(role()));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::unsupported_version);
  EXPECT_EQ(connection.error().message, "cannot read serialization version 7, newest known is 1");
  // Nothing behind the version is looked at.
  expect_error(ByteView(bytes_).first(6), ErrorCode::unsupported_version);
}

TEST_P(BadInput, NoVersion) {
  bytes_[5] = 0;
  expect_error(bytes_, ErrorCode::unsupported_version);
}

TEST_P(BadInput, SomethingElse) {
  for (std::size_t i = 0; i < 4; ++i) {
    SecretBuffer changed = bytes_;
    changed[i] ^= 1;
    expect_error(changed, ErrorCode::malformed);
  }
}

TEST_P(BadInput, TruncatedAtEachLength) {
  const std::set<std::size_t> ends = field_ends();
  EXPECT_GT(ends.size(), 3u);
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    const ByteView part = ByteView(bytes_).first(size);
    if (ends.contains(size)) {
      EXPECT_TRUE(deserialize_unprotected(part, continuing(role())));
    } else {
      expect_error(part, ErrorCode::truncated);
    }
  }
}

// A part of a field is one that ends too early; a whole one that is empty or out of order is malformed.
TEST_P(BadInput, TrailingBytes) {
  for (std::size_t count = 1; count < kFieldHeader; ++count) {
    SecretBuffer longer = bytes_;
    longer.resize(bytes_.size() + count);
    expect_error(longer, ErrorCode::truncated);
  }
  SecretBuffer longer = bytes_;
  longer.resize(bytes_.size() + kFieldHeader);
  expect_error(longer, ErrorCode::malformed);
  longer = bytes_;
  append(longer, bytes_);
  EXPECT_FALSE(deserialize_unprotected(longer, continuing(role())));
}

TEST_P(BadInput, AFieldThatMustBeUnderstood) {
  const SecretBuffer longer = with_field(kUnknownNumber | kMustUnderstand, as_bytes("?"));
  const auto connection = deserialize_unprotected(longer, continuing(role()));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::unknown_field);
  EXPECT_THAT(connection.error().message, testing::HasSubstr(std::to_string(kUnknownNumber)));
}

TEST_P(BadInput, AFieldThatNeedNotBeUnderstoodIsCarriedOn) {
  const SecretBuffer longer = with_field(kUnknownNumber, as_bytes("of a newer version"));
  Connection connection = value_of(deserialize_unprotected(longer, continuing(role())));
  EXPECT_TRUE(std::ranges::equal(value_of(serialize_unprotected(std::move(connection))), longer));
}

TEST_P(BadInput, ARoleThatDoesNotExist) {
  bytes_[6] = 2;
  expect_error(bytes_, ErrorCode::malformed);
}

TEST_P(BadInput, AnEnvelopeIsNotTakenForTheUnprotectedForm) {
  const Bytes envelope = value_of(serialize(make_connection(), the_seal()));
  expect_error(envelope, ErrorCode::malformed);
  const auto connection = deserialize(bytes_, the_seal(), continuing(role()));
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::malformed);
}

// A seal tells every change.
TEST_P(BadInput, OfAnEnvelope) {
  const Bytes envelope = value_of(serialize(make_connection(), the_seal()));
  const auto expect_refused = [](ByteView bytes, std::size_t place) {
    EXPECT_FALSE(deserialize(bytes, the_seal(), continuing(role()))) << place;
  };
  for (std::size_t size = 0; size < envelope.size(); ++size) {
    expect_refused(ByteView(envelope).first(size), size);
  }
  for (std::size_t place = 0; place < envelope.size(); ++place) {
    Bytes changed = envelope;
    changed[place] ^= static_cast<std::uint8_t>(1u << random_() % 8);
    expect_refused(changed, place);
  }
  Bytes longer = envelope;
  longer.push_back(0);
  expect_refused(longer, envelope.size());
  EXPECT_TRUE(deserialize(envelope, the_seal(), continuing(role()))) << "one of the failures has spent it";
}

INSTANTIATE_TEST_SUITE_P(EverySuite, BadInput, testing::ValuesIn(every_role_and_suite()),
                         name_of_role_and_suite);

}  // namespace
}  // namespace baton::test
