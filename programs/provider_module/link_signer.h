// Signs with keys that key stores have, over links that the process keeps.
//
// The links are those of one process: they are opened by its first signature, and closed before it forks, so
// that a child shares none with its parent; both open new ones when they need them.
#pragma once

#include "handshake/remote_key/remote_signer.h"
#include "provider_module/link_thread.h"

namespace baton::provider_module {

class LinkSigner final : public remote_key::RemoteSigner {
 public:
  LinkSigner(Config config, links::LinkTls tls);
  ~LinkSigner() override;

  // Errors: refused (a key store has refused, or none can be reached), limit_exceeded (no answer in time), io
  // (there is no thread or memory for links).
  Result<Bytes> sign(const KeyDigest& key, SigningKind kind, std::uint16_t scheme, ByteView input) override;

 private:
  friend class AllSigners;
  Result<std::shared_ptr<provider::Answer>> ask(offload::Sign request);

  Config config_;
  links::LinkTls tls_;
  std::unique_ptr<LinkThread> thread_;  // null: not in this process, or not yet; guarded by AllSigners
};

}  // namespace baton::provider_module
