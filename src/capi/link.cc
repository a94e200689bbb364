// The application server's end of a link.

#include <algorithm>
#include <cstring>

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

LinkOptions options_of(const char* software, std::uint32_t max_in_flight) {
  LinkOptions options;
  if (software != nullptr) options.software = software;
  if (max_in_flight != 0) options.max_in_flight = max_in_flight;
  return options;
}

// What of `from` is there, by its size; the rest is 0.
Result<OffloadRequest> request_of(const baton_offload_request* from) {
  OffloadRequest request;
  if (from == nullptr) return request;
  if (from->struct_size < sizeof from->struct_size) {
    return fail(ErrorCode::invalid_argument, "struct_size is not set to sizeof(baton_offload_request)");
  }
  baton_offload_request known{};
  std::memcpy(&known, from, std::min(from->struct_size, sizeof known));
  std::ranges::copy(known.client_ip, request.client.ip.begin());
  request.client.port = known.client_port;
  request.listener = text_or_empty(known.listener);
  std::ranges::copy(known.trace_id, request.trace_id.begin());
  if (known.deadline_ms != 0) request.deadline = std::chrono::milliseconds(known.deadline_ms);
  if (known.on_news != nullptr) {
    request.on_news = [on_news = known.on_news, argument = known.argument] { on_news(argument); };
  }
  return request;
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_link_new(baton_connection* connection, const char* software, uint32_t max_in_flight,
                            baton_link** link) {
  return guarded({needed(connection, "connection"), needed(link, "link")}, [&] {
    return give(link,
                LinkToKeyStore::over(std::move(connection->value), options_of(software, max_in_flight)));
  });
}

baton_status baton_link_new_unprotected(const char* software, uint32_t max_in_flight, baton_link** link) {
  return guarded({needed(link, "link")}, [&] {
    return give(
        link, Result<LinkToKeyStore>(LinkToKeyStore::over_unprotected(options_of(software, max_in_flight))));
  });
}

void baton_link_free(baton_link* link) {
  delete link;
}

baton_status baton_link_receive(baton_link* link, const uint8_t* bytes, size_t size) {
  return guarded({needed(link, "link"), capi::bytes(bytes, size, "bytes")}, [&] {
    return link->value.receive({bytes, size});
  });
}

const uint8_t* baton_link_output(baton_link* link, size_t* size) {
  return shielded(give_view({}, size),
                  [&] { return give_view(link != nullptr ? link->value.output() : ByteView(), size); });
}

baton_status baton_link_output_sent(baton_link* link, size_t count) {
  return guarded({needed(link, "link")}, [&]() -> Result<void> {
    if (auto checked = check_sent(count, link->value.output().size()); !checked) return checked;
    link->value.output_sent(count);
    return {};
  });
}

baton_status baton_link_open(baton_link* link, const baton_config* config,
                             const baton_offload_request* request, baton_handshake** handshake) {
  return guarded({needed(link, "link"), needed(config, "config"), needed(handshake, "handshake")},
                 [&]() -> Result<void> {
                   auto asked = request_of(request);
                   if (!asked) return pass_on(asked);
                   return give(handshake, link->value.open(config->value, std::move(*asked)));
                 });
}

int baton_link_ready(const baton_link* link) {
  return link != nullptr && link->value.ready() ? 1 : 0;
}

int baton_link_going_away(const baton_link* link) {
  return link != nullptr && link->value.going_away() ? 1 : 0;
}

baton_status baton_link_go_away(baton_link* link, const char* reason) {
  return guarded({needed(link, "link")}, [&]() -> Result<void> {
    link->value.go_away(text_or_empty(reason));
    return {};
  });
}

int baton_link_finished(const baton_link* link) {
  return link == nullptr || link->value.finished() ? 1 : 0;
}

const char* baton_link_end_reason(const baton_link* link) {
  if (link == nullptr || link->value.end_reason().empty()) return nullptr;
  return link->value.end_reason().c_str();
}

size_t baton_link_in_flight(const baton_link* link) {
  return link != nullptr ? link->value.in_flight() : 0;
}

baton_status baton_link_ping(baton_link* link) {
  return guarded({needed(link, "link")}, [&] { return link->value.ping(); });
}

size_t baton_link_unanswered_pings(const baton_link* link) {
  return link != nullptr ? link->value.unanswered_pings() : 0;
}

baton_status baton_link_end(baton_link* link, const char* reason) {
  return guarded({needed(link, "link")}, [&]() -> Result<void> {
    link->value.end(text_or_empty(reason));
    return {};
  });
}
