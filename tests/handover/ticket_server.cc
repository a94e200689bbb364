#include "ticket_server.h"

#include "longstream/byte_stream.h"

namespace baton::test {
namespace {

// Goes into every ticket, as an application's own data may.
constexpr std::size_t kTicketData = 3000;  // bytes

int fill_ticket(SSL* ssl, void* /*unused*/) {
  const Bytes data(kTicketData, 'x');
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), data.data(), data.size());
}

SSL_TICKET_RETURN take_ticket(SSL* /*ssl*/, SSL_SESSION* /*session*/, const unsigned char* /*name*/,
                              std::size_t /*name_size*/, SSL_TICKET_STATUS /*status*/, void* /*unused*/) {
  return SSL_TICKET_RETURN_IGNORE;
}

class TicketServer final : public StreamPeer {
 public:
  explicit TicketServer(const PeerSetup& setup)
      : peer_(LibsslPeer::server(certificate_for_name(setup.key))),
        sends_(setup.sending_seed),
        receives_(setup.receiving_seed) {
    SSL_CTX_set_session_ticket_cb(SSL_get_SSL_CTX(peer_.ssl()), fill_ticket, take_ticket, nullptr);
    EXPECT_EQ(SSL_ctrl(peer_.ssl(), SSL_CTRL_SET_MAX_SEND_FRAGMENT, kTicketFragment, nullptr), 1);
  }

  void start() override { peer_.start(); }

  void receive(ByteView wire) override {
    peer_.receive(wire);
    receives_.read(as_bytes(peer_.take_text()));
  }

  Bytes take_output() override { return peer_.take_output(); }
  void write(std::size_t size) override { peer_.write(as_text(sends_.next(size))); }
  void close_write() override { EXPECT_GE(SSL_shutdown(peer_.ssl()), 0); }

  std::optional<std::uint64_t> received_until_close() override {
    if ((SSL_get_shutdown(peer_.ssl()) & SSL_RECEIVED_SHUTDOWN) == 0) return std::nullopt;
    return receives_.count();
  }

 private:
  LibsslPeer peer_;
  ByteStream sends_;
  StreamCheck receives_;
};

}  // namespace

std::unique_ptr<StreamPeer> make_ticket_server(const PeerSetup& setup) {
  return std::make_unique<TicketServer>(setup);
}

}  // namespace baton::test
