#pragma once

#include "base/error.h"
#include "baton/secret.h"

namespace baton::capi {

// All of a file of at most 1 MiB, which may hold secrets. Errors, with the path: io, limit_exceeded.
Result<SecretBuffer> read_file(const char* path);

}  // namespace baton::capi
