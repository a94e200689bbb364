#include <fmt/format.h>

#include "base/bytes.h"
#include "command_line/inspection.h"
#include "command_line/text.h"
#include "handshake/groups.h"

namespace baton::command_line {
namespace {

using tls::ConnectionState;

constexpr const char* kUnknown = "unknown";

std::string yes_or_no(bool value) {
  return value ? "yes" : "no";
}

std::string quoted_or_unknown(const std::string& text) {
  return text.empty() ? kUnknown : quoted(text);
}

std::string hidden(std::size_t size) {
  return byte_count(size) + (size == 0 ? "" : ", not shown");
}

std::string chain_text(const std::vector<Bytes>& chain) {
  if (chain.empty()) return kUnknown;
  std::string sizes;
  for (const Bytes& certificate : chain) {
    sizes += fmt::format("{}{}", sizes.empty() ? "" : " + ", certificate.size());
  }
  return fmt::format("{} certificate{}, {} bytes", chain.size(), chain.size() == 1 ? "" : "s", sizes);
}

std::string unknown_fields_text(const std::vector<tls::UnknownField>& fields) {
  std::string text;
  for (const tls::UnknownField& field : fields) {
    text += fmt::format("{}number {} ({})", text.empty() ? "" : ", ", field.type, hidden(field.value.size()));
  }
  return text.empty() ? "none" : text;
}

void add_envelope(const Inspection& found, std::vector<TableRow>& rows) {
  rows.push_back({"envelope version", std::to_string(found.header->version)});
  rows.push_back({"key id", found.header->key_id});
  rows.push_back({"ciphertext", byte_count(found.header->ciphertext_size)});
  if (!found.envelope) return;
  const serialization::EnvelopeInfo& envelope = *found.envelope;
  rows.push_back({"claim id", to_hex(envelope.claim_id)});
  rows.push_back({"sealed at", iso_time(envelope.sealed_at)});
  rows.push_back(
      {"expires at", iso_time(envelope.expires_at) + (found.has_expired() ? ", expired" : ", not expired")});
  rows.push_back({"audience", quoted(envelope.audience)});
  rows.push_back({"purpose", quoted(envelope.purpose)});
  rows.push_back({"role", std::string(to_string(envelope.role))});
}

void add_protocol(const InspectedConnection& connection, std::vector<TableRow>& rows) {
  const ConnectionState& state = connection.state;
  const auto& version = connection.version;
  rows.push_back({"serialization version",
                  version ? std::to_string(static_cast<std::uint16_t>(*version)) : std::string(kUnknown)});
  rows.push_back({"serialized size", connection.size ? byte_count(*connection.size) : kUnknown});
  rows.push_back({"role", std::string(to_string(state.role))});
  rows.push_back({"phase", std::string(to_string(state.phase()))});
  rows.push_back({"TLS version", std::string(to_string(state.version()))});
  rows.push_back({"cipher suite", fmt::format("{} (0x{:04X})", state.suite->name, state.suite->id)});
}

void add_record_layer(const ConnectionState& state, std::vector<TableRow>& rows) {
  rows.push_back({"keying material", byte_count(state.suite->keying_size()) + " each way, not shown"});
  const bool has_nonce = state.suite->explicit_nonce_size() != 0;
  rows.push_back({"next explicit nonce", has_nonce ? "present, not shown" : "not present"});
  const bool has_exporter = !state.exporter_secret.empty();
  rows.push_back({"exporter secret", has_exporter ? hidden(state.exporter_secret.size()) : "not present"});
  rows.push_back({"next sequence number from the peer", std::to_string(state.read.sequence)});
  rows.push_back({"next sequence number to the peer", std::to_string(state.write.sequence)});
  rows.push_back({"largest fragment from the peer", byte_count(state.max_receive_fragment)});
  rows.push_back({"largest fragment to the peer", byte_count(state.max_send_fragment)});
  rows.push_back({"KeyUpdate owed", yes_or_no(state.key_update_owed)});
  rows.push_back({"closed by the peer", yes_or_no(state.read_closed)});
  rows.push_back({"closed by us", yes_or_no(state.write_closed)});
}

void add_in_flight(const ConnectionState& state, std::vector<TableRow>& rows) {
  rows.push_back({"unread ciphertext", hidden(state.unread_ciphertext.size())});
  rows.push_back({"unread plaintext", hidden(state.unread_plaintext.size())});
  rows.push_back({"unsent ciphertext", hidden(state.unsent_ciphertext.size())});
  rows.push_back({"partial handshake message", hidden(state.partial_handshake.size())});
  if (state.awaited) {
    rows.push_back({"deferred ciphertext", hidden(state.awaited->deferred_ciphertext.size())});
  }
}

void add_negotiated(const InspectedConnection& connection, std::vector<TableRow>& rows) {
  const ConnectionState& state = connection.state;
  rows.push_back({"server name", quoted_or_unknown(state.server_name)});
  rows.push_back({"ALPN", quoted_or_unknown(state.alpn)});
  rows.push_back({"group", state.group ? handshake::group_name(*state.group) : kUnknown});
  rows.push_back({"resumed", state.resumed ? yes_or_no(*state.resumed) : kUnknown});
  rows.push_back({"handshake time", state.handshake_time ? iso_time(*state.handshake_time) : kUnknown});
  rows.push_back(
      {"peer certificate", connection.certificate ? "SHA-256 " + to_hex(*connection.certificate) : kUnknown});
  rows.push_back({"peer chain", chain_text(state.peer_chain)});
  rows.push_back({"unknown fields", unknown_fields_text(state.unknown_fields)});
}

std::string connection_text(const InspectedConnection& connection) {
  std::vector<TableRow> rows;
  add_protocol(connection, rows);
  add_record_layer(connection.state, rows);
  add_in_flight(connection.state, rows);
  add_negotiated(connection, rows);
  return align(rows);
}

}  // namespace

std::string_view to_string(tls::Phase phase) {
  switch (phase) {
    case tls::Phase::established:
      return "established";
    case tls::Phase::awaiting_client_finished:
      return "awaiting client Finished";
  }
  return kUnknown;
}

std::string to_text(const Inspection& found) {
  if (!found.header) {
    return fmt::format("Serialized connection, not sealed, {}\n\n{}", byte_count(found.size),
                       connection_text(*found.connection));
  }
  std::vector<TableRow> rows;
  add_envelope(found, rows);
  return fmt::format("Sealed connection, {}\n\n{}\n{}", byte_count(found.size), align(rows),
                     found.connection ? "Connection in it\n\n" + connection_text(*found.connection)
                                      : "To see more, give the key ring that has this key: --keyring RING\n");
}

}  // namespace baton::command_line
