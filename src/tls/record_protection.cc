#include "tls/record_protection.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/test_hooks.h"
#include "tls/limits.h"

namespace baton::tls {
namespace {

constexpr std::uint16_t kRecordVersion = 0x0303;  // RFC 8446 §5.1: legacy_record_version; TLS 1.2's own
constexpr std::size_t kTls12AdditionalDataSize = 13;
constexpr std::size_t kSaltSize = 4;  // bytes in front of the eight that change

using Tls12AdditionalData = std::array<std::uint8_t, kTls12AdditionalDataSize>;

void put_u16(std::uint8_t* out, std::size_t value) {
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value);
}

std::uint64_t big_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

void put_u64(std::uint8_t* out, std::uint64_t value) {
  value = big_endian(value);
  std::memcpy(out, &value, sizeof value);
}

// RFC 5246 §6.2.3.3: seq_num + type + version + length of the plaintext.
Tls12AdditionalData tls12_additional_data(std::uint64_t sequence, ContentType type,
                                          std::size_t plaintext_size) {
  Tls12AdditionalData data;
  put_u64(data.data(), sequence);
  data[8] = static_cast<std::uint8_t>(type);
  put_u16(&data[9], kRecordVersion);
  put_u16(&data[11], plaintext_size);
  return data;
}

tl::unexpected<Failure> refuse(Alert alert, const char* reason) {
  return tl::unexpected(Failure{alert, false, reason});
}

// RFC 8446 §5.4: the content type is the last non-zero byte; what follows is padding.
tl::expected<OpenedRecord, Failure> strip_padding(MutableBytes inner) {
  std::size_t end = inner.size();
  while (end > 0 && inner[end - 1] == 0) --end;
  if (end == 0) {
    if (test_hooks::mutant_is(test_hooks::Mutant::accept_no_content_type)) {
      return OpenedRecord{ContentType::application_data, {}};
    }
    // RFC 8446 §5.4: "If a receiving implementation does not find a non-zero octet in the cleartext, it MUST
    // terminate the connection with an "unexpected_message" alert."
    return refuse(Alert::unexpected_message, "a record without a content type");
  }
  return OpenedRecord{static_cast<ContentType>(inner[end - 1]), inner.first(end - 1)};
}

}  // namespace

RecordHeader parse_record_header(ByteView header) {
  ByteReader reader(header);
  RecordHeader parsed{};
  parsed.type = static_cast<ContentType>(reader.u8());
  parsed.version = reader.u16();
  parsed.length = reader.u16();
  return parsed;
}

RecordProtection::RecordProtection(const CipherSuite& suite, std::unique_ptr<crypto::AeadKey> key,
                                   ByteView fixed_iv)
    : suite_(&suite), key_(std::move(key)), fixed_iv_(fixed_iv) {}

Result<RecordProtection> RecordProtection::create(const CipherSuite& suite, const KeyingMaterial& keying) {
  const std::size_t key_size = crypto::aead_key_size(suite.aead);
  Secret<32> key(key_size);
  Secret<crypto::kAeadNonceSize> iv(suite.fixed_iv_size());
  if (keying.size() != suite.keying_size())
    return fail(ErrorCode::invalid_argument, "keying material of wrong size");
  if (suite.version == ProtocolVersion::tls13) {
    const std::array outputs = {crypto::HkdfOutput{"key", {}, key.data()},
                                crypto::HkdfOutput{"iv", {}, iv.data()}};
    if (auto derived = crypto::hkdf_expand_labels(suite.hash, keying.view(), outputs); !derived)
      return pass_on(derived);
  } else {
    std::ranges::copy(keying.view().first(key_size), key.data().begin());
    std::ranges::copy(keying.view().subspan(key_size), iv.data().begin());
  }
  auto aead = crypto::make_aead_key(suite.aead, key.view());
  if (!aead) return pass_on(aead);
  return RecordProtection(suite, std::move(*aead), iv.view());
}

crypto::AeadNonce RecordProtection::nonce(std::uint64_t sequence, ByteView explicit_nonce) const {
  crypto::AeadNonce nonce;
  const ByteView iv = fixed_iv_.view();
  if (!explicit_nonce.empty()) {
    // RFC 5288 §3: salt + nonce_explicit
    std::memcpy(nonce.data(), iv.data(), kSaltSize);
    std::memcpy(nonce.data() + kSaltSize, explicit_nonce.data(), sizeof sequence);
    return nonce;
  }
  // RFC 8446 §5.3 and RFC 7905 §2: the padded sequence number is XORed with the IV. By words: byte by byte,
  // the cipher would have to wait for the stores.
  std::uint64_t low = 0;
  std::memcpy(&low, iv.data() + kSaltSize, sizeof low);
  low ^= big_endian(sequence);
  std::memcpy(nonce.data(), iv.data(), kSaltSize);
  std::memcpy(nonce.data() + kSaltSize, &low, sizeof low);
  return nonce;
}

