#include "net/plain_stream.h"

namespace baton::net {

void PlainStream::close() {
  std::error_code ignored;
  socket_.close(ignored);
}

}  // namespace baton::net
