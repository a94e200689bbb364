// Tells a HelloRetryRequest from a ServerHello.
#pragma once

#include "base/bytes.h"

namespace baton::tls {

// `message`: a handshake message with its header.
bool is_hello_retry_request(ByteView message);

}  // namespace baton::tls
