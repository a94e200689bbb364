// GnuTLS over memory.
#include <gnutls/gnutls.h>

#include <cerrno>
#include <ctime>

#include "byte_stream.h"
#include "stream_peer.h"

// GnuTLS takes at most eight KeyUpdates in a second. Its own tests replace its clock with this call, which
// is exported and in no header.
extern "C" void _gnutls_global_set_gettime_function(void (*gettime)(timespec*));

namespace baton::test {
namespace {

// A clock on which two seconds pass between two looks.
void read_clock(timespec* now) {
  static time_t seconds = 0;
  *now = {seconds += 2, 0};
}

gnutls_datum_t datum(const std::string& text) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(text.data())),
          static_cast<unsigned>(text.size())};
}

struct FreeSession {
  void operator()(gnutls_session_t session) const { gnutls_deinit(session); }
};
struct FreeCredentials {
  void operator()(gnutls_certificate_credentials_t held) const { gnutls_certificate_free_credentials(held); }
};
using SessionPtr = std::unique_ptr<gnutls_session_int, FreeSession>;
using CredentialsPtr = std::unique_ptr<gnutls_certificate_credentials_st, FreeCredentials>;

CredentialsPtr make_credentials(const PeerSetup& setup) {
  gnutls_certificate_credentials_t held = nullptr;
  EXPECT_EQ(gnutls_certificate_allocate_credentials(&held), 0);
  CredentialsPtr credentials(held);
  if (setup.role == tls::Role::client) {
    const gnutls_datum_t trusted = datum(test_ca().pem());
    EXPECT_EQ(gnutls_certificate_set_x509_trust_mem(held, &trusted, GNUTLS_X509_FMT_PEM), 1);
  } else {
    const TestCertificate& certificate = certificate_for_name(setup.key);
    const gnutls_datum_t chain = datum(certificate.chain_pem);
    const gnutls_datum_t key = datum(certificate.key_pem);
    EXPECT_GE(gnutls_certificate_set_x509_key_mem(held, &chain, &key, GNUTLS_X509_FMT_PEM), 0);
  }
  return credentials;
}

class GnutlsPeer final : public StreamPeer {
 public:
  explicit GnutlsPeer(const PeerSetup& setup)
      : credentials_(make_credentials(setup)),
        pads_(setup.suite->version == tls::ProtocolVersion::tls13),
        sends_(setup.sending_seed),
        receives_(setup.receiving_seed) {
    _gnutls_global_set_gettime_function(read_clock);
    const bool client = setup.role == tls::Role::client;
    gnutls_session_t session = nullptr;
    EXPECT_EQ(gnutls_init(&session, (client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NONBLOCK), 0);
    session_.reset(session);
    EXPECT_EQ(gnutls_priority_set_direct(session, "NORMAL", nullptr), 0);
    EXPECT_EQ(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_.get()), 0);
    if (client) {
      EXPECT_EQ(gnutls_server_name_set(session, GNUTLS_NAME_DNS, kName, std::strlen(kName)), 0);
      gnutls_session_set_verify_cert(session, kName, 0);
    }
    gnutls_transport_set_ptr(session, this);
    gnutls_transport_set_push_function(session, push);
    gnutls_transport_set_pull_function(session, pull);
    gnutls_transport_set_pull_timeout_function(session, [](auto, auto) { return 1; });
  }

  void start() override { read(); }

  void receive(ByteView wire) override {
    append(input_, wire);
    read();
  }

  Bytes take_output() override { return std::exchange(output_, {}); }

  void write(std::size_t size) override {
    const Bytes data = sends_.next(size);
    const std::size_t padding = pads_ ? std::min(size % 50, tls::kMaxRecordPlaintext - size) : 0;
    const auto sent = gnutls_record_send2(session_.get(), data.data(), size, padding, 0);
    ASSERT_EQ(sent, static_cast<ssize_t>(size)) << gnutls_strerror(static_cast<int>(sent));
  }

  void write_empty_record() override {
    if (!pads_) return;  // GnuTLS sends an empty record only if it is padded
    const std::size_t before = output_.size();
    ASSERT_EQ(gnutls_record_send2(session_.get(), "", 0, 100, 0), 0);
    ASSERT_GT(output_.size(), before);
  }

  void update_keys(tls::KeyUpdateRequest request) override {
    const bool ask = request == tls::KeyUpdateRequest::update_requested;
    const int result = gnutls_session_key_update(session_.get(), ask ? GNUTLS_KU_PEER : 0);
    ASSERT_EQ(result, 0) << gnutls_strerror(result);
  }

  // GnuTLS 3.7 takes a request for an answer to its own that may not be one: illegal_parameter.
  bool refuses_crossing_requests() const override { return true; }

  void close_write() override { ASSERT_EQ(gnutls_bye(session_.get(), GNUTLS_SHUT_WR), 0); }

  std::optional<std::uint64_t> received_until_close() override { return closed_at_; }

 private:
  static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size) {
    append(static_cast<GnutlsPeer*>(self)->output_, {static_cast<const std::uint8_t*>(data), size});
    return static_cast<ssize_t>(size);
  }

  static ssize_t pull(gnutls_transport_ptr_t pointer, void* data, std::size_t size) {
    auto& self = *static_cast<GnutlsPeer*>(pointer);
    const ByteView waiting = ByteView(self.input_).subspan(self.input_read_);
    if (waiting.empty()) {
      gnutls_transport_set_errno(self.session_.get(), EAGAIN);
      return -1;
    }
    size = std::min(size, waiting.size());
    std::memcpy(data, waiting.data(), size);
    self.input_read_ += size;
    return static_cast<ssize_t>(size);
  }

  // Takes all that can be read, the handshake first.
  void read() {
    if (!established_) shake_hands();
    std::array<std::uint8_t, tls::kMaxRecordPlaintext> buffer;
    while (established_ && !closed_at_) {
      const auto count = gnutls_record_recv(session_.get(), buffer.data(), buffer.size());
      if (count == GNUTLS_E_AGAIN) break;
      ASSERT_GE(count, 0) << gnutls_strerror(static_cast<int>(count));
      if (count == 0) closed_at_ = receives_.count();
      receives_.read(ByteView(buffer).first(static_cast<std::size_t>(count)));
    }
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(std::exchange(input_read_, 0)));
  }

  void shake_hands() {
    const int result = gnutls_handshake(session_.get());
    established_ = result == 0;
    ASSERT_TRUE(established_ || result == GNUTLS_E_AGAIN) << gnutls_strerror(result);
  }

  CredentialsPtr credentials_;
  SessionPtr session_;
  Bytes input_;
  std::size_t input_read_ = 0;
  Bytes output_;
  bool established_ = false;
  bool pads_;
  ByteStream sends_;
  StreamCheck receives_;
  std::optional<std::uint64_t> closed_at_;
};

}  // namespace

std::unique_ptr<StreamPeer> make_gnutls_peer(const PeerSetup& setup) {
  return std::make_unique<GnutlsPeer>(setup);
}

}  // namespace baton::test
