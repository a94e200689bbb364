// The module as OpenSSL sees it: in a library context with the default provider, it loads keys by their names
// and signs with them. Who signs is here the key itself, which only this test has.
#include "handshake/provider/module.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "handshake/provider/key_uri.h"
#include "handshake/remote_key/remote_key.h"
#include "programs/temporary_folder.h"
#include "support/pki.h"

namespace baton::provider {
namespace {

using remote_key::KeyPtr;
using test::KeyType;
using testing::HasSubstr;

template <auto kFree>
struct With {
  template <class T>
  void operator()(T* thing) const noexcept {
    kFree(thing);
  }
};
using BioPtr = std::unique_ptr<BIO, With<BIO_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, With<EVP_MD_CTX_free>>;

BioPtr bio_of(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// All of the error queue.
std::string take_errors() {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  ERR_print_errors(bio.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

// The key store of this test.
class LocalSigner final : public remote_key::RemoteSigner {
 public:
  Result<Bytes> sign(const KeyDigest& digest, SigningKind kind, std::uint16_t scheme,
                     ByteView input) override {
    EXPECT_EQ(digest, remote_key::digest_of(key.get()).value());
    EXPECT_EQ(kind, signing_kind_of(input));
    if (!refusal.empty()) return fail(ErrorCode::refused, refusal);
    if (throws) throw std::bad_alloc();
    EVP_PKEY_CTX* options = nullptr;
    const DigestPtr context(EVP_MD_CTX_new());
    const char* hash = scheme == 0x0807                           ? nullptr
                       : (scheme & 0xFF) == 5 || scheme >> 8 == 5 ? "SHA384"
                                                                  : "SHA256";
    EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), &options, hash, nullptr, nullptr, key.get(), nullptr), 1);
    if (scheme >> 8 == 8 && scheme != 0x0807) EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    if (scheme >> 8 == 8 && scheme != 0x0807)
      EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_size(key.get())));
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()), 1);
    signature.resize(size);
    ++signatures;
    return signature;
  }

  KeyPtr key;
  std::string refusal;  // empty: it signs
  bool throws = false;
  int signatures = 0;
};

// What the module is given as it starts, which takes no argument.
Result<Signer> signer_for_next_key = fail(ErrorCode::io, "no signer");
bool next_key_throws = false;

int start(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* core, const OSSL_DISPATCH** out,
          void** context) {
  return start_module(handle, core, out, context,
                      {[](const std::filesystem::path& config) {
                         EXPECT_EQ(config, "/etc/baton/provider.toml");
                         if (std::exchange(next_key_throws, false)) throw std::bad_alloc();
                         return signer_for_next_key;
                       },
                       "/etc/baton/provider.toml"});
}

// The input of a server's CertificateVerify.
Bytes tls_input() {
  Bytes input(64, ' ');
  append(input, as_bytes("TLS 1.3, server CertificateVerify"));
  input.resize(input.size() + 1 + 32);
  return input;
}

std::string name_of(const testing::TestParamInfo<KeyType>& key) {
  switch (key.param) {
    case KeyType::p256:
      return "p256";
    case KeyType::p384:
      return "p384";
    case KeyType::ed25519:
      return "ed25519";
    default:
      return "rsa";
  }
}

class Module : public testing::TestWithParam<KeyType> {
 protected:
  Module() {
    OSSL_PROVIDER_add_builtin(library_.get(), "baton", start);
    providers_ = {OSSL_PROVIDER_load(library_.get(), "default"), OSSL_PROVIDER_load(library_.get(), "baton")};
    test::CertificateOptions options;
    options.key_type = GetParam();
    options.dns_names = {"www.example.com"};
    certificate_ = ca_.issue(options);
    file_ = folder_.write("www.crt", certificate_.chain_pem);
    signer_->key.reset(
        PEM_read_bio_PrivateKey(bio_of(certificate_.key_pem).get(), nullptr, nullptr, nullptr));
    signer_for_next_key = Signer(signer_);
  }
  ~Module() override {
    for (OSSL_PROVIDER* provider : providers_) OSSL_PROVIDER_unload(provider);
  }

