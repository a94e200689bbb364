// Small records first, full ones once the connection streams, small ones again after a rest.
#include "support/states.h"

namespace baton::tls {
namespace {

class RecordSizeTest : public test::SeededTest {
 protected:
  // Plaintext sizes of the records that a write of `size` bytes makes.
  std::vector<std::size_t> records_of(Connection& connection, std::size_t size) {
    test::write(connection, Bytes(size, 'p'));
    std::vector<std::size_t> sizes;
    ByteView wire = connection.output();
    const std::size_t overhead = kRecordHeaderSize + 1 + crypto::kAeadTagSize;
    while (!wire.empty()) {
      const std::size_t record =
          kRecordHeaderSize + parse_record_header(wire.first(kRecordHeaderSize)).length;
      sizes.push_back(record - overhead);
      wire = wire.subspan(record);
    }
    connection.output_sent(connection.output().size());
    return sizes;
  }

  Connection make(std::uint32_t small_records_up_to) {
    ConnectionOptions options;
    options.small_records_up_to = small_records_up_to;
    return test::connect(test::make_states(*find_cipher_suite(0x1301), random_).server, options);
  }
};

TEST_F(RecordSizeTest, TheFirstRecordsFitASegment) {
  Connection connection = make(4 * kSmallRecord);
  const std::vector<std::size_t> sizes = records_of(connection, 4 * kSmallRecord + 2 * kMaxRecordPlaintext);
  const std::vector<std::size_t> expected = {kSmallRecord, kSmallRecord,        kSmallRecord,
                                             kSmallRecord, kMaxRecordPlaintext, kMaxRecordPlaintext};
  EXPECT_EQ(sizes, expected);
  EXPECT_EQ(records_of(connection, kMaxRecordPlaintext).size(), 1u) << "it streams";
}

TEST_F(RecordSizeTest, AfterARestTheyAreSmallAgain) {
  Connection connection = make(kSmallRecord);
  records_of(connection, 10 * kSmallRecord);
  EXPECT_EQ(records_of(connection, 2 * kSmallRecord).size(), 1u);
  connection.after_idle();
  EXPECT_EQ(records_of(connection, 2 * kSmallRecord).size(), 2u);
}

TEST_F(RecordSizeTest, SmallWritesCountTowardsTheStream) {
  Connection connection = make(1000);
  for (int i = 0; i < 100; ++i) records_of(connection, 10);
  EXPECT_EQ(records_of(connection, kMaxRecordPlaintext).size(), 1u);
}

TEST_F(RecordSizeTest, AnAgreedLimitHoldsBothWays) {
  ConnectionState state = test::make_states(*find_cipher_suite(0x1301), random_).server;
  state.max_send_fragment = 512;
  ConnectionOptions options;
  options.small_records_up_to = 100 * kSmallRecord;
  Connection connection = test::connect(std::move(state), options);
  EXPECT_EQ(records_of(connection, 1024), (std::vector<std::size_t>{512, 512}));
}

TEST_F(RecordSizeTest, WithoutTheOptionAllAreFull) {
  Connection connection = make(0);
  EXPECT_EQ(records_of(connection, kMaxRecordPlaintext).size(), 1u);
}

}  // namespace
}  // namespace baton::tls
