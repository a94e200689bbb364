// A key file that somebody wrote: what is found in it names a file, or is refused, and is written again as it
// was.
#include <cstdint>
#include <cstdlib>

#include "handshake/provider/key_uri.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace baton;
  using namespace baton::provider;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto check = [](std::string_view uri) {
    const auto path = parse_key_uri(uri);
    if (!path) return;
    const auto again = key_uri_of(*path);
    if (!again || parse_key_uri(*again).value().native() != path->native()) std::abort();
    if (find_key_uri(as_bytes(key_file_of(*again))) != *again) std::abort();
  };
  check(text);
  if (const auto uri = find_key_uri({data, size})) check(*uri);
  return 0;
}
