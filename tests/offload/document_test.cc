// docs/link-protocol.md must agree with the code: numbers, names, limits, and the order and size of every
// field.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "offload/sample_frames.h"

namespace baton::offload::test {
namespace {

using Row = std::vector<std::string>;
using Table = std::vector<Row>;  // the first row is the heading

std::string trim(std::string text) {
  const auto is_edge = [](char letter) { return letter == ' ' || letter == '`'; };
  while (!text.empty() && is_edge(text.front())) text.erase(text.begin());
  while (!text.empty() && is_edge(text.back())) text.pop_back();
  return text;
}

Row split_row(const std::string& line) {
  Row cells;
  std::stringstream stream(line.substr(1));
  for (std::string cell; std::getline(stream, cell, '|');) cells.push_back(trim(cell));
  return cells;
}

// The tables of the document, in order, by the heading that they stand under.
std::map<std::string, std::vector<Table>> read_tables() {
  std::map<std::string, std::vector<Table>> tables;
  std::ifstream file(BATON_SOURCE_DIR "/docs/link-protocol.md");
  std::string heading;
  bool in_table = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) heading = trim(line.substr(line.find_first_not_of('#')));
    const bool is_row = line.starts_with('|');
    if (is_row && !in_table) tables[heading].emplace_back();
    if (is_row && !line.starts_with("|---")) tables[heading].back().push_back(split_row(line));
    in_table = is_row;
  }
  return tables;
}

const Table& table(const std::string& heading, std::size_t index) {
  static const auto tables = read_tables();
  return tables.at(heading).at(index);
}

// Every row's number has the row's name in the code, and the code has no name for any other number.
template <class Enum>
void expect_names(const Table& rows, unsigned first, unsigned last) {
  std::map<unsigned, std::string> documented;
  for (std::size_t index = 1; index < rows.size(); ++index) {
    documented[static_cast<unsigned>(std::stoul(rows[index].at(0)))] = rows[index].at(1);
  }
  EXPECT_EQ(documented.size(), rows.size() - 1) << "a number is there twice";
  for (unsigned number = first; number <= last; ++number) {
    const auto found = documented.find(number);
    EXPECT_EQ(to_string(static_cast<Enum>(number)), found == documented.end() ? "unknown" : found->second)
        << number;
  }
}

TEST(Document, NumbersAndNames) {
  expect_names<FrameType>(table("Frames", 1), 0, 255);
  expect_names<LinkErrorCode>(table("LINK_ERROR", 1), 0, 65535);
  expect_names<FailureReason>(table("FAILED", 1), 0, 255);
  expect_names<CancelReason>(table("CANCEL", 1), 0, 255);
  expect_names<OutcomeKind>(table("OUTCOME", 1), 0, 255);
  expect_names<AlertFrom>(table("OUTCOME", 2), 0, 255);
  expect_names<SigningKind>(table("SIGN", 1), 0, 255);
  expect_names<SigningRefusal>(table("SIGN_REFUSED", 1), 0, 99);
}

TEST(Document, CapabilityBits) {
  const Table& bits = table("HELLO", 1);
  ASSERT_EQ(bits.size(), 4U);
  EXPECT_EQ(bits[1].at(1), "serialization offload");
  EXPECT_EQ(kSerializationOffload, std::uint64_t{1} << std::stoul(bits[1].at(0)));
  EXPECT_EQ(bits[2].at(1), "early handoff");
  EXPECT_EQ(kEarlyHandoff, std::uint64_t{1} << std::stoul(bits[2].at(0)));
  EXPECT_EQ(bits[3].at(1), "signing");
  EXPECT_EQ(kSigning, std::uint64_t{1} << std::stoul(bits[3].at(0)));
}