  KeyPtr load_pem(std::string_view text) {
    return KeyPtr(
        PEM_read_bio_PrivateKey_ex(bio_of(text).get(), nullptr, nullptr, nullptr, library_.get(), nullptr));
  }
  KeyPtr load_named() { return load_pem(key_file_of(key_uri_of(file_).value())); }
  KeyPtr load_from_store(const std::string& uri) {
    OSSL_STORE_CTX* store =
        OSSL_STORE_open_ex(uri.c_str(), library_.get(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (store == nullptr) return nullptr;
    KeyPtr key;
    while (OSSL_STORE_eof(store) == 0) {
      OSSL_STORE_INFO* found = OSSL_STORE_load(store);
      if (found == nullptr) break;
      EXPECT_EQ(OSSL_STORE_INFO_get_type(found), OSSL_STORE_INFO_PKEY);
      key.reset(OSSL_STORE_INFO_get1_PKEY(found));
      OSSL_STORE_INFO_free(found);
    }
    OSSL_STORE_close(store);
    return key;
  }

  Bytes sign(EVP_PKEY* key, ByteView input) {
    const DigestPtr context(EVP_MD_CTX_new());
    const char* hash = GetParam() == KeyType::ed25519 ? nullptr : "SHA256";
    Bytes signature(1024);
    std::size_t size = signature.size();
    if (EVP_DigestSignInit_ex(context.get(), nullptr, hash, library_.get(), nullptr, key, nullptr) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) {
      return {};
    }
    signature.resize(size);
    return signature;
  }
  bool verifies(EVP_PKEY* key, ByteView input, ByteView signature) {
    const DigestPtr context(EVP_MD_CTX_new());
    const char* hash = GetParam() == KeyType::ed25519 ? nullptr : "SHA256";
    return EVP_DigestVerifyInit_ex(context.get(), nullptr, hash, library_.get(), nullptr, key, nullptr) ==
               1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), input.data(), input.size()) ==
               1;
  }
  void expect_signs(EVP_PKEY* key) {
    ASSERT_NE(key, nullptr) << take_errors();
    EXPECT_EQ(EVP_PKEY_eq(key, signer_->key.get()), 1);
    const Bytes signature = sign(key, tls_input());
    EXPECT_TRUE(verifies(signer_->key.get(), tls_input(), signature)) << take_errors();
    EXPECT_EQ(signer_->signatures, 1);
  }

  std::unique_ptr<OSSL_LIB_CTX, With<OSSL_LIB_CTX_free>> library_{OSSL_LIB_CTX_new()};
  std::vector<OSSL_PROVIDER*> providers_;
  test::TemporaryFolder folder_;
  test::TestCa ca_;
  test::TestCertificate certificate_;
  std::filesystem::path file_;
  std::shared_ptr<LocalSigner> signer_ = std::make_shared<LocalSigner>();
};

INSTANTIATE_TEST_SUITE_P(Keys, Module, testing::Values(KeyType::p256, KeyType::rsa2048, KeyType::ed25519),
                         name_of);

TEST_P(Module, AKeyFileNamesAKey) {
  expect_signs(load_named().get());
}

TEST_P(Module, TheNameMayStandBehindTheChain) {
  expect_signs(load_pem(certificate_.chain_pem + key_file_of(key_uri_of(file_).value())).get());
}

TEST_P(Module, AUriNamesAKey) {
  expect_signs(load_from_store(key_uri_of(file_).value()).get());
}

TEST_P(Module, TheKeyOutlivesTheSignersOwner) {
  const KeyPtr key = load_named();
  signer_for_next_key = fail(ErrorCode::io, "gone");
  expect_signs(key.get());
}

TEST_P(Module, OtherKeysStayWithTheDefaultProvider) {
  const KeyPtr key = load_pem(certificate_.key_pem);
  ASSERT_NE(key, nullptr) << take_errors();
  EXPECT_FALSE(sign(key.get(), as_bytes("anything at all")).empty()) << take_errors();
  EXPECT_EQ(signer_->signatures, 0);
}

TEST_P(Module, NothingPrivateComesOut) {
  const KeyPtr key = load_named();
  ASSERT_NE(key, nullptr);
  OSSL_PARAM* params = nullptr;
  EXPECT_NE(EVP_PKEY_todata(key.get(), EVP_PKEY_KEYPAIR, &params), 1);
  EXPECT_LT(i2d_PrivateKey(key.get(), nullptr), 1);
  EXPECT_EQ(EVP_PKEY_todata(key.get(), EVP_PKEY_PUBLIC_KEY, &params), 1);
  OSSL_PARAM_free(params);
  ERR_clear_error();
}

