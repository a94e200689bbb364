#include "handshake/signing_key.h"

#include <openssl/rsa.h>

#include "base/dead_stack.h"
#include "crypto/openssl_error.h"
#include "handshake/loaded_tenant.h"
#include "handshake/peer_names.h"
#include "handshake/remote_key/remote_key.h"
#include "handshake/signature_schemes.h"

namespace baton::handshake {
namespace {

const EVP_MD* hash_of(const SignatureScheme& scheme) {
  switch (scheme.hash) {
    case SchemeHash::intrinsic:
      return nullptr;
    case SchemeHash::sha256:
      return EVP_sha256();
    case SchemeHash::sha384:
      return EVP_sha384();
    case SchemeHash::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

// RFC 8446 §4.2.3: "The length of the Salt MUST be equal to the length of the output of the digest
// algorithm."
bool set_padding(EVP_PKEY_CTX* context, const SignatureScheme& scheme) {
  if (scheme.algorithm != SchemeAlgorithm::rsa_pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

class LoadedKey final : public SigningKey {
 public:
  LoadedKey(KeyKind kind, KeyPtr key, const KeyDigest& digest, std::vector<std::string> names)
      : kind_(kind), key_(std::move(key)), digest_(digest), names_(std::move(names)) {}

  KeyKind kind() const override { return kind_; }
  const KeyDigest& digest() const override { return digest_; }
  const std::vector<std::string>& names() const override { return names_; }

  Result<Bytes> sign(std::uint16_t scheme, ByteView input) const override {
    Result<Bytes> signature = make_signature(scheme, input);
    wipe_dead_stack();  // libcrypto leaves the nonces of ECDSA there, and each gives the key away
    return signature;
  }

 private:
  Result<Bytes> make_signature(std::uint16_t scheme, ByteView input) const {
    const SignatureScheme* known = find_scheme(scheme);
    if (known == nullptr || !fits_key(*known, kind_)) {
      return fail(ErrorCode::invalid_argument, "the signature scheme does not fit the key");
    }
    const DigestContextPtr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr;  // the digest context owns it
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_size(key_.get())));
    std::size_t size = signature.size();
    if (!context ||
        EVP_DigestSignInit(context.get(), &key_context, hash_of(*known), nullptr, key_.get()) != 1 ||
        !set_padding(key_context, *known) ||
        EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) {
      return crypto::openssl_error("signing");
    }
    signature.resize(size);
    return signature;
  }

  KeyKind kind_;
  KeyPtr key_;
  KeyDigest digest_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::vector<std::shared_ptr<const SigningKey>>> signing_keys(const Tenant& tenant) {
  std::vector<std::shared_ptr<const SigningKey>> keys;
  for (const LoadedCredential& credential : dynamic_cast<const LoadedTenant&>(tenant).credentials()) {
    if (credential.place == KeyPlace::elsewhere) continue;
    Result<KeyDigest> digest = remote_key::digest_of(credential.leaf.get());
    if (!digest) return pass_on(digest);
    EVP_PKEY_up_ref(credential.key.get());
    keys.push_back(std::make_shared<LoadedKey>(credential.kind, KeyPtr(credential.key.get()), *digest,
                                               dns_names(*credential.leaf)));
  }
  return keys;
}

}  // namespace baton::handshake
