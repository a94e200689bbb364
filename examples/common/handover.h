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
  // Only the new process opens, so it is enough that its own memory knows what was opened.
  const auto claims = std::make_shared<baton::MemoryClaimStore>();
  return {std::move(channel),
          need(baton::Seal::create(std::move(keys), claims,
                                   {"hot_restart", "restart", std::chrono::seconds(10)}))};
}

// --- the old process --------------------------------------------------------------------------------------

// Starts arguments[0] anew. Then the channel says that it is ready, or closes.
inline Handover start_successor(char** arguments, const Socket& listener) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  baton::KeyRing keys = need(baton::KeyRing::create(now));
  Socket channel = start_program(arguments);
  send_message(channel, keys.to_text_unprotected(), listener);
  return handover_by(std::move(channel), std::move(keys));
}

// Whether the client has left this process; otherwise it is served here as before.
inline bool give_client(const Handover& successor, const Socket& socket, baton::Connection& connection) {
  const auto envelope = baton::serialize(std::move(connection), successor.seal);
  if (!envelope) return false;
  if (!send_message(successor.channel, *envelope, socket)) {
    warn(std::string("a client is lost: ") + std::strerror(errno));
  }
  return true;
}

// --- the new process --------------------------------------------------------------------------------------

inline Handover meet_predecessor(Socket channel, Socket& listener) {
  std::optional<Message> first = receive_message(channel);
  if (!first) fail("the old process is gone");
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
  if (!connection) {
    warn("a client is lost: " + connection.error().message);
    return std::nullopt;
  }
  socket = std::move(message->socket);
  return std::move(*connection);
}

}  // namespace example
