// Both ends of a link that asks and answers, and that is all: or, with --handshakes, of one behind which
// libssl does the server's part of handshakes. The CPU time of the serving process is measured.
//
//   baton-bench-link serve --port N --certificate FILE --key FILE --ca FILE
//   baton-bench-link ask   --port N --certificate FILE --key FILE --ca FILE --name NAME
//                          --requests N --rate N [--handshakes]
//
// `rate` requests a second come at random moments, as they do from clients that know nothing of each other.
#include <asio/io_context.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "handshake/client.h"
#include "handshake/server.h"
#include "libssl_end.h"
#include "net/listen.h"
#include "net/secure.h"
#include "net/spawn.h"
#include "net/timeout.h"
#include "offload/cue.h"
#include "offload/options.h"
#include "offload/plain_link.h"

namespace baton::bench {
namespace {

constexpr std::chrono::seconds kPatience(10);
constexpr const char* kSuite = "TLS_AES_128_GCM_SHA256";

std::string read(const std::string& file) {
  std::ifstream stream(file);
  require(stream.good(), "a file cannot be read");
  return {std::istreambuf_iterator<char>(stream), {}};
}

Credential read_credential(const Options& options) {
  const std::string key = read(options.text("--key"));
  return {read(options.text("--certificate")), SecretBuffer(key.begin(), key.end()), "certificate", "key"};
}

net::TcpEndpoint endpoint(const Options& options) {
  return {"127.0.0.1", static_cast<std::uint16_t>(options.number("--port"))};
}

// One end of a handshake over memory.
struct HandshakeEnd {
  HandshakeEnd(SSL_CTX* context, bool is_client) : end(context, pipe, is_client) {}

  Pipe pipe;
  LibsslEnd end;
};

using HandshakeEnds = std::map<std::uint16_t, HandshakeEnd>;

// A request with a ClientHello in it is answered with the server's flight, any other one with nothing.
class Answering final : public PlainLink {
 public:
  using PlainLink::PlainLink;

 private:
  void heard(Message message, std::uint16_t id, ByteView body) override {
    if (message == Message::request) {
      say(Message::answer, id, body.empty() ? Bytes() : answer(id, body));
    } else if (const auto found = handshakes_.find(id); found != handshakes_.end()) {
      found->second.pipe.set_input(Bytes(body.begin(), body.end()));
      require(found->second.end.shake_hands(), "libssl's handshake is not done");
      handshakes_.erase(found);
    }
  }

  Bytes answer(std::uint16_t id, ByteView hello) {
    HandshakeEnd& one = handshakes_.try_emplace(id, context_.get(), false).first->second;
    one.pipe.set_input(Bytes(hello.begin(), hello.end()));
    require(!one.end.shake_hands(), "libssl was done too early");
    return one.pipe.take_output();
  }

  SslContext context_ = make_libssl_server(kSuite);
  HandshakeEnds handshakes_;
};

class Asking final : public PlainLink {
 public:
  Asking(const asio::any_io_executor& executor, std::unique_ptr<net::Stream> stream, bool handshakes)
      : PlainLink(executor, std::move(stream)), shakes_hands_(handshakes) {}

  void ask() {
    const std::uint16_t id = next_id_++;
    say(Message::request, id, shakes_hands_ ? hello(id) : Bytes());
  }
  unsigned answers() const { return answers_; }

 private:
  void heard(Message /*message*/, std::uint16_t id, ByteView body) override {
    ++answers_;
    say(Message::report, id, shakes_hands_ ? finish(id, body) : Bytes());
  }

  Bytes hello(std::uint16_t id) {
    HandshakeEnd& one = handshakes_.try_emplace(id, context_.get(), true).first->second;
    one.end.shake_hands();
    return one.pipe.take_output();
  }

  Bytes finish(std::uint16_t id, ByteView flight) {
    const auto found = handshakes_.find(id);
    found->second.pipe.set_input(Bytes(flight.begin(), flight.end()));
    require(found->second.end.shake_hands(), "the client is not done");
    Bytes finished = found->second.pipe.take_output();
    handshakes_.erase(found);
    return finished;
  }