TEST(Document, Limits) {
  const std::map<std::string, std::uint64_t> in_code = {
      {"HELLO payload", kMaxHelloPayload},
      {"smallest `max_payload", kSmallestMaxPayload},
      {"default `max_payload", LinkLimits{}.max_payload},
      {"default `max_in_flight", LinkLimits{}.max_in_flight},
      {"client window", kClientWindow},
      {"consumed step", kConsumedReportStep},
      {"unanswered PINGs", kMaxPingsOutstanding},
      {"software text", kMaxSoftwareText},
      {"listener name", kMaxListenerName},
      {"server name", kMaxServerName},
      {"reason text", kMaxReasonText},
      {"signing input", kMaxSigningInput},
      {"signature", kMaxSignature},
  };
  std::map<std::string, std::uint64_t> documented;
  const Table& rows = table("Limits", 0);
  for (std::size_t index = 1; index < rows.size(); ++index) {
    documented[rows[index].at(0)] = std::stoull(rows[index].at(1));
  }
  EXPECT_EQ(documented, in_code);
}

// --- fields: the document's tables, with the values below, must give the bytes that the code gives ---

struct Value {
  std::uint64_t number = 0;
  Bytes bytes;
};
Value num(std::uint64_t number) {
  return {number, {}};
}
Value raw(ByteView bytes) {
  return {0, {bytes.begin(), bytes.end()}};
}
Value txt(std::string_view text) {
  return raw(as_bytes(text));
}
using Values = std::map<std::string, Value>;

void put_field(Bytes& out, const std::string& size, const Value& value) {
  ByteWriter writer(out);
  if (size == "u8") return writer.u8(static_cast<std::uint8_t>(value.number));
  if (size == "u16") return writer.u16(static_cast<std::uint16_t>(value.number));
  if (size == "u32") return writer.u32(static_cast<std::uint32_t>(value.number));
  if (size == "u64") return writer.u64(value.number);
  if (size == "text8") writer.u8(static_cast<std::uint8_t>(value.bytes.size()));
  if (size == "text16") writer.u16(static_cast<std::uint16_t>(value.bytes.size()));
  if (size == "bytes32") writer.u32(static_cast<std::uint32_t>(value.bytes.size()));
  if (size == "16 bytes" || size == "32 bytes") {
    EXPECT_EQ(value.bytes.size(), std::stoul(size));
  } else {
    EXPECT_TRUE(size == "text8" || size == "text16" || size == "bytes32" || size == "rest" ||
                size == "text rest")
        << size;
  }
  writer.bytes(value.bytes);
}

Bytes payload_by_document(const Table& rows, const Values& values) {
  Bytes payload;
  EXPECT_EQ(rows.size() - 1, values.size());
  for (std::size_t index = 1; index < rows.size(); ++index) {
    const auto value = values.find(rows[index].at(0));
    EXPECT_NE(value, values.end()) << rows[index].at(0);
    if (value != values.end()) put_field(payload, rows[index].at(1), value->second);
  }
  return payload;
}