TEST_P(Module, OnlyTlsIsSigned) {
  const KeyPtr key = load_named();
  ASSERT_NE(key, nullptr);
  EXPECT_TRUE(sign(key.get(), as_bytes("a certificate request")).empty());
  EXPECT_THAT(take_errors(), HasSubstr("a remote key signs the handshakes of TLS only"));
  std::unique_ptr<EVP_PKEY_CTX, With<EVP_PKEY_CTX_free>> digests(
      EVP_PKEY_CTX_new_from_pkey(library_.get(), key.get(), nullptr));
  EXPECT_NE(EVP_PKEY_sign_init(digests.get()), 1) << "of a digest";
  EXPECT_NE(EVP_PKEY_decrypt_init(digests.get()), 1);
  ERR_clear_error();
  EXPECT_EQ(signer_->signatures, 0);
}

TEST_P(Module, ARefusalIsAnErrorOfOpenssl) {
  const KeyPtr key = load_named();
  ASSERT_NE(key, nullptr);
  signer_->refusal = "link_lost: no key store can be reached";
  EXPECT_TRUE(sign(key.get(), tls_input()).empty());
  EXPECT_THAT(take_errors(), HasSubstr("link_lost: no key store can be reached"));
}

TEST_P(Module, WhatIsWrongWithAKeyFileIsSaid) {
  EXPECT_EQ(load_pem(key_file_of("baton:key=7")), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("a key's URI is"));
  EXPECT_EQ(load_pem(key_file_of("baton:certificate=/nowhere/www.crt")), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("the certificate /nowhere/www.crt"));
  signer_for_next_key = fail(ErrorCode::malformed, "provider.toml:3: link.ca: is missing");
  EXPECT_EQ(load_named(), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("provider.toml:3: link.ca: is missing"));
  EXPECT_EQ(load_from_store("baton:certificate=/nowhere/www.crt"), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("the certificate /nowhere/www.crt"));
}

const char* provider_of(EVP_PKEY* key) {
  return key != nullptr ? OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key)) : "none";
}

TEST_P(Module, KeysInOneFileComeOneAfterTheOther) {
  const std::string named = key_file_of(key_uri_of(file_).value());
  const std::string file = certificate_.chain_pem + named + certificate_.key_pem + named;
  const BioPtr bio = bio_of(file);
  for (const char* provider : {"baton", "default", "baton", "none"}) {
    const KeyPtr key(
        PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, nullptr, nullptr, library_.get(), nullptr));
    EXPECT_STREQ(provider_of(key.get()), provider);
  }
  ERR_clear_error();
}

// A program that writes it, and stays.
TEST_P(Module, AKeyFileIsReadToItsLastLineOnly) {
  for (const std::string& file : {key_file_of(key_uri_of(file_).value()), certificate_.key_pem}) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    ASSERT_EQ(write(ends[1], file.data(), file.size()), static_cast<ssize_t>(file.size()));
    std::promise<void> loaded;
    std::thread writer([end = ends[1], future = loaded.get_future()] {
      EXPECT_EQ(future.wait_for(std::chrono::seconds(5)), std::future_status::ready) << "it waits for more";
      close(end);
    });
    const BioPtr bio(BIO_new_fd(ends[0], BIO_CLOSE));
    const KeyPtr key(
        PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, nullptr, nullptr, library_.get(), nullptr));
    loaded.set_value();
    writer.join();
    EXPECT_NE(key, nullptr) << take_errors();
  }
}

TEST_P(Module, WhatIsThrownIsAnErrorOfOpenssl) {
  next_key_throws = true;
  EXPECT_EQ(load_named(), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("bad_alloc"));
  const KeyPtr key = load_named();
  ASSERT_NE(key, nullptr);
  signer_->throws = true;
  EXPECT_TRUE(sign(key.get(), tls_input()).empty());
  EXPECT_THAT(take_errors(), HasSubstr("bad_alloc"));
}

TEST_P(Module, PssIsThatOfTls) {
  if (GetParam() != KeyType::rsa2048) return;
  const KeyPtr key = load_named();
  ASSERT_NE(key, nullptr);
  EVP_PKEY_CTX* options = nullptr;
  const DigestPtr context(EVP_MD_CTX_new());
  ASSERT_EQ(
      EVP_DigestSignInit_ex(context.get(), &options, "SHA256", library_.get(), nullptr, key.get(), nullptr),
      1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
  EXPECT_LT(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 20), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32), 1);
  EXPECT_LT(EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha1()), 1) << "the mask would be another one";
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()), 1);
  ERR_clear_error();
}

