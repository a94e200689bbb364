#include "baton/library.h"

#include "crypto/library.h"

namespace baton {

Result<void> start_library() {
  return crypto::start_library();
}

}  // namespace baton
