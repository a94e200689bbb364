#include "offload/client_hello_counter.h"

#include "tls/limits.h"
#include "tls/record_protection.h"

namespace baton::offload {
namespace {

constexpr std::uint8_t kClientHello = 1;  // RFC 8446 §4

}  // namespace

void ClientHelloCounter::feed(ByteView bytes) {
  if (stopped_) return;
  records_.add(bytes);
  while (!stopped_) {
    const handshake::NextRecord next = records_.next();
    if (std::holds_alternative<handshake::NeedBytes>(next)) return;
    const auto* record = std::get_if<handshake::WholeRecord>(&next);
    if (record == nullptr) {
      stopped_ = true;
    } else {
      take_record(record->bytes);
    }
  }
}

void ClientHelloCounter::take_record(ByteView record) {
  const auto type = static_cast<tls::ContentType>(record.front());
  if (type == tls::ContentType::change_cipher_spec) return;  // RFC 8446 §D.4
  // RFC 8446 §4.2.10: early data may stand between two ClientHellos.
  if (type == tls::ContentType::application_data && whole_ == 1) return;
  stopped_ = type != tls::ContentType::handshake;
  if (stopped_) return;
  append(messages_, record.subspan(tls::kRecordHeaderSize));
  take_messages();
}

void ClientHelloCounter::take_messages() {
  while (messages_.size() >= tls::kHandshakeHeaderSize) {
    ByteReader reader(messages_);
    stopped_ = reader.u8() != kClientHello;
    const std::size_t size = tls::kHandshakeHeaderSize + reader.u24();
    if (stopped_ || messages_.size() < size) return;
    stopped_ = ++whole_ == 2;  // RFC 8446 §4.1.4: there is no second HelloRetryRequest
    if (stopped_) return;
    messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(size));
  }
}

}  // namespace baton::offload