Values values_of(const Hello& body) {
  return {{"magic", num(0x42544e4c)},
          {"protocol_version", num(body.protocol_version)},
          {"newest_readable", num(body.newest_readable)},
          {"capabilities", num(body.capabilities)},
          {"max_payload", num(body.max_payload)},
          {"max_in_flight", num(body.max_in_flight)},
          {"software", txt(body.software)},
          {"extensions", raw(body.extensions)}};
}
Values values_of(const Ping& body) {
  return {{"value", num(body.value)}};
}
Values values_of(const Pong& body) {
  return {{"value", num(body.value)}};
}
Values values_of(const GoAway& body) {
  return {{"reason", txt(body.reason)}};
}
Values values_of(const LinkError& body) {
  return {{"code", num(static_cast<std::uint64_t>(body.code))}, {"text", txt(body.text)}};
}
Values values_of(const Open& body) {
  return {{"client_ip", raw(body.client.ip)},     {"client_port", num(body.client.port)},
          {"listener", txt(body.listener)},       {"trace_id", raw(body.trace_id)},
          {"deadline_ms", num(body.deadline_ms)}, {"flags", num(0)},
          {"first_bytes", raw(body.first_bytes)}};
}
Values values_of(const ClientBytes& body) {
  return {{"bytes", raw(body.bytes)}};
}
Values values_of(const Cancel& body) {
  return {{"reason", num(static_cast<std::uint64_t>(body.reason))}};
}
Values values_of(const Outcome& body) {
  return {{"outcome", num(static_cast<std::uint64_t>(body.kind))},
          {"alert", num(static_cast<std::uint64_t>(body.alert))},
          {"from", num(static_cast<std::uint64_t>(body.from))}};
}
Values values_of(const Sign& body) {
  return {{"kind", num(static_cast<std::uint64_t>(body.kind))},
          {"scheme", num(body.scheme)},
          {"key", raw(body.key)},
          {"client_ip", raw(body.client.ip)},
          {"client_port", num(body.client.port)},
          {"trace_id", raw(body.trace_id)},
          {"deadline_ms", num(body.deadline_ms)},
          {"input", raw(body.input)}};
}
Values values_of(const ServerBytes& body) {
  return {{"consumed", num(body.consumed)}, {"bytes", raw(body.bytes)}};
}
Values values_of(const Handoff& body) {
  return {{"kind", num(0)},
          {"consumed", num(body.consumed)},
          {"server_bytes", raw(body.server_bytes)},
          {"serialized", raw(body.serialized)}};
}
Values values_of(const Failed& body) {
  return {{"reason", num(static_cast<std::uint64_t>(body.reason))},
          {"alert", num(static_cast<std::uint64_t>(body.alert))},
          {"consumed", num(body.consumed)},
          {"server_bytes", raw(body.server_bytes)},
          {"server_name", txt(body.server_name)},
          {"text", txt(body.text)}};
}
Values values_of(const Signature& body) {
  return {{"signature", raw(body.signature)}};
}
Values values_of(const SignRefused& body) {
  return {{"reason", num(static_cast<std::uint64_t>(body.reason))}, {"text", txt(body.text)}};
}

const Table& fields_of(FrameType type) {
  if (type == FrameType::ping) return table("PING and PONG", 0);
  if (type == FrameType::pong) return table("PING and PONG", 1);
  return table(std::string(to_string(type)), 0);
}

TEST(Document, FieldsOfEveryFrame) {
  const Table& header = table("Frames", 0);
  ASSERT_EQ(header.size(), 4U);
  EXPECT_EQ(std::stoul(header[1][0]) + std::stoul(header[2][0]) + std::stoul(header[3][0]), kFrameHeaderSize);

  std::size_t count = 0;
  for (const Frame& frame : sample_frames()) {
    const FrameType type = type_of(frame.body);
    const Values values = std::visit([](const auto& body) { return values_of(body); }, frame.body);
    const Bytes payload = payload_by_document(fields_of(type), values);
    Bytes expected;
    ByteWriter writer(expected);
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u24(static_cast<std::uint32_t>(payload.size()));
    writer.u32(static_cast<std::uint32_t>(frame.id));
    writer.bytes(payload);
    EXPECT_EQ(encoded(frame), expected) << to_string(type);
    ++count;
  }
  EXPECT_EQ(count, table("Frames", 1).size() - 1) << "every type of the document has a sample";
  EXPECT_EQ(count, std::variant_size_v<FrameBody>);
}

// Who sends a frame, and whether it has a handshake id.
TEST(Document, AboutTheLinkOrAHandshake) {
  const Table& rows = table("Frames", 1);
  for (std::size_t index = 1; index < rows.size(); ++index) {
    for (const Frame& frame : sample_frames()) {
      if (to_string(type_of(frame.body)) != rows[index].at(1)) continue;
      EXPECT_EQ(frame.id == HandshakeId::link, rows[index].at(3) == "the link") << rows[index].at(1);
    }
  }
}

}  // namespace
}  // namespace baton::offload::test
