#include "baton/handshake.h"

#include "api/inside.h"
#include "base/bytes.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

Error taken() {
  return {ErrorCode::consumed, "the handshake has become a connection"};
}

baton_step step_of(HandshakeStep step) {
  switch (step) {
    case HandshakeStep::need_bytes:
      return BATON_STEP_NEED_BYTES;
    case HandshakeStep::complete:
      return BATON_STEP_COMPLETE;
    case HandshakeStep::need_signature:  // C has no keys that are elsewhere
    case HandshakeStep::failed:
      break;
  }
  return BATON_STEP_FAILED;
}

// All that is for the peer, in one piece.
ByteView collect_output(baton_handshake& handshake) {
  const Bytes more = std::visit([](auto& value) { return value.take_output(); }, handshake.value);
  if (!more.empty()) {
    handshake.output.erase(handshake.output.begin(),
                           handshake.output.begin() + static_cast<std::ptrdiff_t>(handshake.sent));
    handshake.sent = 0;
    append(handshake.output, more);
  }
  return ByteView(handshake.output).subspan(handshake.sent);
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_handshake_new(const baton_config* config, baton_handshake** handshake) {
  return guarded({needed(config, "config"), needed(handshake, "handshake")},
                 [&] { return give(handshake, Handshake::start(config->value)); });
}

void baton_handshake_free(baton_handshake* handshake) {
  delete handshake;
}

baton_status baton_handshake_advance(baton_handshake* handshake, const uint8_t* bytes, size_t size,
                                     baton_step* step) {
  return guarded({needed(handshake, "handshake"), capi::bytes(bytes, size, "bytes"), needed(step, "step")},
                 [&]() -> Result<void> {
                   if (handshake->taken) return tl::unexpected(taken());
                   handshake->step = std::visit(
                       [&](auto& value) { return value.advance(ByteView(bytes, size)); }, handshake->value);
                   *step = step_of(handshake->step);
                   return {};
                 });
}

size_t baton_handshake_room(const baton_handshake* handshake) {
  if (handshake == nullptr || handshake->taken) return 0;
  const auto* offloaded = std::get_if<OffloadedHandshake>(&handshake->value);
  return offloaded != nullptr ? offloaded->room() : SIZE_MAX;
}

const uint8_t* baton_handshake_output(baton_handshake* handshake, size_t* size) {
  return shielded(give_view({}, size), [&] {
    return give_view(handshake == nullptr || handshake->taken ? ByteView() : collect_output(*handshake),
                     size);
  });
}

baton_status baton_handshake_output_sent(baton_handshake* handshake, size_t count) {
  return guarded({needed(handshake, "handshake")}, [&]() -> Result<void> {
    if (auto checked = check_sent(count, handshake->output.size() - handshake->sent); !checked)
      return checked;
    handshake->sent += count;
    return {};
  });
}

const char* baton_handshake_failure(baton_handshake* handshake, int* alert, int* from_peer) {
  if (handshake == nullptr || handshake->step != HandshakeStep::failed) return nullptr;
  const Failure& failure =
      std::visit([](const auto& value) -> const Failure& { return value.failure(); }, handshake->value);
  if (alert != nullptr) *alert = static_cast<int>(failure.alert);
  if (from_peer != nullptr) *from_peer = failure.from_peer ? 1 : 0;
  return give_text(handshake->failure, failure.reason);
}

const char* baton_handshake_failure_kind(baton_handshake* handshake) {
  if (handshake == nullptr || handshake->step != HandshakeStep::failed) return nullptr;
  const auto* offloaded = std::get_if<OffloadedHandshake>(&handshake->value);
  if (offloaded == nullptr) return nullptr;
  return give_text(handshake->failure_kind, offloaded->failure_kind());
}

const char* baton_handshake_server_name(baton_handshake* handshake) {
  if (handshake == nullptr) return nullptr;
  const std::string& name = std::visit(
      [](const auto& value) -> const std::string& { return value.server_name(); }, handshake->value);
  return name.empty() ? nullptr : give_text(handshake->server_name, name);
}

const char* baton_handshake_peer_name(baton_handshake* handshake, size_t index) {
  const auto* local = handshake != nullptr ? std::get_if<Handshake>(&handshake->value) : nullptr;
  if (local == nullptr || index >= local->peer_names().size()) return nullptr;
  return give_text(handshake->peer_name, local->peer_names()[index]);
}

baton_status baton_handshake_connection(baton_handshake* handshake, baton_connection** connection) {
  return guarded({needed(handshake, "handshake"), needed(connection, "connection")}, [&]() -> Result<void> {
    if (handshake->taken) return tl::unexpected(taken());
    if (handshake->step != HandshakeStep::complete) {
      return fail(ErrorCode::invalid_argument, "the handshake is not complete");
    }
    const ByteView output = collect_output(*handshake);
    const Bytes unsent(output.begin(), output.end());
    handshake->taken = true;
    auto made = std::visit([](auto& value) { return std::move(value).connection(); }, handshake->value);
    if (!made) return pass_on(made);
    return give(connection, with_unsent_in_front(std::move(*made), unsent));
  });
}
