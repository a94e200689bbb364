// TLS 1.3's exporter (RFC 8446 §7.5).
#pragma once

#include <string_view>

#include "base/error.h"
#include "tls/connection_state.h"

namespace baton::tls {

// Fills `out` with TLS-Exporter(label, context, out.size()). `label` is at most 249 bytes, `out` at most 255
// hashes. Errors: refused, where the state has no exporter secret; invalid_argument; crypto.
[[nodiscard]] Result<void> export_keying_material(const ConnectionState& state, std::string_view label,
                                                  ByteView context, MutableBytes out);

}  // namespace baton::tls
