// HKDF-Expand-Label. HMAC stands directly on OpenSSL's SHA-2: by EVP, fetching and allocating cost several
// times what the hashing does, and a connection that is taken over needs four derivations at once.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/secret.h"
#include "crypto/fips.h"
#include "crypto/hkdf_by_evp.h"
#include "crypto/kdf.h"

namespace baton::crypto {
namespace {

constexpr std::string_view kPrefix = "tls13 ";
constexpr std::size_t kMaxInfo = 2 + 1 + 255 + 1 + 255;      // bytes of an HkdfLabel
constexpr std::uint64_t kInnerPad = 0x36, kOuterPad = 0x5c;  // RFC 2104 §2

template <class Word>
Word big_endian(Word word) {
  if constexpr (std::endian::native == std::endian::big) {
    return word;
  } else if constexpr (sizeof(Word) == sizeof(std::uint32_t)) {
    return __builtin_bswap32(word);
  } else {
    return __builtin_bswap64(word);
  }
}

struct Sha256 {
  using Context = SHA256_CTX;
  using Chain = std::array<std::uint32_t, 8>;
  static constexpr std::size_t kBlock = 64, kDigest = 32;
  static void begin(Context& context) { SHA256_Init(&context); }
  static void compress(Context& context, const std::uint8_t* block) { SHA256_Transform(&context, block); }
};

struct Sha384 {
  using Context = SHA512_CTX;
  using Chain = std::array<std::uint64_t, 8>;
  static constexpr std::size_t kBlock = 128, kDigest = 48;
  static void begin(Context& context) { SHA384_Init(&context); }
  static void compress(Context& context, const std::uint8_t* block) { SHA512_Transform(&context, block); }
};

template <class T>
void wipe_object(T& object) {
  wipe({reinterpret_cast<std::uint8_t*>(&object), sizeof(T)});
}

// HMAC under one key: the hash states behind the two padded keys (RFC 2104 §4). It holds all that it works
// with, so that whoever is done with it wipes once.
template <class Hash>
class HmacKey {
  static constexpr std::size_t kCounter = Hash::kBlock / 8;  // bytes that count a message's bits

 public:
  // What one block has room for beside the padding and HKDF's counter.
  static constexpr std::size_t kMaxInfo = Hash::kBlock - kCounter - 2;  // bytes
  static constexpr std::size_t kMaxOutput = Hash::kDigest;              // bytes

  explicit HmacKey(ByteView key) {
    start(inner_, key, kInnerPad);
    start(outer_, key, kOuterPad);
  }

  // RFC 5869 §2.3 where one round is enough: T(1) = HMAC-Hash(PRK, info | 0x01)
  void expand(ByteView info, MutableBytes out) {
    std::memcpy(block_.data(), info.data(), info.size());
    block_[info.size()] = 1;
    finish(inner_, info.size() + 1);
    finish(outer_, Hash::kDigest);
    std::memcpy(out.data(), block_.data(), out.size());
  }

 private:
  using Chain = typename Hash::Chain;

  void start(Chain& chain, ByteView key, std::uint64_t pad) {
    // By words: the hash would have to wait for single bytes.
    block_.fill(0);
    std::memcpy(block_.data(), key.data(), key.size());
    for (std::size_t i = 0; i < block_.size(); i += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, &block_[i], sizeof word);
      word ^= pad * 0x0101010101010101U;
      std::memcpy(&block_[i], &word, sizeof word);
    }
    Hash::begin(work_);
    Hash::compress(work_, block_.data());
    std::memcpy(chain.data(), work_.h, sizeof chain);
  }

  // The hash of the padded key and the first `size` bytes of block_ (padded and counted: FIPS 180-4 §5.1)
  // becomes the front of block_.
  void finish(const Chain& chain, std::size_t size) {
    std::memset(block_.data() + size, 0, block_.size() - size);
    block_[size] = 0x80;
    const std::size_t bits = 8 * (Hash::kBlock + size);
    block_[Hash::kBlock - 2] = static_cast<std::uint8_t>(bits >> 8);
    block_[Hash::kBlock - 1] = static_cast<std::uint8_t>(bits);
    std::memcpy(work_.h, chain.data(), sizeof chain);
    Hash::compress(work_, block_.data());
    for (std::size_t i = 0; i < Hash::kDigest / sizeof chain[0]; ++i) {
      const auto word = big_endian(work_.h[i]);
      std::memcpy(block_.data() + i * sizeof word, &word, sizeof word);
    }
  }

