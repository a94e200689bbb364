// What is known of a connection.

#include <algorithm>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

// NULL for none.
template <class Text>
const char* keep(std::string& kept, const std::optional<Text>& text) {
  return text ? give_text(kept, *text) : nullptr;
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

int baton_connection_alive(const baton_connection* connection) {
  return connection != nullptr && connection->value.alive() ? 1 : 0;
}

int baton_connection_role(const baton_connection* connection) {
  if (baton_connection_alive(connection) == 0) return -1;
  return connection->value.role() == Role::server ? BATON_SERVER : BATON_CLIENT;
}

int baton_connection_protocol_version(const baton_connection* connection) {
  if (baton_connection_alive(connection) == 0) return 0;
  return static_cast<int>(connection->value.protocol_version());
}

const char* baton_connection_cipher_suite(baton_connection* connection) {
  if (baton_connection_alive(connection) == 0) return nullptr;
  return shielded<const char*>(nullptr, [&] {
    return keep(connection->cipher_suite, std::optional(connection->value.cipher_suite()));
  });
}

const char* baton_connection_group(baton_connection* connection) {
  if (connection == nullptr) return nullptr;
  return shielded<const char*>(nullptr, [&] { return keep(connection->group, connection->value.group()); });
}

const char* baton_connection_server_name(baton_connection* connection) {
  if (connection == nullptr) return nullptr;
  return shielded<const char*>(
      nullptr, [&] { return keep(connection->server_name, connection->value.server_name()); });
}

const char* baton_connection_alpn(baton_connection* connection) {
  if (connection == nullptr) return nullptr;
  return shielded<const char*>(nullptr, [&] { return keep(connection->alpn, connection->value.alpn()); });
}

int baton_connection_resumed(const baton_connection* connection) {
  const auto resumed = connection != nullptr ? connection->value.resumed() : std::nullopt;
  return resumed ? (*resumed ? 1 : 0) : -1;
}

int64_t baton_connection_handshake_time(const baton_connection* connection) {
  const auto time = connection != nullptr ? connection->value.handshake_time() : std::nullopt;
  return time ? seconds_of(*time) : -1;
}

baton_status baton_connection_peer_certificate_digest(const baton_connection* connection,
                                                      uint8_t digest[32]) {
  return guarded({needed(connection, "connection"), needed(digest, "digest")}, [&]() -> Result<void> {
    const auto known = connection->value.peer_certificate_digest();
    if (!known) return fail(ErrorCode::refused, "no certificate of the peer is known");
    std::ranges::copy(*known, digest);
    return {};
  });
}

const uint8_t* baton_connection_peer_certificate(const baton_connection* connection, size_t index,
                                                 size_t* size) {
  if (connection == nullptr || index >= connection->value.peer_certificate_chain().size()) {
    return give_view({}, size);
  }
  return give_view(connection->value.peer_certificate_chain()[index], size);
}

const char* baton_connection_failure(baton_connection* connection, int* alert, int* from_peer) {
  if (connection == nullptr || !connection->value.failure()) return nullptr;
  const Failure& failure = *connection->value.failure();
  if (alert != nullptr) *alert = static_cast<int>(failure.alert);
  if (from_peer != nullptr) *from_peer = failure.from_peer ? 1 : 0;
  return give_text(connection->failure, failure.reason);
}

int baton_connection_can_export_keying_material(const baton_connection* connection) {
  return connection != nullptr && connection->value.can_export_keying_material() ? 1 : 0;
}

baton_status baton_connection_export_keying_material(const baton_connection* connection, const char* label,
                                                     const uint8_t* context, size_t context_size,
                                                     uint8_t* out, size_t out_size) {
  return guarded(
      {needed(connection, "connection"), needed(label, "label"), bytes(context, context_size, "context"),
       bytes(out, out_size, "out")},
      [&] {
        return connection->value.export_keying_material(label, {context, context_size}, {out, out_size});
      });
}
