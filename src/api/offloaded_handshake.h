// What stands behind OffloadedHandshake.
#pragma once

#include "api/link_to_key_store.h"
#include "offload/takeover.h"

namespace baton {

// The link is usable.
Result<OffloadedHandshake> open_offloaded(std::shared_ptr<LinkToKeyStore::Inside> link, const Config& config,
                                          OffloadRequest request);

struct OffloadedHandshake::Inside {
  Inside(std::shared_ptr<LinkToKeyStore::Inside> of, const Config& config_of, OffloadRequest request);
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside();

  std::size_t room() const;
  void advance(ByteView client_bytes);
  Result<Connection> connection();

  void relay(ByteView client_bytes);
  void handle(offload::OffloadEvent event);
  void give_client(ByteView bytes);
  void take_over(offload::Handoff handoff);
  void await_finished();
  void pass_on_failure(offload::Failed failed);
  void fail_with(std::string_view failed_as, std::string reason);
  void fail_as(std::string_view failed_as, Failure why);

  std::shared_ptr<LinkToKeyStore::Inside> link;
  Config config;
  offload::ClientOffload offload;
  std::optional<offload::Takeover> takeover;  // from the handoff on
  HandshakeStep step = HandshakeStep::need_bytes;
  bool begun = false;
  Bytes output;
  std::size_t given = 0;  // bytes for the client, in all
  Failure failure;
  std::string_view failure_kind;
  std::string server_name;
};

}  // namespace baton
