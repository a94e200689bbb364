#include "handshake/client_hello.h"

#include <algorithm>

#include "tls/cipher_suite.h"

namespace baton::handshake {
namespace {

constexpr std::size_t kMaxHostName = 255;  // bytes, RFC 1035 §2.3.4

tl::unexpected<tls::Failure> refuse(tls::Alert alert, std::string reason) {
  return tl::unexpected<tls::Failure>({alert, false, std::move(reason)});
}

// The body of an extension; empty when the client did not send it.
ByteView extension_body(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) return {};
  return {data, size};
}

bool has_extension(SSL* ssl, unsigned type) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  return SSL_client_hello_get0_ext(ssl, type, &data, &size) == 1;
}

// RFC 8446 §4.2.1: ProtocolVersion versions<2..254>
bool lists_tls13(ByteView supported_versions) {
  ByteReader reader(supported_versions);
  reader.u8();
  while (reader.left() >= 2) {
    if (reader.u16() == static_cast<std::uint16_t>(tls::ProtocolVersion::tls13)) return true;
  }
  return false;
}

bool is_host_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string normalized_host_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kMaxHostName || name.starts_with('.')) return {};
  std::string normalized(name);
  std::transform(normalized.begin(), normalized.end(), normalized.begin(), lower);
  if (!std::all_of(normalized.begin(), normalized.end(), is_host_name_letter)) return {};
  return normalized;
}

tl::expected<std::string, tls::Failure> parse_server_name(ByteView extension) {
  ByteReader reader(extension);
  const std::size_t list_size = reader.u16();
  const bool whole_list = list_size == reader.left();
  const std::uint8_t name_type = reader.u8();
  const ByteView name = reader.bytes(reader.u16());
  // RFC 6066 §3: the ServerNameList MUST NOT contain more than one name of the same name_type. Only host_name
  // (0) has ever been defined.
  if (!whole_list || !reader.finished() || name_type != 0) {
    return refuse(tls::Alert::decode_error, "malformed server_name extension");
  }
  std::string host_name = normalized_host_name(as_text(name));
  if (host_name.empty()) return refuse(tls::Alert::unrecognized_name, "the server name is not a host name");
  return host_name;
}

tl::expected<ClientHelloFields, tls::Failure> read_client_hello(SSL* ssl) {
  ClientHelloFields fields;
  if (has_extension(ssl, TLSEXT_TYPE_server_name)) {
    auto name = parse_server_name(extension_body(ssl, TLSEXT_TYPE_server_name));
    if (!name) return tl::unexpected<tls::Failure>(std::move(name.error()));
    fields.server_name = std::move(*name);
  }
  fields.offers_tls13 = lists_tls13(extension_body(ssl, TLSEXT_TYPE_supported_versions));
  fields.offers_early_data = has_extension(ssl, TLSEXT_TYPE_early_data);
  fields.signature_algorithms = extension_body(ssl, TLSEXT_TYPE_signature_algorithms);
  return fields;
}

}  // namespace baton::handshake
