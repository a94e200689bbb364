#include "tls/tls12_secrets.h"

#include <algorithm>

#include "base/bytes.h"

namespace baton::tls {
namespace {

constexpr std::size_t kMaxKeyBlock = 2 * (32 + 12);  // bytes: two keys and two IVs

KeyingMaterial key_and_iv(ByteView key, ByteView iv) {
  KeyingMaterial keying(key.size() + iv.size());
  std::ranges::copy(key, keying.data().begin());
  std::ranges::copy(iv, keying.data().subspan(key.size()).begin());
  return keying;
}

}  // namespace

Result<Tls12Keying> expand_tls12_keying(const Tls12Secrets& secrets, const CipherSuite& suite) {
  const std::size_t key_size = crypto::aead_key_size(suite.aead);
  const std::size_t iv_size = suite.fixed_iv_size();
  Secret<kMaxKeyBlock> block(2 * (key_size + iv_size));
  // RFC 5246 §6.3: key_block = PRF(master_secret, "key expansion", server_random + client_random)
  Result<void> expanded = crypto::tls12_prf(suite.hash, secrets.master.view(), "key expansion",
                                            secrets.server_random, secrets.client_random, block.data());
  if (!expanded) return pass_on(expanded);

  ByteReader reader(block.view());
  const ByteView client_key = reader.bytes(key_size);
  const ByteView server_key = reader.bytes(key_size);
  const ByteView client_iv = reader.bytes(iv_size);
  const ByteView server_iv = reader.bytes(iv_size);
  return Tls12Keying{key_and_iv(client_key, client_iv), key_and_iv(server_key, server_iv)};
}

}  // namespace baton::tls
