// libssl over memory.
#include <openssl/err.h>

#include "byte_stream.h"
#include "stream_peer.h"

namespace baton::test {
namespace {

// TLS 1.3 records are padded to a multiple of this, so that Baton reads padded ones.
constexpr std::size_t kPaddingBlock = 32;

class OpensslPeer final : public StreamPeer {
 public:
  explicit OpensslPeer(const PeerSetup& setup)
      : peer_(setup.role == tls::Role::client ? LibsslPeer::client(kName)
                                              : LibsslPeer::server(certificate_for_name(setup.key))),
        sends_(setup.sending_seed),
        receives_(setup.receiving_seed) {
    SSL_set_block_padding(ssl(), kPaddingBlock);
  }

  void start() override { read(); }

  void receive(ByteView wire) override {
    const int size = static_cast<int>(wire.size());
    ASSERT_EQ(BIO_write(SSL_get_rbio(ssl()), wire.data(), size), size);
    read();
  }

  Bytes take_output() override { return peer_.take_output(); }

  void write(std::size_t size) override {
    const Bytes data = sends_.next(size);
    expect_success("SSL_write", SSL_write(ssl(), data.data(), static_cast<int>(size)));
  }

  void update_keys(tls::KeyUpdateRequest request) override {
    const bool ask = request == tls::KeyUpdateRequest::update_requested;
    expect_success("SSL_key_update",
                   SSL_key_update(ssl(), ask ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
    expect_success("SSL_do_handshake", SSL_do_handshake(ssl()));
  }

  void close_write() override { EXPECT_GE(SSL_shutdown(ssl()), 0); }

  std::optional<std::uint64_t> received_until_close() override { return closed_at_; }

 private:
  SSL* ssl() { return peer_.ssl(); }

  void expect_success(const char* call, int result) {
    ASSERT_GT(result, 0) << call << ": " << ERR_error_string(ERR_peek_error(), nullptr);
  }

  // Takes all that can be read. It drives the handshake, too.
  void read() {
    ERR_clear_error();
    std::array<std::uint8_t, tls::kMaxRecordPlaintext> buffer;
    for (;;) {
      const int count = SSL_read(ssl(), buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) return stop_reading(SSL_get_error(ssl(), count));
      receives_.read(ByteView(buffer).first(static_cast<std::size_t>(count)));
    }
  }

  void stop_reading(int reason) {
    if (reason == SSL_ERROR_ZERO_RETURN) {
      closed_at_ = receives_.count();
    } else {
      ASSERT_EQ(reason, SSL_ERROR_WANT_READ) << ERR_error_string(ERR_peek_error(), nullptr);
    }
  }

  LibsslPeer peer_;
  ByteStream sends_;
  StreamCheck receives_;
  std::optional<std::uint64_t> closed_at_;
};

}  // namespace

std::unique_ptr<StreamPeer> make_openssl_peer(const PeerSetup& setup) {
  return std::make_unique<OpensslPeer>(setup);
}

}  // namespace baton::test
