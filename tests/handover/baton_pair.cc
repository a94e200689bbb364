#include "baton_pair.h"

namespace baton::test {
namespace {

// A handshake of the public API in the shape that pump() carries bytes between.
class ApiPeer {
 public:
  explicit ApiPeer(const Config& config) : handshake_(value_of(Handshake::start(config))) {}

  void start() { receive({}); }
  void receive(ByteView bytes) { step_ = handshake_.advance(bytes); }
  Bytes take_output() { return handshake_.take_output(); }

  Connection connection() {
    if (step_ != HandshakeStep::complete) ADD_FAILURE() << handshake_.failure().reason;
    return value_of(std::move(handshake_).connection());
  }

 private:
  Handshake handshake_;
  HandshakeStep step_ = HandshakeStep::need_bytes;
};

}  // namespace

BatonPair make_baton_pair(const Config& server, const Config& client) {
  ApiPeer accepting(server);
  ApiPeer connecting(client);
  connect(connecting, accepting);
  return {accepting.connection(), connecting.connection()};
}

BatonPair make_baton_pair(const tls::CipherSuite& suite) {
  return make_baton_pair(config_for(Role::server, suite), config_for(Role::client, suite));
}

Connection shake_hands(const Config& config, LibsslPeer& peer) {
  ApiPeer baton(config);
  baton.start();
  peer.start();
  pump(baton, peer);
  EXPECT_TRUE(peer.complete());
  return baton.connection();
}

std::string read_text(Connection& connection) {
  std::string text;
  for (;;) {
    const Event event = connection.next();
    if (const auto* data = std::get_if<ApplicationData>(&event)) {
      text += as_text(data->bytes);
      connection.consume(data->bytes.size());
    } else if (const auto* failure = std::get_if<Failure>(&event)) {
      return text + "<failure: " + failure->reason + ">";
    } else {
      return std::holds_alternative<PeerClosed>(event) ? text + "<closed>" : text;
    }
  }
}

void deliver(Connection& from, Connection& to) {
  to.feed(from.take_output());
}

void expect_text_passes(Connection& from, Connection& to, std::string_view text) {
  const auto written = from.write(as_bytes(text));
  ASSERT_TRUE(written) << written.error().message;
  deliver(from, to);
  EXPECT_EQ(read_text(to), text);
}

void expect_data_passes(Connection& a, Connection& b) {
  for (int i = 0; i < 3; ++i) {
    expect_text_passes(a, b, "there");
    expect_text_passes(b, a, "and back");
  }
}

}  // namespace baton::test
