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

// The words of a hash state as bytes.
template <class Digest, class Word>
void put_words(const Word* words, Digest& out) {
  for (std::size_t i = 0; i < out.size() / sizeof(Word); ++i) {
    const Word word = big_endian(words[i]);
    std::memcpy(out.data() + i * sizeof(Word), &word, sizeof(Word));
  }
}

struct Sha256 {
  using Context = SHA256_CTX;
  static constexpr std::size_t kBlock = 64, kDigest = 32;
  using Digest = std::array<std::uint8_t, kDigest>;
  static void begin(Context& context) { SHA256_Init(&context); }
  static void add(Context& context, ByteView data) { SHA256_Update(&context, data.data(), data.size()); }
  static void finish(Context& context, Digest& out) { SHA256_Final(out.data(), &context); }
  // The hash of what the context has seen, whole blocks, and one last, padded block.
  static void finish_with(Context& context, const std::array<std::uint8_t, kBlock>& last, Digest& out) {
    SHA256_Transform(&context, last.data());
    put_words(context.h, out);
  }
};

struct Sha384 {
  using Context = SHA512_CTX;
  static constexpr std::size_t kBlock = 128, kDigest = 48;
  using Digest = std::array<std::uint8_t, kDigest>;
  static void begin(Context& context) { SHA384_Init(&context); }
  static void add(Context& context, ByteView data) { SHA384_Update(&context, data.data(), data.size()); }
  static void finish(Context& context, Digest& out) { SHA384_Final(out.data(), &context); }
  static void finish_with(Context& context, const std::array<std::uint8_t, kBlock>& last, Digest& out) {
    SHA512_Transform(&context, last.data());
    put_words(context.h, out);
  }
};

template <class T>
void wipe_object(T& object) {
  wipe({reinterpret_cast<std::uint8_t*>(&object), sizeof(T)});
}

// HMAC under one key: the hash states behind the two padded keys (RFC 2104 §4). It holds all that it works
// with, so that whoever is done with it wipes once.
template <class Hash>
class HmacKey {
 public:
  explicit HmacKey(ByteView key) {
    start(inner_, key, kInnerPad);
    start(outer_, key, kOuterPad);
  }

  // RFC 5869 §2.3: T(i) = HMAC-Hash(PRK, T(i-1) | info | i)
  void expand(ByteView info, MutableBytes out) {
    std::size_t filled = 0;
    for (std::uint8_t counter = 1; filled < out.size(); ++counter) {
      tag(counter == 1 ? ByteView() : ByteView(digest_), info, counter);
      const std::size_t size = std::min(out.size() - filled, digest_.size());
      std::memcpy(out.data() + filled, digest_.data(), size);
      filled += size;
    }
  }

 private:
  using Context = typename Hash::Context;
  static constexpr std::size_t kCounter = Hash::kBlock / 8;  // bytes that count a message's bits
  static constexpr std::size_t kRoom = Hash::kBlock - kCounter - 1;

  void start(Context& context, ByteView key, std::uint64_t pad) {
    // By words: the hash would have to wait for single bytes.
    block_.fill(0);
    std::memcpy(block_.data(), key.data(), key.size());
    for (std::size_t i = 0; i < block_.size(); i += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, &block_[i], sizeof word);
      word ^= pad * 0x0101010101010101U;
      std::memcpy(&block_[i], &word, sizeof word);
    }
    Hash::begin(context);
    Hash::add(context, block_);  // a whole block, so nothing stays in the context's buffer
  }

  // digest_ = HMAC of a + b + counter; `a` may be digest_.
  void tag(ByteView a, ByteView b, std::uint8_t counter) {
    work_ = inner_;
    const std::size_t size = a.size() + b.size() + 1;
    if (size <= kRoom) {
      std::ranges::copy(b, std::ranges::copy(a, block_.begin()).out);
      block_[size - 1] = counter;
      finish_with_block(size);
    } else {
      Hash::add(work_, a);
      Hash::add(work_, b);
      Hash::add(work_, {&counter, 1});
      Hash::finish(work_, digest_);
    }
    work_ = outer_;
    std::ranges::copy(digest_, block_.begin());
    finish_with_block(digest_.size());
  }

  // Ends the hash of one whole block and the first `size` bytes of block_, at most kRoom: padded and counted
  // (FIPS 180-4 §5.1).
  void finish_with_block(std::size_t size) {
    std::fill(block_.begin() + static_cast<std::ptrdiff_t>(size), block_.end(), std::uint8_t{0});
    block_[size] = 0x80;
    const std::size_t bits = 8 * (Hash::kBlock + size);
    block_[Hash::kBlock - 2] = static_cast<std::uint8_t>(bits >> 8);
    block_[Hash::kBlock - 1] = static_cast<std::uint8_t>(bits);
    Hash::finish_with(work_, block_, digest_);
  }

  Context inner_, outer_, work_;
  std::array<std::uint8_t, Hash::kBlock> block_;
  typename Hash::Digest digest_;
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
};

bool sizes_are_legal(HashAlgorithm hash, const HkdfOutput& output) {
  return output.label.size() <= kMaxLabelSize && output.context.size() <= 255 &&
         output.out.size() <= 255 * hash_size(hash);
}

template <class Hash>
void expand_all(ByteView secret, std::span<const HkdfOutput> outputs) {
  HmacKey<Hash> key(secret);
  for (const HkdfOutput& output : outputs) {
    key.expand(HkdfLabel(output.label, output.context, output.out.size()).view(), output.out);
  }
  wipe_object(key);
}

Result<void> expand_all_by_evp(HashAlgorithm hash, ByteView secret, std::span<const HkdfOutput> outputs) {
  for (const HkdfOutput& output : outputs) {
    const HkdfLabel info(output.label, output.context, output.out.size());
    if (auto done = hkdf_expand_by_evp(hash, secret, info.view(), output.out); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> hkdf_expand_labels(HashAlgorithm hash, ByteView secret, std::span<const HkdfOutput> outputs) {
  // A longer secret would have to be hashed first (RFC 2104 §3). TLS has none.
  bool legal = secret.size() <= kMaxHashSize;
  for (const HkdfOutput& output : outputs) legal = legal && sizes_are_legal(hash, output);
  if (!legal) return fail(ErrorCode::invalid_argument, "HKDF-Expand-Label: a size is out of range");
  if (fips_is_required()) return expand_all_by_evp(hash, secret, outputs);
  if (hash == HashAlgorithm::sha256) {
    expand_all<Sha256>(secret, outputs);
  } else {
    expand_all<Sha384>(secret, outputs);
  }
  return {};
}

Result<void> hkdf_expand_label(HashAlgorithm hash, ByteView secret, std::string_view label, ByteView context,
                               MutableBytes out) {
  const HkdfOutput output{label, context, out};
  return hkdf_expand_labels(hash, secret, {&output, 1});
}

}  // namespace baton::crypto
