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
using remote_key::raise;

constexpr int kLineSize = 256;  // longer ones come in parts
constexpr std::size_t kMaxBlock =
    std::size_t{32} * 1024;  // the longest path of Linux, encoded twice, is shorter

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

// Passes over what stands before the next PEM block, and takes that block: what follows is for the next call,
// as with OpenSSL's own decoder of PEM. Empty: it is another kind of block, whose lines are not kept, or
// there is none.
std::string take_block(const ModuleContext& context, OSSL_CORE_BIO* stream) {
  std::string block;
  bool is_in_block = false;
  bool is_ours = false;
  SecretBuffer line(kLineSize);  // of a private key, perhaps (R6)
  auto* const buffer = reinterpret_cast<char*>(line.data());
  for (int size = 0; (size = context.read_line(stream, buffer, kLineSize)) > 0;) {
    const std::string_view text(buffer, static_cast<std::size_t>(size));
    if (text.starts_with("-----BEGIN ")) {
      is_in_block = true;
      is_ours = text.starts_with(kKeyFileBegins);
      block.clear();
    }
    if (is_ours) block += text;
    if (block.size() > kMaxBlock) break;
    if (is_in_block && text.starts_with("-----END ")) return block;
  }
  return {};
}

int decode(void* raw, OSSL_CORE_BIO* stream, int /*selection*/, OSSL_CALLBACK* give, void* argument,
           OSSL_PASSPHRASE_CALLBACK* /*passphrase*/, void* /*passphrase_argument*/) {
  const Decoder& decoder = *static_cast<Decoder*>(raw);
  const auto uri = find_key_uri(as_bytes(take_block(decoder.context, stream)));
  if (!uri) return 1;
  auto key = load_named_key(*uri);
  if (!key) return raise(PROV_R_INVALID_CONFIG_DATA, key.error().message);
  if (std::strcmp(remote_key::key_type((*key)->public_key.get()), decoder.type) != 0) return 1;
  if (auto added = add_signer(**key, decoder.context); !added) {
    return raise(PROV_R_INVALID_CONFIG_DATA, added.error().message);
  }
  return give_key(std::move(*key), give, argument);
}

constexpr const char* kEc = "EC";
constexpr const char* kRsa = "RSA";
constexpr const char* kEd25519 = "ED25519";

template <const char* const& kType>
const OSSL_DISPATCH* table() {
  static const OSSL_DISPATCH kTable[] = {{OSSL_FUNC_DECODER_NEWCTX, as_function<make_decoder<kType>>()},
                                         {OSSL_FUNC_DECODER_FREECTX, as_function<free_decoder>()},
                                         {OSSL_FUNC_DECODER_DECODE, as_function<decode>()},
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
