#include "command_line/key_uri.h"

#include <fmt/format.h>

#include <ostream>

#include "handshake/provider/certificate_key.h"
#include "handshake/provider/key_uri.h"

namespace baton::command_line {

Result<void> write_key_uri(const std::filesystem::path& certificate, const Environment& environment) {
  // As it will be read later, by a program that runs elsewhere.
  const auto path = std::filesystem::absolute(certificate).lexically_normal();
  const auto key = provider::key_of_certificate(path);
  if (!key) return fail(key.error().code, key.error().message);
  const auto uri = provider::key_uri_of(path);
  if (!uri) return fail(uri.error().code, uri.error().message);
  // Text in front of a PEM block is a comment. The digest is how key stores' logs call the key.
  environment.out << fmt::format("{}\nkey {}\n{}", *uri, to_hex((*key)->digest), provider::key_file_of(*uri));
  return {};
}

}  // namespace baton::command_line