// In the library context of all that name none, this provider stands before the default one.
class WrongOrder : public Module {
 protected:
  WrongOrder() {
    OSSL_PARAM* public_half = nullptr;
    OSSL_PARAM* pair = nullptr;
    EVP_PKEY_todata(signer_->key.get(), EVP_PKEY_PUBLIC_KEY, &public_half);
    EVP_PKEY_todata(signer_->key.get(), EVP_PKEY_KEYPAIR, &pair);
    public_.reset(public_half);
    pair_.reset(pair);
    OSSL_LIB_CTX_set0_default(wrong_.get());
    OSSL_PROVIDER_add_builtin(nullptr, "baton", start);
    for (const char* name : {"baton", "default"})
      wrong_providers_.push_back(OSSL_PROVIDER_load(nullptr, name));
  }
  ~WrongOrder() override {
    OSSL_LIB_CTX_set0_default(usual_);
    for (OSSL_PROVIDER* provider : wrong_providers_) OSSL_PROVIDER_unload(provider);
  }

  KeyPtr import(int selection, OSSL_PARAM* params) {
    const char* type = OBJ_nid2sn(EVP_PKEY_get_base_id(signer_->key.get()));
    const std::unique_ptr<EVP_PKEY_CTX, With<EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* made = nullptr;
    EXPECT_EQ(EVP_PKEY_fromdata_init(context.get()), 1);
    EVP_PKEY_fromdata(context.get(), &made, selection, params);
    return KeyPtr(made);
  }

  using Params = std::unique_ptr<OSSL_PARAM, With<OSSL_PARAM_free>>;
  Params public_;
  Params pair_;
  std::unique_ptr<OSSL_LIB_CTX, With<OSSL_LIB_CTX_free>> wrong_{OSSL_LIB_CTX_new()};
  std::vector<OSSL_PROVIDER*> wrong_providers_;
  OSSL_LIB_CTX* usual_ = OSSL_LIB_CTX_set0_default(nullptr);
};
INSTANTIATE_TEST_SUITE_P(Keys, WrongOrder, testing::Values(KeyType::p256, KeyType::rsa2048, KeyType::ed25519),
                         name_of);

TEST_P(WrongOrder, IsNamedWhenAKeyIsLoaded) {
  EXPECT_EQ(load_named(), nullptr);
  EXPECT_THAT(take_errors(), HasSubstr("must activate the provider \"default\", and before this one"));
}
TEST_P(WrongOrder, GivesItNoForeignKeys) {
  EXPECT_EQ(import(EVP_PKEY_PUBLIC_KEY, public_.get()), nullptr);
  EXPECT_EQ(import(EVP_PKEY_KEYPAIR, pair_.get()), nullptr);
  ERR_clear_error();
}

// libssl on both sides, over memory.
class Handshakes : public Module {
 protected:
  using ContextPtr = std::unique_ptr<SSL_CTX, With<SSL_CTX_free>>;
  using SslPtr = std::unique_ptr<SSL, With<SSL_free>>;

  void expect_completes(int version) {
    const KeyPtr key = load_named();
    const ContextPtr server_context(SSL_CTX_new_ex(library_.get(), nullptr, TLS_server_method()));
    const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
    ASSERT_EQ(SSL_CTX_use_certificate_chain_file(server_context.get(), file_.c_str()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(server_context.get(), key.get()), 1) << take_errors();
    SSL_CTX_set_max_proto_version(client_context.get(), version);
    const SslPtr server(SSL_new(server_context.get()));
    const SslPtr client(SSL_new(client_context.get()));
    BIO* server_side = nullptr;
    BIO* client_side = nullptr;
    ASSERT_EQ(BIO_new_bio_pair(&server_side, 0, &client_side, 0), 1);
    SSL_set_bio(server.get(), server_side, server_side);
    SSL_set_bio(client.get(), client_side, client_side);
    bool done = false;
    for (int i = 0; i < 10 && !done; ++i) {
      const bool client_is_done = SSL_connect(client.get()) == 1;
      done = SSL_accept(server.get()) == 1 && client_is_done;
    }
    EXPECT_TRUE(done) << take_errors();
    EXPECT_EQ(SSL_version(server.get()), version);
    EXPECT_EQ(signer_->signatures, 1);
  }
};
INSTANTIATE_TEST_SUITE_P(Keys, Handshakes,
                         testing::Values(KeyType::p256, KeyType::p384, KeyType::rsa2048, KeyType::ed25519),
                         name_of);

TEST_P(Handshakes, OfTls13) {
  expect_completes(TLS1_3_VERSION);
}
TEST_P(Handshakes, OfTls12) {
  expect_completes(TLS1_2_VERSION);
}

}  // namespace
}  // namespace baton::provider
