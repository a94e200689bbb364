// "baton:certificate=/etc/ssl/site.crt" names the private key of that certificate, which key stores have.
//
// Programs that want a key file get a PEM file whose content is such a URI: between BEGIN BATON KEY URI and
// END BATON KEY URI stands its text in Base64. Characters beyond those that RFC 3986 calls unreserved, and
// "/", are percent-encoded.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace baton::provider {

inline constexpr const char* kKeyUriScheme = "baton";
inline constexpr const char* kKeyFileLabel = "BATON KEY URI";
// The first line of that file.
inline constexpr std::string_view kKeyFileBegins = "-----BEGIN BATON KEY URI-----";

// The certificate's path. Errors: malformed, saying what is wrong: not of this form, a path that is not
// absolute or has a zero in it.
[[nodiscard]] Result<std::filesystem::path> parse_key_uri(std::string_view uri);

// The URI for a certificate. Errors: invalid_argument, when the path is not absolute.
[[nodiscard]] Result<std::string> key_uri_of(const std::filesystem::path& certificate);

// The URI as a PEM file.
std::string key_file_of(std::string_view uri);

// The text of the first such block in a PEM file; nullopt: it has none. What else is in the file is passed
// over, and not kept.
std::optional<std::string> find_key_uri(ByteView pem);

}  // namespace baton::provider
