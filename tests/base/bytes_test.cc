#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/secret.h"

namespace baton {
namespace {

TEST(Bytes, WriterAndReaderAgree) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u24(0x040506);
  writer.u32(0x0708090A);
  writer.u64(0x0B0C0D0E0F101112);
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e0f101112");

  ByteReader reader(out);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u24(), 0x040506u);
  EXPECT_EQ(reader.u32(), 0x0708090Au);
  EXPECT_EQ(reader.u64(), 0x0B0C0D0E0F101112u);
  EXPECT_TRUE(reader.finished());
}

TEST(Bytes, ReadingPastTheEndFailsForGood) {
  const Bytes three = {1, 2, 3};
  ByteReader reader(three);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "a later read must not succeed";
  EXPECT_EQ(reader.left(), 0u);
  EXPECT_FALSE(reader.finished());
}

TEST(Bytes, LeftOverBytesAreNotFinished) {
  const Bytes two = {1, 2};
  ByteReader reader(two);
  reader.u8();
  EXPECT_TRUE(reader.ok());
  EXPECT_FALSE(reader.finished());
}

}  // namespace
}  // namespace baton
