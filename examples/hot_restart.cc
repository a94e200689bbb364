// A TLS echo server that restarts itself, while its clients keep their connections.
//
//   hot_restart PORT CERTIFICATE KEY
//   kill -USR2 PID    starts the program that is in the file now; common/handover.h tells what it is given
#include "baton/library.h"
#include "common/clients.h"
#include "common/handover.h"

namespace {

using namespace example;
using Clock = std::chrono::steady_clock;

bool echo(baton::Connection& connection, baton::ByteView data) {
  return connection.write(data).has_value();
}

class Server {
 public:
  explicit Server(char** arguments)
      : arguments_(arguments), config_(server_config(arguments[2], arguments[3])) {
    const char* channel = arguments[4];
    if (channel == nullptr) listener_ = listen_on(arguments[1], SOCK_NONBLOCK);
    if (channel != nullptr) predecessor_ = meet_predecessor(Socket(std::stoi(channel)), listener_);
  }

  // Until the successor has everything.
  void run() {
    while (!end_ || !clients_.empty()) {
      // One handover at a time: until then the signal waits.
      const bool may_restart = channel_of(predecessor_) < 0 && !successor_;
      pollfd news[] = {readable(end_ ? -1 : listener_.fd()),
                       readable(may_restart ? restart_signal_.fd() : -1), readable(channel_of(predecessor_)),
                       readable(channel_of(successor_))};
      clients_.serve(news, end_ ? 100 : -1);
      if (news[0].revents != 0) accept_client();
      if (news[1].revents != 0) restart();
      if (news[2].revents != 0) take_over_client();
      if (news[3].revents != 0) hear_successor();
      if (end_) hand_clients_over();
    }
  }

 private:
  void accept_client() {
    Socket socket = accept_from(listener_);
    auto handshake = baton::Handshake::start(config_);
    if (socket && handshake) clients_.add({std::move(socket), std::move(*handshake), echo});
  }

  void take_over_client() {
    Socket socket;
    auto connection = take_client(*predecessor_, config_, socket);
    if (connection) clients_.add({std::move(socket), std::move(*connection), echo});
  }

  void restart() {
    take_signal(restart_signal_);
    successor_ = start_successor(arguments_, listener_);
  }

  void hear_successor() {
    if (receive_message(successor_->channel)) {
      end_ = Clock::now() + std::chrono::seconds(5);  // so long handshakes may take that have begun
    } else {
      warn("the new process has failed, the old one goes on");
      successor_.reset();
      end_.reset();
    }
  }

  void hand_clients_over() {
    clients_.remove_if([&, takes = true](auto& client) mutable {
      baton::Connection* connection = client.connection();
      if (connection == nullptr) return Clock::now() > *end_;
      takes = takes && takes_clients(*successor_);
      return takes && give_client(*successor_, client.socket(), *connection, config_);
    });
  }

  char** arguments_;
  baton::Config config_;
  Socket restart_signal_ = signal_descriptor(SIGUSR2);
  Socket listener_{};
  std::optional<Handover> predecessor_{};
  std::optional<Handover> successor_{};
  std::optional<Clock::time_point> end_{};  // once the successor is ready
  Clients<baton::Handshake> clients_{};
};

}  // namespace

int main(int argc, char** argv) {
  need_usage(argc == 4 || argc == 5, "hot_restart PORT CERTIFICATE KEY");
  need(baton::start_library());
  Server server(argv);
  std::fprintf(stderr, "process %d serves\n", ::getpid());
  server.run();
}