  Chain inner_, outer_;
  typename Hash::Context work_;
  std::array<std::uint8_t, Hash::kBlock> block_;
};

// RFC 8446 §7.1: struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } HkdfLabel
struct HkdfLabel {
  std::array<std::uint8_t, kMaxInfo> bytes;
  std::size_t size = 0;

  HkdfLabel(std::string_view label, ByteView context, std::size_t length) {
    put(static_cast<std::uint8_t>(length >> 8));
    put(static_cast<std::uint8_t>(length));
    put(static_cast<std::uint8_t>(kPrefix.size() + label.size()));
    put(as_bytes(kPrefix));
    put(as_bytes(label));
    put(static_cast<std::uint8_t>(context.size()));
    put(context);
  }
  void put(std::uint8_t byte) { bytes[size++] = byte; }
  void put(ByteView more) {
    std::ranges::copy(more, bytes.begin() + static_cast<std::ptrdiff_t>(size));
    size += more.size();
  }
  ByteView view() const { return ByteView(bytes).first(size); }
  static std::size_t size_of(std::string_view label, ByteView context) {
    return 2 + 1 + kPrefix.size() + label.size() + 1 + context.size();
  }
};

bool sizes_are_legal(HashAlgorithm hash, const HkdfOutput& output) {
  return output.label.size() <= kMaxLabelSize && output.context.size() <= 255 &&
         output.out.size() <= 255 * hash_size(hash);
}

Result<void> expand_all_by_evp(HashAlgorithm hash, ByteView secret, std::span<const HkdfOutput> outputs) {
  for (const HkdfOutput& output : outputs) {
    const HkdfLabel info(output.label, output.context, output.out.size());
    if (auto done = hkdf_expand_by_evp(hash, secret, info.view(), output.out); !done) return done;
  }
  return {};
}

// What keys and secrets are made with fits one block; what does not is an application's exporter.
template <class Hash>
Result<void> expand_all(HashAlgorithm hash, ByteView secret, std::span<const HkdfOutput> outputs) {
  using Key = HmacKey<Hash>;
  for (const HkdfOutput& output : outputs) {
    if (HkdfLabel::size_of(output.label, output.context) > Key::kMaxInfo ||
        output.out.size() > Key::kMaxOutput)
      return expand_all_by_evp(hash, secret, outputs);
  }
  Key key(secret);
  for (const HkdfOutput& output : outputs) {
    key.expand(HkdfLabel(output.label, output.context, output.out.size()).view(), output.out);
  }
  wipe_object(key);
  return {};
}

}  // namespace

Result<void> hkdf_expand_labels(HashAlgorithm hash, ByteView secret, std::span<const HkdfOutput> outputs) {
  // A longer secret would have to be hashed first (RFC 2104 §3). TLS has none.
  bool legal = secret.size() <= kMaxHashSize;
  for (const HkdfOutput& output : outputs) legal = legal && sizes_are_legal(hash, output);
  if (!legal) return fail(ErrorCode::invalid_argument, "HKDF-Expand-Label: a size is out of range");
  if (fips_is_required()) return expand_all_by_evp(hash, secret, outputs);
  return hash == HashAlgorithm::sha256 ? expand_all<Sha256>(hash, secret, outputs)
                                       : expand_all<Sha384>(hash, secret, outputs);
}

Result<void> hkdf_expand_label(HashAlgorithm hash, ByteView secret, std::string_view label, ByteView context,
                               MutableBytes out) {
  const HkdfOutput output{label, context, out};
  return hkdf_expand_labels(hash, secret, {&output, 1});
}

}  // namespace baton::crypto
