// DNS names and the patterns that configuration files are written with.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace baton::programs {

// A DNS name in ASCII (internationalized names in their xn-- form), without a trailing dot; returned in lower
// case. RFC 1035 §2.3.4: labels of at most 63 bytes, names of at most 253 as text. Underscores are allowed,
// as DNS has them. Errors: malformed, with a text that says what is wrong.
[[nodiscard]] Result<std::string> parse_dns_name(std::string_view text);

// A name that a tenant serves: a DNS name, or "*." and a DNS name of at least two labels, for one label more.
[[nodiscard]] Result<std::string> parse_name_pattern(std::string_view text);

// As parse_name_pattern, or "*" alone for every name.
[[nodiscard]] Result<std::string> parse_name_pattern_or_all(std::string_view text);

// The identity in a link's client certificate: a DNS name, or a URI such as "spiffe://example.com/app1".
// A URI is returned as written, since it is compared byte for byte.
[[nodiscard]] Result<std::string> parse_identity(std::string_view text);

}  // namespace baton::programs