std::size_t RecordProtection::record_size(std::size_t content_size, std::size_t padding) const {
  const std::size_t inner_type = suite_->version == ProtocolVersion::tls13 ? 1 : 0;
  return kRecordHeaderSize + suite_->explicit_nonce_size() + content_size + inner_type + padding +
         crypto::kAeadTagSize;
}

bool RecordProtection::seal(std::uint64_t sequence, std::uint64_t explicit_nonce, ContentType type,
                            ByteView content, std::size_t padding, MutableBytes record) {
  if (record.size() != record_size(content.size(), padding)) std::abort();  // the caller's contract
  const bool tls13 = suite_->version == ProtocolVersion::tls13;
  const std::size_t nonce_size = suite_->explicit_nonce_size();
  record[0] = static_cast<std::uint8_t>(tls13 ? ContentType::application_data : type);
  put_u16(&record[1], kRecordVersion);
  put_u16(&record[3], record.size() - kRecordHeaderSize);

  const MutableBytes explicit_part = record.subspan(kRecordHeaderSize, nonce_size);
  if (nonce_size != 0) put_u64(explicit_part.data(), explicit_nonce);

  const MutableBytes sealed = record.subspan(kRecordHeaderSize + nonce_size);
  bool done = false;
  if (tls13) {
    // RFC 8446 §5.2: the content type and the padding stand behind the content, the additional data is the
    // record header.
    const MutableBytes tail = sealed.subspan(content.size(), 1 + padding);
    std::ranges::fill(tail, std::uint8_t{0});
    tail[0] = static_cast<std::uint8_t>(type);
    done = key_->seal_from(nonce(sequence, {}), record.first(kRecordHeaderSize), content, sealed);
  } else {
    const auto additional_data = tls12_additional_data(sequence, type, content.size());
    done = key_->seal_from(nonce(sequence, explicit_part), additional_data, content, sealed);
  }
  if (!done) wipe(record);  // there may be plaintext in it
  return done;
}

std::size_t RecordProtection::max_record_length() const {
  return kMaxRecordPlaintext +
         (suite_->version == ProtocolVersion::tls13 ? kMaxTls13Expansion : kMaxTls12Expansion);
}

tl::expected<OpenedRecord, Failure> RecordProtection::open(std::uint64_t sequence, MutableBytes record) {
  static constexpr const char* kBadRecord = "a record does not decrypt";
  const RecordHeader header = parse_record_header(record.first(kRecordHeaderSize));
  const bool tls13 = suite_->version == ProtocolVersion::tls13;
  const std::size_t nonce_size = suite_->explicit_nonce_size();
  const MutableBytes body = record.subspan(kRecordHeaderSize);
  if (body.size() < nonce_size + crypto::kAeadTagSize) return refuse(Alert::bad_record_mac, kBadRecord);

  const MutableBytes sealed = body.subspan(nonce_size);
  const MutableBytes inner = sealed.first(sealed.size() - crypto::kAeadTagSize);
  const bool opened = tls13 ? key_->open(nonce(sequence, {}), record.first(kRecordHeaderSize), sealed)
                            : key_->open(nonce(sequence, body.first(nonce_size)),
                                         tls12_additional_data(sequence, header.type, inner.size()), sealed);
  if (!opened) return refuse(Alert::bad_record_mac, kBadRecord);
  if (tls13) {
    // RFC 8446 §5.4: the full encoded TLSInnerPlaintext must not exceed 2^14 + 1 octets.
    if (inner.size() > kMaxRecordPlaintext + 1) return refuse(Alert::record_overflow, "too much padding");
    return strip_padding(inner);
  }
  return OpenedRecord{header.type, inner};
}

Result<KeyingMaterial> next_traffic_secret(const CipherSuite& suite, const KeyingMaterial& current) {
  KeyingMaterial next(current.size());
  auto derived = crypto::hkdf_expand_label(suite.hash, current.view(), "traffic upd", {}, next.data());
  if (!derived) return pass_on(derived);
  return next;
}

}  // namespace baton::tls
