// What a process accepts when it continues a connection that another one has established.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "baton/export.h"
#include "baton/types.h"

namespace baton {

// Checked after a serialized connection has been decoded and before any key is built from it. What it forbids
// is ErrorCode::not_allowed, and `limit_exceeded` for the size.
struct BATON_EXPORT ImportPolicy {
  ProtocolVersion min_version = ProtocolVersion::tls12;  // the oldest that is accepted
  std::vector<std::string> cipher_suites{};              // IANA names; empty: every suite that Baton carries

  // Greatest age of the connection, counted from its handshake. With it, a connection whose handshake time is
  // not known is refused. No bound when absent.
  std::optional<std::chrono::seconds> max_age{};
  // How far the clock of the machine that did the handshake may be ahead of ours; beyond is `not_yet_valid`.
  // Only looked at together with max_age.
  std::chrono::seconds max_clock_skew{30};

  std::size_t max_size = kMaxSerializedSize;  // bytes serialized
};

}  // namespace baton
