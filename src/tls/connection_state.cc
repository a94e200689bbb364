#include "tls/connection_state.h"

#include "base/unix_time.h"
#include "tls/record_protection.h"

namespace baton::tls {
namespace {

bool fragment_size_is_legal(std::uint16_t size) {
  return size >= kMinRecordPlaintext && size <= kMaxRecordPlaintext;
}

// The chain is bounded, and no certificate is empty.
bool chain_is_legal(const std::vector<Bytes>& chain) {
  std::size_t size = 0;
  for (const Bytes& certificate : chain) {
    if (certificate.empty()) return false;
    size += certificate.size();
  }
  return chain.size() <= kMaxPeerCertificates && size <= kMaxPeerChain;
}

// Deferred records, as the key store sealed them; nothing where they are anything else.
std::optional<std::uint64_t> count_records(ByteView records) {
  std::uint64_t count = 0;
  for (; !records.empty(); ++count) {
    if (records.size() < kRecordHeaderSize) return std::nullopt;
    const RecordHeader header = parse_record_header(records.first(kRecordHeaderSize));
    const std::size_t size = kRecordHeaderSize + header.length;
    if (header.type != ContentType::application_data || size > records.size()) return std::nullopt;
    records = records.subspan(size);
  }
  return count;
}

bool has_begun(const ConnectionState& state) {
  return state.read.sequence != 0 || state.key_update_owed || state.read_closed || state.write_closed ||
         !state.unread_ciphertext.empty() || !state.unread_plaintext.empty() ||
         !state.unsent_ciphertext.empty() || !state.partial_handshake.empty();
}

Result<void> validate_awaited(const ConnectionState& state, const AwaitedFinished& awaited) {
  const auto malformed = [](const char* what) { return fail(ErrorCode::malformed, what); };
  if (state.role != Role::server || state.version() != ProtocolVersion::tls13) {
    return malformed("only a TLS 1.3 server's connection awaits the client's Finished");
  }
  const std::size_t hash_size = crypto::hash_size(state.suite->hash);
  if (awaited.client_handshake_secret.size() != hash_size || awaited.verify_data.size() != hash_size) {
    return malformed("what is known of the client's Finished does not have the cipher suite's sizes");
  }
  if (has_begun(state)) return malformed("data was exchanged before the client's Finished");
  // A number that the tickets have used would be used again (R1).
  if (count_records(awaited.deferred_ciphertext) != state.write.sequence) {
    return malformed("the deferred records are not as many as the sequence number says");
  }
  return {};
}

}  // namespace

Result<void> check_room_to_send(ProtocolVersion version, std::uint64_t sequence) {
  const KeyLimits limits;
  if (version == ProtocolVersion::tls13) {
    if (sequence < limits.refuse_after - kRecordsToEnd) return {};
    return fail(ErrorCode::limit_exceeded,
                "our key has protected as many records as it may; send a KeyUpdate first");
  }
  if (sequence < limits.rekey_after) return {};
  return fail(ErrorCode::limit_exceeded,
              "our key has protected as many records as it may, and TLS 1.2 has no KeyUpdate");
}

Result<void> validate(const ConnectionState& state) {
  const auto malformed = [](const char* what) { return fail(ErrorCode::malformed, what); };
  if (state.role != Role::server && state.role != Role::client) return malformed("unknown role");
  if (state.suite == nullptr) return malformed("no cipher suite");
  const std::size_t keying_size = state.suite->keying_size();
  if (state.read.keying.size() != keying_size || state.write.keying.size() != keying_size) {
    return malformed("a secret does not have the size that the cipher suite asks for");
  }
  if (!fragment_size_is_legal(state.max_send_fragment) ||
      !fragment_size_is_legal(state.max_receive_fragment)) {
    return malformed("a record size limit is out of range");
  }
  if (state.version() == ProtocolVersion::tls12 && state.key_update_owed) {
    return malformed("TLS 1.2 has no KeyUpdate");
  }
  if (state.suite->explicit_nonce_size() == 0 && state.next_explicit_nonce != 0) {
    return malformed("an explicit nonce where the cipher suite has none");
  }
  if (!state.exporter_secret.empty() &&
      (state.version() != ProtocolVersion::tls13 ||
       state.exporter_secret.size() != crypto::hash_size(state.suite->hash))) {
    return malformed("an exporter secret that the cipher suite cannot have");
  }
  if (state.tls12_secrets && (state.version() != ProtocolVersion::tls12 ||
                              state.tls12_secrets->master.size() != kMasterSecretSize)) {
    return malformed("a master secret that the TLS version cannot have");
  }
  if (state.handshake_time && !is_in_range(*state.handshake_time)) {
    return malformed("the time of the handshake is out of range");
  }
  if (!chain_is_legal(state.peer_chain)) return malformed("the peer's certificate chain is out of bounds");
  if (!state.peer_chain.empty() && state.peer_digest) {
    return malformed("both the peer's certificate chain and its digest");
  }
  if (state.awaited) return validate_awaited(state, *state.awaited);
  return {};
}

}  // namespace baton::tls
