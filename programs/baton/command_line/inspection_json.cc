#include "base/bytes.h"
#include "command_line/inspection.h"
#include "command_line/json.h"
#include "command_line/text.h"
#include "handshake/groups.h"

namespace baton::command_line {
namespace {

using tls::ConnectionState;

// Applies `convert` to what is there.
template <class T, class Convert>
auto map(const std::optional<T>& value, Convert convert) -> std::optional<decltype(convert(*value))> {
  if (!value) return std::nullopt;
  return convert(*value);
}

std::optional<std::string> not_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string hex_of(const tls::CertificateDigest& digest) {
  return to_hex(digest);
}

JsonObject envelope_json(const Inspection& found) {
  using serialization::EnvelopeInfo;
  const auto& envelope = found.envelope;
  JsonObject json;
  json.add("version", found.header->version);
  json.add("key_id", found.header->key_id);
  json.add("ciphertext_size", found.header->ciphertext_size);
  json.add("claim_id", map(envelope, [](const EnvelopeInfo& info) { return to_hex(info.claim_id); }));
  json.add("sealed_at", map(envelope, [](const EnvelopeInfo& info) { return iso_time(info.sealed_at); }));
  json.add("expires_at", map(envelope, [](const EnvelopeInfo& info) { return iso_time(info.expires_at); }));
  json.add("expired", map(envelope, [&](const EnvelopeInfo& /*info*/) { return found.has_expired(); }));
  json.add("audience", map(envelope, [](const EnvelopeInfo& info) { return info.audience; }));
  json.add("purpose", map(envelope, [](const EnvelopeInfo& info) { return info.purpose; }));
  json.add("role", map(envelope, [](const EnvelopeInfo& info) { return to_string(info.role); }));
  return json;
}

JsonArray chain_sizes(const std::vector<Bytes>& chain) {
  JsonArray sizes;
  for (const Bytes& certificate : chain) sizes.add(certificate.size());
  return sizes;
}

JsonArray unknown_fields(const std::vector<tls::UnknownField>& fields) {
  JsonArray all;
  for (const tls::UnknownField& field : fields) {
    JsonObject one;
    one.add("number", field.type);
    one.add("size", field.value.size());
    all.add(one);
  }
  return all;
}

void add_protocol(const InspectedConnection& connection, JsonObject& json) {
  const ConnectionState& state = connection.state;
  json.add("serialization_version", map(connection.version, [](SerializationVersion version) {
             return static_cast<std::uint16_t>(version);
           }));
  json.add("size", connection.size);
  json.add("role", to_string(state.role));
  json.add("phase", to_string(state.phase()));
  json.add("tls_version", to_string(state.version()));
  json.add("cipher_suite", state.suite->name);
  json.add("cipher_suite_number", state.suite->id);
}

void add_record_layer(const ConnectionState& state, JsonObject& json) {
  json.add("keying_material_size", state.suite->keying_size());
  json.add("next_explicit_nonce_present", state.suite->explicit_nonce_size() != 0);
  json.add("exporter_secret_present", !state.exporter_secret.empty());
  json.add("read_sequence", state.read.sequence);
  json.add("write_sequence", state.write.sequence);
  json.add("max_receive_fragment", state.max_receive_fragment);
  json.add("max_send_fragment", state.max_send_fragment);
  json.add("key_update_owed", state.key_update_owed);
  json.add("read_closed", state.read_closed);
  json.add("write_closed", state.write_closed);
}

void add_in_flight(const ConnectionState& state, JsonObject& json) {
  json.add("unread_ciphertext_size", state.unread_ciphertext.size());
  json.add("unread_plaintext_size", state.unread_plaintext.size());
  json.add("unsent_ciphertext_size", state.unsent_ciphertext.size());
  json.add("partial_handshake_size", state.partial_handshake.size());
  json.add("deferred_ciphertext_size", state.awaited ? state.awaited->deferred_ciphertext.size() : 0);
}

void add_negotiated(const InspectedConnection& connection, JsonObject& json) {
  const ConnectionState& state = connection.state;
  json.add("server_name", not_empty(state.server_name));
  json.add("alpn", not_empty(state.alpn));
  json.add("group", map(state.group, handshake::group_name));
  json.add("group_number", state.group);
  json.add("resumed", state.resumed);
  json.add("handshake_time", map(state.handshake_time, iso_time));
  json.add("peer_certificate_sha256", map(connection.certificate, hex_of));
  json.add("peer_chain_sizes", chain_sizes(state.peer_chain));
  json.add("unknown_fields", unknown_fields(state.unknown_fields));
}

JsonObject connection_json(const InspectedConnection& connection) {
  JsonObject json;
  add_protocol(connection, json);
  add_record_layer(connection.state, json);
  add_in_flight(connection.state, json);
  add_negotiated(connection, json);
  return json;
}

}  // namespace

std::string to_json(const Inspection& found) {
  JsonObject json;
  json.add("kind", found.header ? "sealed_connection" : "serialized_connection");
  json.add("size", found.size);
  json.add("envelope", map(found.header, [&](const auto& /*header*/) { return envelope_json(found); }));
  json.add("connection", map(found.connection, connection_json));
  return json.text() + "\n";
}

}  // namespace baton::command_line
