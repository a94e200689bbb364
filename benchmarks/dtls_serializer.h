// The serialization of Mbed TLS, which has it for DTLS 1.2 only: the nearest thing to Baton's for TLS 1.2.
#pragma once

#include <memory>

namespace baton::bench {

// The server's end of one connection with AES-128-GCM.
class DtlsSerializer {
 public:
  // Whether the library was built with it (MBEDTLS_SSL_CONTEXT_SERIALIZATION).
  static bool available();

  DtlsSerializer();
  ~DtlsSerializer();
  DtlsSerializer(const DtlsSerializer&) = delete;
  DtlsSerializer& operator=(const DtlsSerializer&) = delete;

  // From the live connection to bytes; the library resets its context, keys and all.
  void save();
  // And back into the same context.
  void load();
  // The client still understands what the server says.
  void require_alive();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace baton::bench
