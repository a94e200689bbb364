#include "crypto/ipsec_mb_aead.h"

#include <intel-ipsec-mb.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/secret.h"
#include "crypto/aead_backend.h"
#include "crypto/random.h"

namespace baton::crypto {
namespace {

// Below this, copying a text next to its tail is quicker than encrypting in two pieces.
constexpr std::size_t kCopyUpTo = 512;  // bytes

// What makes the library faster than OpenSSL. It would also run on older CPUs, by slower code.
constexpr std::uint64_t kFeatures = IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ | IMB_FEATURE_AVX2;

// Its functions for this CPU. They only read it, so all threads share one. Null where the CPU is not made for
// it.
const IMB_MGR* manager() {
  static const IMB_MGR* const kManager = []() -> const IMB_MGR* {
    IMB_MGR* made = alloc_mb_mgr(0);
    if (made == nullptr) return nullptr;
    init_mb_mgr_auto(made, nullptr);
    const bool usable = imb_get_errno(made) == 0 && (made->features & kFeatures) == kFeatures;
    if (!usable) free_mb_mgr(made);
    return usable ? made : nullptr;
  }();
  return kManager;
}

template <class T>
MutableBytes bytes_of(T& object) {
  return {reinterpret_cast<std::uint8_t*>(&object), sizeof(T)};
}

// A context holds a block of the key stream afterwards.
template <class T>
struct Wiped {
  T value;
  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe(bytes_of(value)); }
};

// The text at the place where it is to be encrypted.
ByteView copied(ByteView text, MutableBytes sealed) {
  if (text.data() != sealed.data()) std::ranges::copy(text, sealed.begin());
  return sealed.first(text.size());
}

// The functions of one key size.
struct GcmFunctions {
  aes_gcm_enc_dec_t IMB_MGR::*encrypt;
  aes_gcm_enc_dec_t IMB_MGR::*decrypt;
  aes_gcm_init_t IMB_MGR::*begin;
  aes_gcm_enc_dec_update_t IMB_MGR::*encrypt_more;
  aes_gcm_enc_dec_finalize_t IMB_MGR::*finish;
};
constexpr GcmFunctions kGcm128 = {&IMB_MGR::gcm128_enc, &IMB_MGR::gcm128_dec, &IMB_MGR::gcm128_init,
                                  &IMB_MGR::gcm128_enc_update, &IMB_MGR::gcm128_enc_finalize};
constexpr GcmFunctions kGcm256 = {&IMB_MGR::gcm256_enc, &IMB_MGR::gcm256_dec, &IMB_MGR::gcm256_init,
                                  &IMB_MGR::gcm256_enc_update, &IMB_MGR::gcm256_enc_finalize};

template <const GcmFunctions& functions>
class GcmKey final : public AeadKey {
 public:
  explicit GcmKey(ByteView key) {
    const aes_gcm_pre_t expand = &functions == &kGcm128 ? manager()->gcm128_pre : manager()->gcm256_pre;
    expand(key.data(), expanded());
  }
  ~GcmKey() override { wipe(memory_); }
  GcmKey(const GcmKey&) = delete;
  GcmKey& operator=(const GcmKey&) = delete;

  bool seal_from(const AeadNonce& nonce, ByteView additional_data, ByteView text,
                 MutableBytes sealed) override {
    const std::size_t size = sealed.size() - kAeadTagSize;
    std::uint8_t* const out = sealed.data();
    if (text.size() <= kCopyUpTo) text = copied(text, sealed);
    Wiped<gcm_context_data> context;
    if (text.size() == size || text.data() == out) {
      (manager()->*functions.encrypt)(expanded(), &context.value, out, text.data(), size, nonce.data(),
                                      additional_data.data(), additional_data.size(), out + size,
                                      kAeadTagSize);
      return true;
    }
    std::uint8_t* const tail = out + text.size();
    (manager()->*functions.begin)(expanded(), &context.value, nonce.data(), additional_data.data(),
                                  additional_data.size());
    (manager()->*functions.encrypt_more)(expanded(), &context.value, out, text.data(), text.size());
    (manager()->*functions.encrypt_more)(expanded(), &context.value, tail, tail, size - text.size());
    (manager()->*functions.finish)(expanded(), &context.value, out + size, kAeadTagSize);
    return true;
  }

