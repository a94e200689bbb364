// Bytes between a socket and TLS. The library itself knows no sockets.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "baton/connection.h"
#include "baton/handshake.h"
#include "sockets.h"

namespace example {

inline baton::ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(baton::ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// --- for servers with poll() --------------------------------------------------------------------------

// Sends as much of the output of a connection or a link as the socket takes now. False: the peer is gone.
template <class Tls>
bool send_some(const Socket& socket, Tls& tls) {
  for (baton::ByteView output = tls.output(); !output.empty(); output = tls.output()) {
    const ssize_t count = ::send(socket.fd(), output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN;
    tls.output_sent(static_cast<std::size_t>(count));
  }
  return true;
}

// --- for those that wait -------------------------------------------------------------------------------

// False: the peer is gone.
inline bool send_all(const Socket& socket, baton::ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// At least a byte; empty: the peer is gone.
inline baton::ByteView receive(const Socket& socket, baton::MutableBytes buffer) {
  const ssize_t count = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
  return buffer.first(count > 0 ? static_cast<std::size_t>(count) : 0);
}

inline baton::Result<baton::Connection> shake_hands(const Socket& socket, const baton::Config& config) {
  auto handshake = baton::Handshake::start(config);
  if (!handshake) return tl::unexpected(handshake.error());
  std::array<std::uint8_t, 16 * 1024> buffer{};
  baton::HandshakeStep step = handshake->advance({});
  while (step == baton::HandshakeStep::need_bytes) {
    if (!send_all(socket, handshake->take_output())) break;
    const baton::ByteView received = receive(socket, buffer);
    if (received.empty()) return tl::unexpected(baton::Error{baton::ErrorCode::io, "the peer is gone"});
    step = handshake->advance(received);
  }
  send_all(socket, handshake->take_output());  // the last flight, or an alert
  if (step == baton::HandshakeStep::complete) return std::move(*handshake).connection();
  return tl::unexpected(baton::Error{baton::ErrorCode::refused, handshake->failure().reason});
}

// The next data from the peer; empty: no more will come.
inline std::string read(const Socket& socket, baton::Connection& connection) {
  std::array<std::uint8_t, 16 * 1024> buffer{};
  for (;;) {
    const baton::Event event = connection.next();
    if (const auto* data = std::get_if<baton::ApplicationData>(&event)) {
      const std::string text(text_of(data->bytes));
      connection.consume(text.size());
      return text;
    }
    send_all(socket, connection.take_output());  // an answer to a KeyUpdate, or an alert
    if (!std::holds_alternative<baton::NeedBytes>(event)) return {};
    const baton::ByteView received = receive(socket, buffer);
    if (received.empty()) return {};
    connection.feed(received);
  }
}

// False: the peer is gone.
inline bool write(const Socket& socket, baton::Connection& connection, std::string_view text) {
  return connection.write(bytes_of(text)) && send_all(socket, connection.take_output());
}

}  // namespace example
