// Decoder of PEM files that name a key. OpenSSL asks one for each kind of key, of every PEM file that it
// reads a key from; what is not theirs they leave to the others.

#include <openssl/proverr.h>

#include <cstring>

#include "provider/key_uri.h"
#include "provider/named_key.h"
#include "remote_key/provider_tables.h"

namespace baton::provider {
namespace {

using remote_key::as_function;

// A chain and a key in one file have less.
constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;  // bytes
constexpr std::size_t kReadSize = std::size_t{8} * 1024;

struct Decoder {
  const ModuleContext& context;
  const char* type;  // of keys
};

template <const char* const& kType>
void* make_decoder(void* context) {
  return new Decoder{*static_cast<const ModuleContext*>(context), kType};
}

void free_decoder(void* decoder) {
  delete static_cast<Decoder*>(decoder);
}

// Up to its end, or kMaxFile.
SecretBuffer read_all(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  SecretBuffer content(kReadSize);
  std::size_t size = 0;
  std::size_t count = 0;
  while (size < kMaxFile && context.read(stream, content.data() + size, content.size() - size, &count) == 1) {
    size += count;
    if (size == content.size()) content.resize(2 * size);
  }
  content.resize(size);
  return content;
}

int decode(void* raw, OSSL_CORE_BIO* stream, int /*selection*/, OSSL_CALLBACK* give, void* argument,
           OSSL_PASSPHRASE_CALLBACK* /*passphrase*/, void* /*passphrase_argument*/) {
  const Decoder& decoder = *static_cast<Decoder*>(raw);
  const auto uri = find_key_uri(read_all(decoder.context, stream));
  if (!uri) return 1;
  auto key = load_named_key(*uri, decoder.context);
  if (!key) return raise(PROV_R_INVALID_CONFIG_DATA, key.error().message);
  if (std::strcmp(remote_key::key_type((*key)->public_key.get()), decoder.type) != 0) return 1;
  return give_key(std::move(*key), give, argument);
}

constexpr const char* kEc = "EC";
constexpr const char* kRsa = "RSA";
constexpr const char* kEd25519 = "ED25519";

template <const char* const& kType>
const OSSL_DISPATCH* table() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_DECODER_NEWCTX, as_function(make_decoder<kType>)},
                                         {OSSL_FUNC_DECODER_FREECTX, as_function(free_decoder)},
                                         {OSSL_FUNC_DECODER_DECODE, as_function(decode)},
                                         {0, nullptr}};
  return kTable;
}

}  // namespace

const OSSL_ALGORITHM* decoders() {
  static constexpr const char* kProperties = "provider=baton,input=pem";
  static const OSSL_ALGORITHM kAll[] = {
      {"EC:id-ecPublicKey:1.2.840.10045.2.1", kProperties, table<kEc>(), "names of ECDSA keys"},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kProperties, table<kRsa>(), "names of RSA keys"},
      {"ED25519:1.3.101.112", kProperties, table<kEd25519>(), "names of Ed25519 keys"},
      {nullptr, nullptr, nullptr, nullptr}};
  return kAll;
}

}  // namespace baton::provider
