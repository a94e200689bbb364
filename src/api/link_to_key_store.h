// What stands behind LinkToKeyStore.
#pragma once

#include "api/link_stream.h"
#include "baton/offload.h"
#include "offload/client_offload.h"
#include "offload/handshake_link.h"

namespace baton {

// One link as a set of one key store, which is all that ClientOffload asks for.
struct LinkToKeyStore::Inside final : offload::HandshakeLink, offload::KeyStoreSet {
  Inside(std::optional<Connection> tls, const LinkOptions& options);

  Result<void> receive_stream(ByteView bytes);
  ByteView output_of_stream() { return stream.output(*this, finished()); }
  void output_of_stream_sent(std::size_t count) { stream.output_sent(*this, count); }
  void end(std::string_view reason);

  bool ended() const { return !end_reason.empty(); }
  bool usable() const { return client().ready() && !client().going_away() && !ended(); }
  bool finished() const { return ended() || (client().going_away() && client().in_flight() == 0); }

  // For LinkStream.
  ByteView output() const { return client().output(); }
  void output_sent(std::size_t count) { HandshakeLink::output_sent(count); }

  // KeyStoreSet.
  Result<std::unique_ptr<offload::RemoteHandshake>> open(offload::KeyStoreIndex store,
                                                         offload::OpenRequest request,
                                                         std::function<void()> on_news) override;
  // HandshakeLink.
  void on_output() override;
  void on_news(offload::LinkNews news) override;

  using HandshakeLink::client;

  LinkStream stream;
  offload::KeyStorePicker picker;
  offload::OffloadPolicy policy;
  std::string end_reason;  // empty: it lives
};

}  // namespace baton
