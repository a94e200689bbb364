#include "baton/connection.h"

#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

// Runs `body` on a connection that is alive.
template <class Body>
baton_status with(baton_connection* connection, std::initializer_list<Argument> arguments,
                  Body body) noexcept {
  for (const Argument& argument : arguments) {
    if (argument.missing) return note_missing(argument);
  }
  return guarded({needed(connection, "connection")}, [&]() -> Result<void> {
    if (!connection->value.alive()) {
      return fail(ErrorCode::consumed, "the connection was serialized or given away");
    }
    return body(connection->value);
  });
}

struct Shown {
  baton_event event;
  ByteView data{};
  std::size_t size = 0;
};
Shown show(const NeedBytes& event) {
  return {BATON_EVENT_NEED_BYTES, {}, event.count};
}
Shown show(const ApplicationData& event) {
  return {BATON_EVENT_DATA, event.bytes, event.bytes.size()};
}
Shown show(const PeerClosed& /*event*/) {
  return {BATON_EVENT_PEER_CLOSED};
}
Shown show(const Failure& /*event*/) {
  return {BATON_EVENT_FAILED};
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

void baton_connection_free(baton_connection* connection) {
  delete connection;
}

baton_status baton_connection_feed(baton_connection* connection, const uint8_t* bytes, size_t size) {
  return with(connection, {capi::bytes(bytes, size, "bytes")}, [&](Connection& value) -> Result<void> {
    value.feed({bytes, size});
    return {};
  });
}

baton_status baton_connection_receive_space(baton_connection* connection, size_t at_least, uint8_t** space,
                                            size_t* size) {
  return with(connection, {needed(space, "space"), needed(size, "size")},
              [&](Connection& value) -> Result<void> {
                if (at_least > kMaxSerializedSize) {
                  return fail(ErrorCode::invalid_argument, "more than 4 MiB are asked for at once");
                }
                const MutableBytes room = value.receive_space(at_least);
                *space = room.data();
                *size = room.size();
                return {};
              });
}

baton_status baton_connection_received(baton_connection* connection, size_t count) {
  return with(connection, {}, [&](Connection& value) -> Result<void> {
    value.received(count);
    return {};
  });
}

baton_status baton_connection_next(baton_connection* connection, baton_event* event, const uint8_t** data,
                                   size_t* size) {
  return with(connection, {needed(event, "event"), needed(data, "data"), needed(size, "size")},
              [&](Connection& value) -> Result<void> {
                const Shown shown = std::visit([](const auto& found) { return show(found); }, value.next());
                *event = shown.event;
                *data = shown.data.data();
                *size = shown.size;
                return {};
              });
}

baton_status baton_connection_consume(baton_connection* connection, size_t count) {
  return with(connection, {}, [&](Connection& value) -> Result<void> {
    value.consume(count);
    return {};
  });
}

baton_status baton_connection_write(baton_connection* connection, const uint8_t* plaintext, size_t size) {
  return with(connection, {capi::bytes(plaintext, size, "plaintext")}, [&](Connection& value) {
    return value.write({plaintext, size});
  });
}

void baton_connection_after_idle(baton_connection* connection) {
  if (connection != nullptr) connection->value.after_idle();
}

baton_status baton_connection_close_write(baton_connection* connection) {
  return with(connection, {}, [](Connection& value) { return value.close_write(); });
}

baton_status baton_connection_abort(baton_connection* connection, int alert, const char* reason) {
  return with(connection, {}, [&](Connection& value) -> Result<void> {
    if (alert < 0 || alert > 255) return fail(ErrorCode::invalid_argument, "an alert is a number up to 255");
    value.abort(static_cast<Alert>(alert), reason != nullptr ? reason : "the application gave up");
    return {};
  });
}

baton_status baton_connection_update_keys(baton_connection* connection, int request_peer) {
  return with(connection, {}, [&](Connection& value) {
    return value.update_keys(request_peer != 0 ? KeyUpdateRequest::update_requested
                                               : KeyUpdateRequest::update_not_requested);
  });
}

const uint8_t* baton_connection_output(baton_connection* connection, size_t* size) {
  return give_view(connection != nullptr ? connection->value.output() : ByteView(), size);
}

baton_status baton_connection_output_sent(baton_connection* connection, size_t count) {
  return with(connection, {}, [&](Connection& value) -> Result<void> {
    if (auto checked = check_sent(count, value.output().size()); !checked) return checked;
    value.output_sent(count);
    return {};
  });
}