  SslContext context_ = make_libssl_client(kSuite);
  bool shakes_hands_;
  std::uint16_t next_id_ = 0;
  HandshakeEnds handshakes_;
  unsigned answers_ = 0;
};

net::Task<> answer(net::Socket socket, std::unique_ptr<handshake::Handshake> handshake) {
  const auto executor = socket.get_executor();
  auto secured = co_await net::secure(std::move(socket), std::move(handshake), kPatience);
  if (!secured) co_return;  // who only looked whether the port is open
  co_await Answering(executor, std::move(secured->stream)).run();
}

net::Task<> serve(asio::io_context& context, const Options& options) {
  handshake::TenantPolicy policy;
  policy.label = "link";
  policy.min_version = tls::ProtocolVersion::tls13;
  policy.client_ca_pem = read(options.text("--ca"));
  std::vector<Credential> credentials;
  credentials.push_back(read_credential(options));
  const auto tenant =
      value_of(handshake::Tenant::load(std::move(policy), std::move(credentials)), "no tenant");
  const auto server = value_of(handshake::ServerEndpoint::create({}), "no endpoint");
  net::Acceptor acceptor = value_of(net::listen(context.get_executor(), endpoint(options)), "no port");
  for (;;) {
    auto socket = value_of(co_await net::accept(acceptor), "no socket");
    auto handshake = value_of(
        server->accept([tenant](const auto&) -> handshake::TenantChoice { return tenant; }), "no handshake");
    net::spawn(context.get_executor(), answer(std::move(socket), std::move(handshake)));
  }
}

net::Task<std::unique_ptr<net::Stream>> dial(const Options& options) {
  handshake::ClientOptions client;
  client.server_name = options.text("--name");
  client.ca_pem = read(options.text("--ca"));
  client.credential = read_credential(options);
  client.min_version = tls::ProtocolVersion::tls13;
  const auto tls = value_of(handshake::ClientEndpoint::create(std::move(client)), "no endpoint");
  auto socket = value_of(co_await net::connect(endpoint(options), kPatience), "nobody listens there");
  auto handshake = value_of(tls->connect(), "no handshake");
  auto secured = co_await net::secure(std::move(socket), std::move(handshake), kPatience);
  require(secured.has_value(), "the link's handshake failed");
  co_return std::move(secured->stream);
}

net::Task<> ask_all(Asking& link, unsigned requests, unsigned rate) {
  std::minstd_rand random(1);
  std::exponential_distribution<double> gap(rate);
  auto next = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < requests; ++i) {
    next += std::chrono::nanoseconds(static_cast<std::int64_t>(gap(random) * 1e9));
    co_await net::sleep_for(next - std::chrono::steady_clock::now());
    link.ask();
  }
  const unsigned wanted = requests + 1;  // the first one was not measured
  while (link.answers() < wanted) co_await net::sleep_for(std::chrono::milliseconds(1));
}

net::Task<> ask(asio::io_context& context, const Options& options) {
  Asking link(context.get_executor(), co_await dial(options), options.has("--handshakes"));
  net::spawn(context.get_executor(), link.run());
  link.ask();
  while (link.answers() == 0) co_await net::sleep_for(std::chrono::milliseconds(1));
  wait_for_cue();
  co_await ask_all(link, options.number("--requests"), options.number("--rate"));
  std::puts("{}");
  std::fflush(stdout);
  std::quick_exit(0);
}

}  // namespace
}  // namespace baton::bench

int main(int count, char** arguments) {
  using namespace baton::bench;
  const Options options(count, arguments);
  asio::io_context context{1};
  const bool serves = options.is_command("serve");
  require(serves || options.is_command("ask"), "the command is: serve, or ask");
  baton::net::spawn(context.get_executor(), serves ? serve(context, options) : ask(context, options));
  context.run();
}
