// Go's crypto/tls in a process of its own (go_peer/main.go), over socket pairs.
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "byte_stream.h"
#include "stream_peer.h"

namespace baton::test {
namespace {

constexpr int kWireInGo = 3;              // file descriptor
constexpr int kHangAfter = 120 * 1000;    // milliseconds without a sign of life: the test has failed
constexpr std::size_t kReadSize = 65536;  // bytes

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

struct SocketPair {
  SocketPair() : SocketPair(make()) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    return ends;
  }
  explicit SocketPair(const std::array<int, 2>& ends) : ours(ends[0]), gos(ends[1]) {}
  Descriptor ours;
  Descriptor gos;
};

std::vector<std::string> environment(const PeerSetup& setup) {
  std::vector<std::string> lines = {
      "PEER_ROLE=" + std::string(tls::to_string(setup.role)),
      "PEER_VERSION=" + std::to_string(static_cast<unsigned>(setup.suite->version)),
      "PEER_SUITE=" + std::to_string(setup.suite->id),
      "PEER_SERVER_NAME=" + std::string(kName),
      "PEER_CA=" + test_ca().pem(),
      "PEER_SENDING_SEED=" + std::to_string(setup.sending_seed),
      "PEER_RECEIVING_SEED=" + std::to_string(setup.receiving_seed),
  };
  if (setup.role == tls::Role::server) {
    const TestCertificate& certificate = certificate_for_name(setup.key);
    lines.push_back("PEER_CHAIN=" + certificate.chain_pem);
    lines.push_back("PEER_KEY=" + certificate.key_pem);
  }
  return lines;
}

class GoPeer final : public StreamPeer {
 public:
  explicit GoPeer(const PeerSetup& setup) {
    std::vector<std::string> lines = environment(setup);
    std::vector<char*> pointers;
    for (std::string& line : lines) pointers.push_back(line.data());
    pointers.push_back(nullptr);
    std::string program = BATON_GO_PEER;
    const std::array<char*, 2> arguments = {program.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, control_.gos.number(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, control_.gos.number(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, wire_.gos.number(), kWireInGo);
    EXPECT_EQ(posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments.data(), pointers.data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    wire_.gos.close();
    control_.gos.close();
  }

  // Without its sockets, the process ends.
  ~GoPeer() override {
    wire_.ours.close();
    control_.ours.close();
    int status = 0;
    if (process_ > 0) waitpid(process_, &status, 0);
  }

  void start() override {}

  void receive(ByteView wire) override { send_all(wire_.ours, wire); }

  Bytes take_output() override {
    send_commands();
    take_from_wire();
    return std::exchange(output_, {});
  }

  Bytes wait_for_output() override {
    send_commands();
    if (output_.empty()) wait_for(wire_.ours, POLLIN);
    return take_output();
  }

  void write(std::size_t size) override { commands_ += "write " + std::to_string(size) + "\n"; }
  void close_write() override { commands_ += "close\n"; }

  std::optional<std::uint64_t> received_until_close() override {
    std::string line;
    while (!line.ends_with('\n')) {
      pollfd waiting{control_.ours.number(), POLLIN, 0};
      if (poll(&waiting, 1, kHangAfter) <= 0) return std::nullopt;
      char letter = 0;
      if (recv(control_.ours.number(), &letter, 1, MSG_DONTWAIT) != 1) return std::nullopt;
      line.push_back(letter);
    }
    return std::stoull(line);
  }

 private:
  void send_commands() { send_all(control_.ours, as_bytes(std::exchange(commands_, {}))); }

  // Go may write while we do, and reads nothing while it cannot write: the wire is read all the time.
  void send_all(const Descriptor& to, ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(to.number(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
      } else {
        ASSERT_EQ(errno, EAGAIN) << "the Go peer has ended";
        wait_for(to, POLLOUT);
        take_from_wire();
      }
    }
  }

  // Until `socket` is ready for `events`, or there is something on the wire.
  void wait_for(const Descriptor& socket, short events) {
    std::array<pollfd, 2> waiting = {pollfd{wire_.ours.number(), POLLIN, 0},
                                     pollfd{socket.number(), events, 0}};
    ASSERT_GT(poll(waiting.data(), waiting.size(), kHangAfter), 0) << "the Go peer hangs";
  }

  void take_from_wire() {
    std::array<std::uint8_t, kReadSize> buffer;
    for (;;) {
      const ssize_t count = recv(wire_.ours.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 0) return;
      append(output_, ByteView(buffer).first(static_cast<std::size_t>(count)));
    }
  }

  SocketPair wire_;
  SocketPair control_;
  pid_t process_ = -1;
  Bytes output_;
  std::string commands_;
};

}  // namespace

std::unique_ptr<StreamPeer> make_go_peer(const PeerSetup& setup) {
  return std::make_unique<GoPeer>(setup);
}

}  // namespace baton::test
