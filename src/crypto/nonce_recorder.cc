#include "crypto/nonce_recorder.h"

#ifdef BATON_TEST_HOOKS
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>

#include "crypto/kdf.h"

namespace baton::crypto {
namespace {

using KeyName = std::array<std::uint8_t, 32>;

struct Record {
  std::mutex mutex;
  std::map<KeyName, std::set<AeadNonce>> sealed;
};

Record& the_record() {
  static auto* const record = new Record;  // outlives every key
  return *record;
}

class RecordingKey final : public AeadKey {
 public:
  RecordingKey(std::unique_ptr<AeadKey> key, const KeyName& name) : key_(std::move(key)), name_(name) {}

  bool seal(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) override {
    {
      Record& record = the_record();
      const std::lock_guard lock(record.mutex);
      if (!record.sealed[name_].insert(nonce).second) {
        static_cast<void>(std::fputs("nonce recorder: a (key, nonce) pair has sealed twice\n", stderr));
        std::abort();
      }
    }
    return key_->seal(nonce, additional_data, text_and_tag);
  }

  bool open(const AeadNonce& nonce, ByteView additional_data, MutableBytes text_and_tag) override {
    return key_->open(nonce, additional_data, text_and_tag);
  }

 private:
  std::unique_ptr<AeadKey> key_;
  KeyName name_;
};

}  // namespace

std::unique_ptr<AeadKey> record_nonces(std::unique_ptr<AeadKey> key, AeadAlgorithm algorithm,
                                       ByteView key_bytes) {
  KeyName name{};
  if (!digest(HashAlgorithm::sha256, key_bytes, name)) std::abort();
  name[0] ^= static_cast<std::uint8_t>(algorithm);
  return std::make_unique<RecordingKey>(std::move(key), name);
}

void forget_recorded_nonces() {
  Record& record = the_record();
  const std::lock_guard lock(record.mutex);
  record.sealed.clear();
}

}  // namespace baton::crypto
#endif
