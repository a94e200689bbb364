// Where a client comes from.
#pragma once

#include <array>
#include <cstdint>

#include "baton/export.h"

namespace baton {

// Its IP address and port.
struct BATON_EXPORT ClientAddress {
  std::array<std::uint8_t, 16> ip{};  // IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2); all zero: unknown
  std::uint16_t port = 0;             // 0: unknown

  friend bool operator==(const ClientAddress&, const ClientAddress&) = default;
};

}  // namespace baton
