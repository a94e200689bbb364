#include "peer_process.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "baton_pair.h"

namespace baton::test {
namespace {

void send_all(int socket, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the other end is gone, which its reader notices
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

Bytes receive_some(int socket) {
  Bytes bytes(65536);
  const ssize_t count = recv(socket, bytes.data(), bytes.size(), 0);
  bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return bytes;
}

// In the other process: until ours closes.
[[noreturn]] void echo(LibsslPeer peer, int socket) {
  peer.start();
  send_all(socket, peer.take_output());
  for (Bytes bytes = receive_some(socket); !bytes.empty(); bytes = receive_some(socket)) {
    peer.receive(bytes);
    if (const std::string text = peer.take_text(); !text.empty()) peer.write(text);
    send_all(socket, peer.take_output());
  }
  _exit(0);
}

}  // namespace

PeerProcess::PeerProcess(Role role, const tls::CipherSuite& suite) {
  LibsslPeer peer = role == Role::client ? LibsslPeer::client(kName)
                                         : LibsslPeer::server(certificate_for_name(key_type_of(suite)));
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  process_ = fork();
  if (process_ < 0) std::abort();
  ::close(ends[process_ == 0 ? 0 : 1]);
  if (process_ == 0) echo(std::move(peer), ends[1]);
  socket_ = ends[0];
}

PeerProcess::~PeerProcess() {
  ::close(socket_);
  waitpid(process_, nullptr, 0);
}

void PeerProcess::send(ByteView bytes) {
  send_all(socket_, bytes);
}

Bytes PeerProcess::receive() {
  return receive_some(socket_);
}

Connection PeerProcess::connect(const Config& config) {
  Handshake handshake = value_of(Handshake::start(config));
  HandshakeStep step = handshake.advance({});
  send(handshake.take_output());
  while (step == HandshakeStep::need_bytes) {
    const Bytes bytes = receive();
    if (bytes.empty()) break;
    step = handshake.advance(bytes);
    send(handshake.take_output());
  }
  Connection connection = value_of(std::move(handshake).connection());
  expect_echo(connection);
  return connection;
}

void PeerProcess::expect_echo(Connection& connection) {
  EXPECT_TRUE(connection.write(as_bytes("an echo")));
  send(connection.take_output());
  std::string text;
  while (text.size() < 7) {
    const Bytes bytes = receive();
    if (bytes.empty()) break;
    connection.feed(bytes);
    text += read_text(connection);
  }
  EXPECT_EQ(text, "an echo");
}

}  // namespace baton::test
