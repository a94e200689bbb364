#include "capi/certificates.h"

#include <algorithm>
#include <string_view>

namespace baton::capi {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// As OpenSSL has it: the second is the old name, which it still reads.
bool begins_certificate(std::string_view line) {
  return line.starts_with("-----BEGIN CERTIFICATE-----") ||
         line.starts_with("-----BEGIN X509 CERTIFICATE-----");
}

// Takes the first line, with its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

}  // namespace

std::string certificates_of(ByteView pem) {
  std::string_view rest(reinterpret_cast<const char*>(pem.data()), pem.size());
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::string kept;
  bool is_inside = false;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.starts_with("-----BEGIN ")) is_inside = begins_certificate(line);
    if (is_inside) kept += line;
    if (line.starts_with("-----END ")) is_inside = false;
  }
  return kept;
}

}  // namespace baton::capi
