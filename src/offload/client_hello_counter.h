// Follows a client's stream through its ClientHellos, to know whether the key store owes an answer. What they
// say is not looked at.
#pragma once

#include "handshake/record_inbox.h"

namespace baton::offload {

class ClientHelloCounter {
 public:
  // The next bytes of the client's stream, in any cutting. The caller bounds them.
  void feed(ByteView bytes);

  // ClientHellos that have come whole: one, and a second one after a HelloRetryRequest. Nothing behind the
  // first other message is looked at.
  unsigned whole() const { return whole_; }

 private:
  void take_record(ByteView record);
  void take_messages();

  handshake::RecordInbox records_;
  Bytes messages_;  // from the beginning of the one that has not come whole
  unsigned whole_ = 0;
  bool stopped_ = false;
};

}  // namespace baton::offload
