// A hot restart: a process hands what it serves over to a new process of the same program.
//
// The old process gives the new one a key ring and the listening socket. When the new one has said that it is
// ready, clients follow: a socket, and its TLS connection in an envelope, which can be opened with this ring,
// within ten seconds, once. Nobody else has an end of the socket that all of this goes through.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "baton/serialize.h"
#include "messages.h"
#include "process.h"
#include "transport.h"

namespace example {

// One end of it, for either process. Every handover has a key ring of its own.
struct Handover {
  Socket channel;
  baton::Seal seal;
};

inline int channel_of(const std::optional<Handover>& handover) {
  return handover ? handover->channel.fd() : -1;
}

inline Handover handover_by(Socket channel, baton::KeyRing keys) {
  // The new process opens, and the old one what it could not send: each knows what it has opened, and that is
  // enough.
  const auto claims = std::make_shared<baton::MemoryClaimStore>();
  return {std::move(channel),
          need(baton::Seal::create(std::move(keys), claims,
                                   {"hot_restart", "restart", std::chrono::seconds(10)}))};
}

// --- the old process --------------------------------------------------------------------------------------

// Starts arguments[0] anew. Then the channel says that it is ready, or closes. None: it cannot be started.
inline std::optional<Handover> start_successor(char** arguments, const Socket& listener) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  baton::KeyRing keys = need(baton::KeyRing::create(now));
  Socket channel = start_program(arguments);
  if (!channel || !send_message(channel, keys.to_text_unprotected(), listener)) return std::nullopt;
  return handover_by(std::move(channel), std::move(keys));
}

// Whether the new process lives and keeps up. What is on its way to one that fails is lost with it, so no
// client sets out too early.
inline bool takes_clients(const Handover& successor) {
  pollfd channel{successor.channel.fd(), POLLOUT, 0};
  return ::poll(&channel, 1, 20) == 1 && channel.revents == POLLOUT;  // and not POLLHUP
}

// Whether the client has left this process; otherwise it is served here as before.
inline bool give_client(const Handover& successor, const Socket& socket, baton::Connection& connection,
                        const baton::Config& config) {
  const auto envelope = baton::serialize(std::move(connection), successor.seal);
  if (!envelope) return envelope.error().code == baton::ErrorCode::crypto;  // only then it is gone
  if (send_message(successor.channel, *envelope, socket)) return true;
  // Nobody has seen the envelope, so it may be opened here, once.
  auto again = baton::deserialize(*envelope, successor.seal, config);
  if (!again) warn("a client is lost: " + again.error().message);
  if (again) connection = std::move(*again);
  return !again;
}

// --- the new process --------------------------------------------------------------------------------------

inline Handover meet_predecessor(Socket channel, Socket& listener) {
  std::optional<Message> first = receive_message(channel);
  if (!first || !first->socket) fail("the old process is gone");
  listener = std::move(first->socket);
  send_message(channel, bytes_of("ready"));
  return handover_by(std::move(channel),
                     need(baton::KeyRing::parse_unprotected(first->bytes, "the old process")));
}

// The next client's connection, and its socket; none: one was refused, or, with the channel closed, there are
// no more.
inline std::optional<baton::Connection> take_client(Handover& predecessor, const baton::Config& config,
                                                    Socket& socket) {
  std::optional<Message> message = receive_message(predecessor.channel);
  if (!message) {
    predecessor.channel = Socket();
    return std::nullopt;
  }
  auto connection = baton::deserialize(message->bytes, predecessor.seal, config);
  if (!connection || !message->socket) {
    warn("a client is lost: " + (connection ? "no descriptor is left" : connection.error().message));
    return std::nullopt;
  }
  socket = std::move(message->socket);
  return std::move(*connection);
}

}  // namespace example
