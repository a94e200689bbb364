// All suites in one process, so that their repetitions can be interleaved.
#include <benchmark/benchmark.h>
#include <gnutls/gnutls.h>
#include <mbedtls/version.h>
#include <openssl/crypto.h>
#ifdef BATON_BENCH_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif

#include <malloc.h>

#include <cstdio>
#include <string>

#include "baton/library.h"
#include "crypto/aead_backend.h"
#include "registry.h"
#include "require.h"
#include "suites.h"

namespace baton::bench {

void show_progress() {
  static unsigned calls = 0;
  if (++calls % 100 == 0) std::fprintf(stderr, "bench: %u short runs done\n", calls);
}

namespace {

void name_the_libraries() {
  benchmark::AddCustomContext("library: openssl", OpenSSL_version(OPENSSL_VERSION_STRING));
  benchmark::AddCustomContext("library: gnutls", gnutls_check_version(nullptr));
  benchmark::AddCustomContext("library: mbedtls", MBEDTLS_VERSION_STRING);
#ifdef BATON_BENCH_IPSEC_MB
  benchmark::AddCustomContext("library: ipsec-mb", imb_get_version_str());
#endif
  benchmark::AddCustomContext("library: benchmark", BATON_BENCH_LIBRARY_VERSION);
  const auto backend = value_of(crypto::aead_backend(), "no AEAD backend");
  benchmark::AddCustomContext("aead", std::string(crypto::to_string(backend)));
}

}  // namespace
}  // namespace baton::bench

int main(int count, char** arguments) {
  // As in a server that has been running: the allocator has its memory, and asks the kernel for none.
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  baton::bench::require(baton::start_library().has_value(), "Baton does not start");
  baton::bench::name_the_libraries();
  baton::bench::register_record_suite();
  baton::bench::register_serialize_suite();
  baton::bench::register_memory_suite();
  baton::bench::register_handshake_suite();
  benchmark::RunSpecifiedBenchmarks();
}
