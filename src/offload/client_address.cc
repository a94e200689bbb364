#include "offload/client_address.h"

#include <algorithm>
#include <string_view>

namespace baton::offload {
namespace {

using Groups = std::array<unsigned, 8>;

struct Run {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// RFC 5952 §4.2.3: the longest run of zero groups is shortened; of equal ones, the first.
Run longest_zero_run(const Groups& groups) {
  Run longest;
  Run current;
  for (std::size_t index = 0; index < groups.size(); ++index) {
    if (groups[index] != 0) {
      current = {};
      continue;
    }
    if (current.size == 0) current.begin = index;
    ++current.size;
    if (current.size > longest.size) longest = current;
  }
  // RFC 5952 §4.2.2: "::" must not be used to shorten just one 16-bit 0 field.
  return longest.size >= 2 ? longest : Run{groups.size(), 0};
}

std::string ipv4_text(const std::array<std::uint8_t, 16>& ip) {
  std::string text = std::to_string(ip[12]);
  for (std::size_t index = 13; index < ip.size(); ++index) text += "." + std::to_string(ip[index]);
  return text;
}

// Without leading zeros (RFC 5952 §4.1), in lower case (§4.3).
std::string hex(unsigned group) {
  std::string text;
  for (; group != 0; group /= 16) text.insert(text.begin(), "0123456789abcdef"[group % 16]);
  return text.empty() ? "0" : text;
}

std::string ipv6_text(const std::array<std::uint8_t, 16>& ip) {
  Groups groups{};
  for (std::size_t index = 0; index < groups.size(); ++index) {
    groups[index] = static_cast<unsigned>(ip[2 * index] << 8 | ip[2 * index + 1]);
  }
  const Run zeros = longest_zero_run(groups);
  std::string text;
  for (std::size_t index = 0; index < groups.size(); ++index) {
    if (index == zeros.begin) {
      text += "::";
      index += zeros.size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += hex(groups[index]);
  }
  return text;
}

bool is_ipv4_mapped(const std::array<std::uint8_t, 16>& ip) {
  return std::all_of(ip.begin(), ip.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) &&
         ip[10] == 0xff && ip[11] == 0xff;
}

}  // namespace

ClientNetwork network_of(const ClientAddress& client) {
  constexpr std::size_t kIpv6NetworkSize = 8;  // bytes of a /64
  ClientNetwork network = client.ip;
  if (!is_ipv4_mapped(network)) std::fill(network.begin() + kIpv6NetworkSize, network.end(), std::uint8_t{0});
  return network;
}

std::string to_string(const ClientAddress& address) {
  const auto& ip = address.ip;
  if (std::all_of(ip.begin(), ip.end(), [](std::uint8_t byte) { return byte == 0; })) return "unknown";
  const std::string port = ":" + std::to_string(address.port);
  return is_ipv4_mapped(ip) ? ipv4_text(ip) + port : "[" + ipv6_text(ip) + "]" + port;
}

}  // namespace baton::offload
