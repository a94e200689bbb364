#include "base/secret.h"

#include <cstring>

namespace baton {

void wipe(MutableBytes bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace baton
