#include "tls/exporter.h"

#include <array>

namespace baton::tls {
namespace {

using Hash = std::array<std::uint8_t, crypto::kMaxHashSize>;

Result<ByteView> hash_of(crypto::HashAlgorithm algorithm, ByteView data, Hash& out) {
  const MutableBytes hash = MutableBytes(out).first(crypto::hash_size(algorithm));
  if (auto hashed = crypto::digest(algorithm, data, hash); !hashed) return pass_on(hashed);
  return hash;
}

}  // namespace

// RFC 8446 §7.5: TLS-Exporter(label, context_value, key_length) =
//   HKDF-Expand-Label(Derive-Secret(Secret, label, ""), "exporter", Hash(context_value), key_length)
Result<void> export_keying_material(const ConnectionState& state, std::string_view label, ByteView context,
                                    MutableBytes out) {
  if (state.exporter_secret.empty()) {
    return fail(ErrorCode::refused,
                state.version() == ProtocolVersion::tls12
                    ? "the exporter of TLS 1.2 is not there: it would need the master secret"
                    : "the exporter secret of this connection was not kept");
  }
  const crypto::HashAlgorithm hash = state.suite->hash;
  Hash empty_hash{};
  auto nothing = hash_of(hash, {}, empty_hash);
  if (!nothing) return pass_on(nothing);
  KeyingMaterial secret(crypto::hash_size(hash));
  auto derived =
      crypto::hkdf_expand_label(hash, state.exporter_secret.view(), label, *nothing, secret.data());
  if (!derived) return derived;
  Hash context_hash{};
  auto hashed = hash_of(hash, context, context_hash);
  if (!hashed) return pass_on(hashed);
  return crypto::hkdf_expand_label(hash, secret.view(), "exporter", *hashed, out);
}

}  // namespace baton::tls
