#include "common/tls_policy_config.h"

#include <array>

#include "common/common_config.h"

namespace baton::programs {
namespace {

using tls::ProtocolVersion;

constexpr std::size_t kMaxAlpnProtocol = 255;  // bytes, RFC 7301 §3.1

constexpr std::array<std::pair<std::string_view, ProtocolVersion>, 2> kVersions = {
    {{"1.2", ProtocolVersion::tls12}, {"1.3", ProtocolVersion::tls13}}};

std::vector<std::string> read_alpn(TableReader& table) {
  std::vector<std::string> protocols;
  Duplicates duplicates;
  for (const PlacedText& protocol : table.optional_texts("alpn")) {
    duplicates.check(table, protocol.text, protocol.place);
    // RFC 7301 §3.1: opaque ProtocolName<1..2^8-1>;
    if (protocol.text.size() > kMaxAlpnProtocol) {
      table.error(protocol.place, "a protocol has at most 255 bytes");
    }
    protocols.push_back(protocol.text);
  }
  return protocols;
}

}  // namespace

TlsPolicyConfig read_tls_policy(TableReader& table) {
  TlsPolicyConfig policy;
  policy.alpn = read_alpn(table);
  policy.min_version = table.choice<ProtocolVersion>("min_version", "1.2", kVersions);
  policy.max_version = table.choice<ProtocolVersion>("max_version", "1.3", kVersions);
  if (policy.min_version > policy.max_version) {
    table.error(table.place_of("min_version"), "is above max_version");
  }
  return policy;
}

}  // namespace baton::programs
