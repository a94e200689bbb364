#include "handshake/record_inbox.h"

#include <array>
#include <string_view>

#include "tls/limits.h"

namespace baton::handshake {
namespace {

constexpr std::uint8_t kChangeCipherSpec = 20;  // content types, RFC 8446 §5.1
constexpr std::uint8_t kApplicationData = 23;

constexpr std::array<std::string_view, 9> kHttpMethods = {"GET ",  "POST ", "HEAD ", "PUT ", "OPTIO",
                                                          "DELET", "PATCH", "CONNE", "PRI *"};

std::string why_not_tls(ByteView header) {
  const std::string_view text = as_text(header);
  for (std::string_view method : kHttpMethods) {
    if (text.starts_with(method)) return "HTTP request on a TLS port";
  }
  if (text == "HTTP/") return "HTTP answer without TLS";
  return "unknown content type " + std::to_string(header[0]);
}

}  // namespace

void RecordInbox::add(ByteView bytes) {
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(taken_));
  taken_ = 0;
  append(buffer_, bytes);
}

NextRecord RecordInbox::next() {
  const ByteView rest = ByteView(buffer_).subspan(taken_);
  if (rest.size() < tls::kRecordHeaderSize) return NeedBytes{};
  const ByteView header = rest.first(tls::kRecordHeaderSize);
  // RFC 8446 §5: if a TLS implementation receives an unexpected record type, it MUST terminate the connection
  // with an "unexpected_message" alert.
  if (header[0] < kChangeCipherSpec || header[0] > kApplicationData) {
    return NotARecord{tls::Alert::unexpected_message, why_not_tls(header), header};
  }
  ByteReader reader(header.subspan(3));
  const std::size_t length = reader.u16();
  // RFC 5246 §6.2.3: the length MUST NOT exceed 2^14 + 2048. TLS 1.3's lower limit is left to libssl.
  if (length > tls::kMaxRecordPlaintext + tls::kMaxTls12Expansion) {
    return NotARecord{tls::Alert::record_overflow, "record of " + std::to_string(length) + " bytes", header};
  }
  const std::size_t size = tls::kRecordHeaderSize + length;
  if (rest.size() < size) return NeedBytes{};
  taken_ += size;
  return WholeRecord{rest.first(size)};
}

void ProtectedRecords::note(ByteView record) {
  if (!begun_) {
    begun_ = record[0] == kChangeCipherSpec;
    return;
  }
  ++count_;
  ByteReader reader(record.subspan(tls::kRecordHeaderSize));
  last_explicit_nonce_ = reader.u64();
}

}  // namespace baton::handshake
