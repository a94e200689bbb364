// A client of a server with poll(): first its handshake, then its connection.
#pragma once

#include <poll.h>

#include <algorithm>
#include <variant>

#include "transport.h"

namespace example {

// What becomes of the client's data: written to the connection. False: that was all.
using Answer = bool (*)(baton::Connection& connection, baton::ByteView data);

// `Handshake`: baton::Handshake, or baton::OffloadedHandshake. The functions that return bool say whether the
// client stays; one that does not is to be destroyed.
template <class Handshake>
class Client {
 public:
  Client(Socket socket, Handshake handshake, Answer answer)
      : socket_(std::move(socket)), tls_(std::move(handshake)), answer_(answer) {}
  Client(Socket socket, baton::Connection connection, Answer answer)
      : socket_(std::move(socket)), tls_(std::move(connection)), answer_(answer) {}

  const Socket& socket() const { return socket_; }
  // Null during the handshake, and when the connection is only waiting for its last bytes to be sent.
  baton::Connection* connection() { return ending_ ? nullptr : std::get_if<baton::Connection>(&tls_); }
  // Who does not take our answers is not asked for more.
  short wanted() const {
    const auto* connection = std::get_if<baton::Connection>(&tls_);
    if (connection != nullptr && !connection->output().empty()) return POLLOUT;
    return room() > 0 ? POLLIN : 0;
  }
  bool is_shaking_hands() const { return std::holds_alternative<Handshake>(tls_); }

  // After poll() has seen something.
  bool go_on() {
    if (wanted() == POLLOUT) return flush();
    std::array<std::uint8_t, 16 * 1024> buffer{};
    const baton::ByteView received =
        receive(socket_, std::span(buffer).first(std::min(buffer.size(), room())));
    if (received.empty()) return false;
    if (is_shaking_hands()) return shake_hands(received);
    std::get<baton::Connection>(tls_).feed(received);
    return answer_all();
  }

  bool shake_hands(baton::ByteView received) {
    auto& handshake = std::get<Handshake>(tls_);
    const baton::HandshakeStep step = handshake.advance(received);
    if (step == baton::HandshakeStep::complete) {
      auto connection = std::move(handshake).connection();  // with what is unsent, and what came behind
      if (!connection) return false;
      tls_ = std::move(*connection);
      return answer_all();
    }
    // A flight or an alert: the buffer of a new socket always has room for it.
    return send_all(socket_, handshake.take_output()) && step == baton::HandshakeStep::need_bytes;
  }

  // What has come and was not read yet; also what a connection has brought along from another process.
  bool answer_all() {
    auto& connection = std::get<baton::Connection>(tls_);
    while (!ending_) {
      const baton::Event event = connection.next();
      if (std::holds_alternative<baton::NeedBytes>(event)) break;
      const auto* data = std::get_if<baton::ApplicationData>(&event);
      if (data == nullptr || !answer_(connection, data->bytes)) {
        ending_ = true;
        (void)connection.close_write();  // refused after a failure, whose alert is sent already
      } else {
        connection.consume(data->bytes.size());
      }
    }
    return flush();
  }

 private:
  bool flush() {
    auto& connection = std::get<baton::Connection>(tls_);
    return send_some(socket_, connection) && !(ending_ && connection.output().empty());
  }

  std::size_t room() const {
    if constexpr (requires(const Handshake& handshake) { handshake.room(); }) {
      if (const auto* handshake = std::get_if<Handshake>(&tls_)) return handshake->room();
    }
    return SIZE_MAX;
  }

  Socket socket_;
  std::variant<Handshake, baton::Connection> tls_;
  Answer answer_;
  bool ending_ = false;
};

}  // namespace example
