#include "dtls_serializer.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>
#include <mbedtls/timing.h>

#include <algorithm>
#include <array>
#include <deque>

#include "base/bytes.h"
#include "require.h"

namespace baton::bench {

#ifdef MBEDTLS_SSL_CONTEXT_SERIALIZATION

namespace {

using Datagrams = std::deque<Bytes>;

struct Randomness {
  Randomness() {
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&generator);
    require(mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, nullptr, 0) == 0, "no entropy");
  }
  ~Randomness() {
    mbedtls_ctr_drbg_free(&generator);
    mbedtls_entropy_free(&entropy);
  }
  Randomness(const Randomness&) = delete;
  Randomness& operator=(const Randomness&) = delete;

  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context generator;
};

// A shared key instead of certificates: neither would be in what the server serializes.
class DtlsEnd {
 public:
  DtlsEnd(Randomness& randomness, int role, Datagrams& incoming, Datagrams& outgoing)
      : incoming_(incoming), outgoing_(outgoing) {
    static constexpr std::array<unsigned char, 16> kKey = {1, 2, 3};
    static constexpr std::array<int, 2> kSuites = {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, 0};
    static constexpr unsigned char kIdentity = 'b';
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    mbedtls_ssl_config_defaults(&config_, role, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &randomness.generator);
    mbedtls_ssl_conf_ciphersuites(&config_, kSuites.data());
    mbedtls_ssl_conf_psk(&config_, kKey.data(), kKey.size(), &kIdentity, 1);
    mbedtls_ssl_conf_dtls_cookies(&config_, nullptr, nullptr, nullptr);
    mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    require(mbedtls_ssl_setup(&ssl_, &config_) == 0, "Mbed TLS does not start");
    mbedtls_ssl_set_bio(&ssl_, this, send, receive, nullptr);
    mbedtls_ssl_set_timer_cb(&ssl_, &timer_, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  }
  ~DtlsEnd() {
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
  }
  DtlsEnd(const DtlsEnd&) = delete;
  DtlsEnd& operator=(const DtlsEnd&) = delete;

  mbedtls_ssl_context* ssl() { return &ssl_; }

  bool shake_hands() {
    const int result = mbedtls_ssl_handshake(&ssl_);
    require(result == 0 || result == MBEDTLS_ERR_SSL_WANT_READ, "Mbed TLS's handshake failed");
    return result == 0;
  }

 private:
  static int send(void* end, const unsigned char* data, std::size_t size) {
    static_cast<DtlsEnd*>(end)->outgoing_.emplace_back(data, data + size);
    return static_cast<int>(size);
  }
  static int receive(void* end, unsigned char* data, std::size_t size) {
    Datagrams& incoming = static_cast<DtlsEnd*>(end)->incoming_;
    if (incoming.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const std::size_t count = std::min(size, incoming.front().size());
    std::copy_n(incoming.front().begin(), count, data);
    incoming.pop_front();
    return static_cast<int>(count);
  }

  Datagrams& incoming_;
  Datagrams& outgoing_;
  mbedtls_ssl_config config_;
  mbedtls_ssl_context ssl_;
  mbedtls_timing_delay_context timer_{};
};

}  // namespace

struct DtlsSerializer::Inside {
  Randomness randomness;
  Datagrams to_server, to_client;
  DtlsEnd server{randomness, MBEDTLS_SSL_IS_SERVER, to_server, to_client};
  DtlsEnd client{randomness, MBEDTLS_SSL_IS_CLIENT, to_client, to_server};
  std::array<unsigned char, 1024> serialized;
  std::size_t size = 0;
};

bool DtlsSerializer::available() {
  return true;
}

DtlsSerializer::DtlsSerializer() : inside_(std::make_unique<Inside>()) {
  bool done = false;
  while (!done) {
    const bool client_done = inside_->client.shake_hands();
    done = inside_->server.shake_hands() && client_done;
  }
  require_alive();  // the first record behind the handshake lets go of its last flight
}

void DtlsSerializer::save() {
  auto& [randomness, to_server, to_client, server, client, serialized, size] = *inside_;
  const int result = mbedtls_ssl_context_save(server.ssl(), serialized.data(), serialized.size(), &size);
  require(result == 0, "Mbed TLS did not serialize");
}

void DtlsSerializer::load() {
  const int result =
      mbedtls_ssl_context_load(inside_->server.ssl(), inside_->serialized.data(), inside_->size);
  require(result == 0, "Mbed TLS did not deserialize");
}

void DtlsSerializer::require_alive() {
  unsigned char byte = 'x';
  require(mbedtls_ssl_write(inside_->client.ssl(), &byte, 1) == 1 &&
              mbedtls_ssl_read(inside_->server.ssl(), &byte, 1) == 1 &&
              mbedtls_ssl_write(inside_->server.ssl(), &byte, 1) == 1 &&
              mbedtls_ssl_read(inside_->client.ssl(), &byte, 1) == 1,
          "the serialized DTLS connection does not go on");
}

#else

struct DtlsSerializer::Inside {};
bool DtlsSerializer::available() {
  return false;
}
DtlsSerializer::DtlsSerializer() = default;
void DtlsSerializer::save() {}
void DtlsSerializer::load() {}
void DtlsSerializer::require_alive() {}

#endif

DtlsSerializer::~DtlsSerializer() = default;

}  // namespace baton::bench
