// A BIO on top of another one that writes down what passes, and can be made to let nothing pass.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "base/error.h"
#include "handshake/wire_record.h"

namespace baton::handshake {

// Puts one on top of the BIO that `ssl` reads from, and one on top of the one that it writes to.
[[nodiscard]] Result<void> push_recording_bios(SSL* ssl, const std::shared_ptr<WireRecord>& record);

// Whether libssl still reads and writes through them.
bool records_wire(const SSL* ssl, const std::shared_ptr<WireRecord>& record);

}  // namespace baton::handshake
