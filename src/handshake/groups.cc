#include "handshake/groups.h"

#include <openssl/obj_mac.h>

#include <array>

namespace baton::handshake {
namespace {

struct Group {
  std::uint16_t id;
  int nid;  // NID_undef: libssl answers with the IANA number
  const char* name;
};

constexpr std::array<Group, 10> kGroups = {{
    {23, NID_X9_62_prime256v1, "P-256"},
    {24, NID_secp384r1, "P-384"},
    {25, NID_secp521r1, "P-521"},
    {29, NID_X25519, "X25519"},
    {30, NID_X448, "X448"},
    {256, NID_ffdhe2048, "ffdhe2048"},
    {257, NID_ffdhe3072, "ffdhe3072"},
    {4587, NID_undef, "SecP256r1MLKEM768"},
    {4588, NID_undef, "X25519MLKEM768"},
    {4589, NID_undef, "SecP384r1MLKEM1024"},
}};

// libssl marks the number of a group that has no NID with this bit.
constexpr long kNoNid = 0x1000000;

}  // namespace

std::optional<std::uint16_t> negotiated_group(SSL* ssl) {
  const long answer = SSL_get_negotiated_group(ssl);
  if (answer <= 0) return std::nullopt;
  if ((answer & kNoNid) != 0) return static_cast<std::uint16_t>(answer & 0xffff);
  for (const Group& group : kGroups) {
    if (group.nid == answer) return group.id;
  }
  return std::nullopt;
}

std::string group_name(std::uint16_t group) {
  for (const Group& known : kGroups) {
    if (known.id == group) return known.name;
  }
  return "group(" + std::to_string(group) + ")";
}

}  // namespace baton::handshake
