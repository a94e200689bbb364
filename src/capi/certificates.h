#pragma once

#include <string>

#include "baton/bytes.h"

namespace baton::capi {

// The certificates of a PEM text as they stand there, and nothing else: a private key in the same file does
// not come along (R6). Of a certificate that does not end, what comes before the next block.
std::string certificates_of(ByteView pem);

}  // namespace baton::capi
