#include <intel-ipsec-mb.h>

#include <cstring>

#include "raw_aead.h"

namespace baton::bench {
namespace {

const IMB_MGR* manager() {
  static const IMB_MGR* const kManager = [] {
    IMB_MGR* made = alloc_mb_mgr(0);
    init_mb_mgr_auto(made, nullptr);
    return made;
  }();
  return kManager;
}

struct Nonce {
  explicit Nonce(std::uint64_t sequence) { std::memcpy(bytes + 4, &sequence, sizeof sequence); }
  std::uint8_t bytes[12] = {};
};

struct Gcm128 {
  static constexpr auto kExpand = &IMB_MGR::gcm128_pre;
  static constexpr auto kSeal = &IMB_MGR::gcm128_enc;
  static constexpr auto kOpen = &IMB_MGR::gcm128_dec;
};
struct Gcm256 {
  static constexpr auto kExpand = &IMB_MGR::gcm256_pre;
  static constexpr auto kSeal = &IMB_MGR::gcm256_enc;
  static constexpr auto kOpen = &IMB_MGR::gcm256_dec;
};

template <class Functions>
class Gcm {
 public:
  explicit Gcm(ByteView key) { (manager()->*Functions::kExpand)(key.data(), &key_); }

  void seal_once(const RawRecord& record) {
    const Nonce nonce(record.sequence);
    (manager()->*Functions::kSeal)(&key_, &context_, record.text, record.text, record.size, nonce.bytes,
                                   record.header, kHeader, record.tag, kTag);
  }
  bool open_once(const RawRecord& record) {
    const Nonce nonce(record.sequence);
    std::uint8_t tag[kTag];
    (manager()->*Functions::kOpen)(&key_, &context_, record.text, record.text, record.size, nonce.bytes,
                                   record.header, kHeader, tag, kTag);
    return std::memcmp(tag, record.tag, kTag) == 0;
  }

 private:
  alignas(64) gcm_key_data key_;
  gcm_context_data context_;
};

class ChaCha {
 public:
  explicit ChaCha(ByteView key) { std::memcpy(key_, key.data(), sizeof key_); }

  void seal_once(const RawRecord& record) {
    begin(record);
    manager()->chacha20_poly1305_enc_update(key_, &context_, record.text, record.text, record.size);
    manager()->chacha20_poly1305_finalize(&context_, record.tag, kTag);
  }
  bool open_once(const RawRecord& record) {
    begin(record);
    std::uint8_t tag[kTag];
    manager()->chacha20_poly1305_dec_update(key_, &context_, record.text, record.text, record.size);
    manager()->chacha20_poly1305_finalize(&context_, tag, kTag);
    return std::memcmp(tag, record.tag, kTag) == 0;
  }

 private:
  void begin(const RawRecord& record) {
    const Nonce nonce(record.sequence);
    manager()->chacha20_poly1305_init(key_, &context_, nonce.bytes, record.header, kHeader);
  }

  std::uint8_t key_[32];
  chacha20_poly1305_context_data context_;
};

}  // namespace

RecordSubjectPtr make_raw_aead_of_ipsec_mb(const RecordSuite& suite) {
  const Bytes key(32, 7);
  if (suite.label == "aes128gcm") return std::make_unique<RawAead<Gcm<Gcm128>>>(ByteView(key).first(16));
  if (suite.label == "aes256gcm") return std::make_unique<RawAead<Gcm<Gcm256>>>(key);
  return std::make_unique<RawAead<ChaCha>>(key);
}

}  // namespace baton::bench
