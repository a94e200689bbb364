#include "common/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <charconv>
#include <optional>

#include "common/names.h"

namespace baton::programs {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

bool is_address(int family, std::string_view text) {
  in6_addr address{};  // room for either family
  // inet_pton() would end the text at a NUL.
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), &address) == 1;
}

bool is_ipv4_address(std::string_view text) {
  return is_address(AF_INET, text);
}
bool is_ipv6_address(std::string_view text) {
  return is_address(AF_INET6, text);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::optional<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    const std::string_view inside = text.substr(1, text.size() - 2);
    return is_ipv6_address(inside) ? std::optional(std::string(inside)) : std::nullopt;
  }
  if (is_ipv4_address(text)) return std::string(text);
  auto name = parse_dns_name(text);
  return name ? std::optional(std::move(*name)) : std::nullopt;
}

Result<Endpoint> parse_unix(std::string_view text) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (path.empty() || path.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::malformed, fmt::format("\"{}\" names no path; write unix:PATH", text));
  }
  return UnixEndpoint{std::filesystem::path(path)};
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::malformed, fmt::format("\"{}\" is not HOST:PORT or unix:PATH", text));
  }
  if (is_ipv6_address(text) || is_ipv6_address(text.substr(0, colon))) {
    return fail(ErrorCode::malformed,
                fmt::format("\"{}\" has an IPv6 address without brackets; write [ADDRESS]:PORT", text));
  }
  auto host = parse_host(text.substr(0, colon));
  if (!host) {
    return fail(ErrorCode::malformed,
                fmt::format("\"{}\" is not HOST:PORT or unix:PATH: \"{}\" is no IP address or DNS name", text,
                            text.substr(0, colon)));
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) {
    return fail(ErrorCode::malformed, fmt::format("\"{}\": the port must be a number from 1 to 65535", text));
  }
  return TcpEndpoint{std::move(*host), *port};
}

bool is_ip_address(std::string_view text) {
  return is_ipv4_address(text) || is_ipv6_address(text);
}

}  // namespace baton::programs
