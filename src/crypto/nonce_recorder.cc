#include "crypto/nonce_recorder.h"

#ifdef BATON_TEST_HOOKS
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "crypto/kdf.h"

namespace baton::crypto {
namespace {

using KeyName = std::array<std::uint8_t, 32>;

// Past operator new, whose calls a test counts.
template <class T>
struct MallocAllocator {
  using value_type = T;
  MallocAllocator() = default;
  template <class U>
  explicit MallocAllocator(const MallocAllocator<U>& /*other*/) noexcept {}
  T* allocate(std::size_t count) {
    void* memory = std::malloc(count * sizeof(T));
    if (memory == nullptr) std::abort();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t /*count*/) noexcept { std::free(memory); }
  friend bool operator==(const MallocAllocator&, const MallocAllocator&) { return true; }
};

using Nonces = std::set<AeadNonce, std::less<>, MallocAllocator<AeadNonce>>;

struct Record {
  std::mutex mutex;
  std::map<KeyName, Nonces> sealed;
};

Record& the_record() {
  static auto* const record = new Record;  // outlives every key
  return *record;
}

class RecordingKey final : public AeadKey {
 public:
  RecordingKey(std::unique_ptr<AeadKey> key, const KeyName& name) : key_(std::move(key)), name_(name) {}

  bool seal_from(const AeadNonce& nonce, ByteView additional_data, ByteView text,
                 MutableBytes sealed) override {
    {
      Record& record = the_record();
      const std::lock_guard lock(record.mutex);
      if (!record.sealed[name_].insert(nonce).second) {
        static_cast<void>(std::fputs("nonce recorder: a (key, nonce) pair has sealed twice\n", stderr));
        std::abort();
      }
    }
    return key_->seal_from(nonce, additional_data, text, sealed);
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
