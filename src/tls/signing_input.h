// The inputs of the signatures in TLS handshakes, as far as they can be told from anything else.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "baton/signing.h"

namespace baton::tls {

using baton::SigningKind;

// The kind of an input, wholly checked: context and length of the transcript hash in TLS 1.3, a known curve
// and a point of exactly its size in TLS 1.2. nullopt: anything else.
std::optional<SigningKind> parse_signing_input(ByteView input);

using baton::to_string;

}  // namespace baton::tls
