#include "handshake/client_finished.h"

#include "tls/record_protection.h"

namespace baton::handshake {

Result<ClientFinished> predict_client_finished(const tls::CipherSuite& suite,
                                               tls::KeyingMaterial client_handshake_secret,
                                               const Transcript& transcript) {
  ClientFinished predicted;
  auto hash = transcript.hash(suite.hash);
  if (!hash) return pass_on(hash);
  auto verify_data = tls::finished_verify_data(suite.hash, client_handshake_secret, *hash);
  if (!verify_data) return pass_on(verify_data);
  auto protection = tls::RecordProtection::create(suite, client_handshake_secret);
  if (!protection) return pass_on(protection);
  const tls::FinishedMessage message = tls::finished_message(*verify_data);
  predicted.record.resize(protection->record_size(message.size(), 0));
  if (!protection->seal(0, 0, tls::ContentType::handshake, message.view(), 0, predicted.record)) {
    return fail(ErrorCode::crypto, "sealing the awaited Finished failed");
  }
  predicted.awaited.client_handshake_secret = std::move(client_handshake_secret);
  predicted.awaited.verify_data = std::move(*verify_data);
  return predicted;
}

}  // namespace baton::handshake