  bool open(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) override {
    const std::size_t size = text_and_tag.size() - kAeadTagSize;
    std::array<std::uint8_t, kAeadTagSize> tag;
    Wiped<gcm_context_data> context;
    (manager()->*functions.decrypt)(expanded(), &context.value, text_and_tag.data(), text_and_tag.data(),
                                    size, nonce.data(), additional_data.data(), additional_data.size(),
                                    tag.data(), kAeadTagSize);
    return constant_time_equal(tag, text_and_tag.last(kAeadTagSize));
  }

 private:
  // The library loads whole cache lines. An aligned allocation would take longer and leave holes.
  static constexpr std::size_t kAlignment = 64;
  gcm_key_data* expanded() {
    void* place = memory_.data();
    std::size_t room = memory_.size();
    return static_cast<gcm_key_data*>(std::align(kAlignment, sizeof(gcm_key_data), place, room));
  }

  alignas(16) std::array<std::uint8_t, sizeof(gcm_key_data) + kAlignment - 16> memory_;
};

class ChaChaKey final : public AeadKey {
 public:
  explicit ChaChaKey(ByteView key) : key_(key) {}

  bool seal_from(const AeadNonce& nonce, ByteView additional_data, ByteView text,
                 MutableBytes sealed) override {
    const std::size_t size = sealed.size() - kAeadTagSize;
    std::uint8_t* const out = sealed.data();
    if (text.size() <= kCopyUpTo) text = copied(text, sealed);
    if (text.data() == out) text = sealed.first(size);
    Wiped<chacha20_poly1305_context_data> context;
    begin(context.value, nonce, additional_data);
    manager()->chacha20_poly1305_enc_update(key_.view().data(), &context.value, out, text.data(),
                                            text.size());
    if (text.size() < size) {
      std::uint8_t* const tail = out + text.size();
      manager()->chacha20_poly1305_enc_update(key_.view().data(), &context.value, tail, tail,
                                              size - text.size());
    }
    manager()->chacha20_poly1305_finalize(&context.value, out + size, kAeadTagSize);
    return true;
  }

  bool open(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) override {
    const std::size_t size = text_and_tag.size() - kAeadTagSize;
    std::array<std::uint8_t, kAeadTagSize> tag;
    Wiped<chacha20_poly1305_context_data> context;
    begin(context.value, nonce, additional_data);
    manager()->chacha20_poly1305_dec_update(key_.view().data(), &context.value, text_and_tag.data(),
                                            text_and_tag.data(), size);
    manager()->chacha20_poly1305_finalize(&context.value, tag.data(), kAeadTagSize);
    return constant_time_equal(tag, text_and_tag.last(kAeadTagSize));
  }

 private:
  void begin(chacha20_poly1305_context_data& context, const AeadNonce& nonce, ByteView additional_data) {
    manager()->chacha20_poly1305_init(key_.view().data(), &context, nonce.data(), additional_data.data(),
                                      additional_data.size());
  }

  Secret<32> key_;
};

}  // namespace

bool ipsec_mb_is_usable() {
  return manager() != nullptr;
}

Result<std::unique_ptr<AeadKey>> make_ipsec_mb_aead_key(AeadAlgorithm algorithm, ByteView key) {
  if (!ipsec_mb_is_usable()) return fail(ErrorCode::refused, "this CPU has no use for ipsec-mb");
  switch (algorithm) {
    case AeadAlgorithm::aes_128_gcm:
      return std::make_unique<GcmKey<kGcm128>>(key);
    case AeadAlgorithm::aes_256_gcm:
      return std::make_unique<GcmKey<kGcm256>>(key);
    case AeadAlgorithm::chacha20_poly1305:
      return std::make_unique<ChaChaKey>(key);
  }
  return fail(ErrorCode::invalid_argument, "an unknown AEAD algorithm");
}

}  // namespace baton::crypto
