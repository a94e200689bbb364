// Sealing and opening application records of TLS 1.3.
#include <benchmark/benchmark.h>

#include <array>
#include <span>
#include <string>

#include "crypto/aead_backend.h"
#include "record_subject.h"
#include "registry.h"
#include "suites.h"

namespace baton::bench {

RecordSubjectPtr make_raw_aead(const RecordSuite& suite) {
  return crypto::ipsec_mb_is_usable() ? make_raw_aead_of_ipsec_mb(suite) : make_raw_aead_of_libcrypto(suite);
}

namespace {

std::string priority(const char* cipher) {
  return std::string("NONE:+VERS-TLS1.3:+MAC-ALL:+SIGN-ALL:+COMP-ALL:+GROUP-ALL:+CTYPE-X509:+ECDHE-ECDSA:+") +
         cipher;
}

const std::array<RecordSuite, 3>& suites() {
  static const std::array<RecordSuite, 3> kSuites = {{
      {"aes128gcm", "TLS_AES_128_GCM_SHA256", priority("AES-128-GCM")},
      {"aes256gcm", "TLS_AES_256_GCM_SHA384", priority("AES-256-GCM")},
      {"chacha20poly1305", "TLS_CHACHA20_POLY1305_SHA256", priority("CHACHA20-POLY1305")},
  }};
  return kSuites;
}

struct Subject {
  const char* name;
  RecordSubjectPtr (*make)(const RecordSuite&);
};
constexpr std::array<Subject, 4> kSubjects = {{{"baton", make_baton_records},
                                               {"raw-aead", make_raw_aead},
                                               {"libssl", make_libssl_records},
                                               {"gnutls", make_gnutls_records}}};
// What it costs that a program could be adopted: libssl both times.
constexpr std::array<Subject, 2> kAttached = {
    {{"baton", make_attached_records}, {"libssl", make_libssl_records}}};

// Records between two looks at the clock: many enough to hide it, few enough to stay in the cache.
unsigned batch_of(std::size_t size) {
  if (size > 4096) return 16;
  return size > 256 ? 128 : 512;
}

using Measured = double (RecordSubject::*)(ByteView, unsigned);

void measure(benchmark::State& state, RecordSubject& subject, Measured what, std::size_t size) {
  const Bytes plaintext(size, 'x');
  const unsigned batch = batch_of(size);
  (subject.*what)(plaintext, batch);  // the first ones find cold caches
  for (auto _ : state) state.SetIterationTime((subject.*what)(plaintext, batch));
  state.SetItemsProcessed(state.iterations() * batch);
}

void register_case(std::span<const Subject> subjects, const std::string& name, Measured what,
                   std::size_t size, const RecordSuite& suite) {
  for (const Subject& subject : subjects) {
    add("record", name, subject.name, [=, &suite](benchmark::State& state) {
      const RecordSubjectPtr made = subject.make(suite);
      measure(state, *made, what, size);
    });
  }
}

}  // namespace

void register_record_suite() {
  for (const RecordSuite& suite : suites()) {
    for (const std::size_t size : {64, 1024, 16384}) {
      const std::string kind = std::to_string(size) + "-" + suite.label;
      register_case(kSubjects, "seal-" + kind, &RecordSubject::seal, size, suite);
      register_case(kSubjects, "open-" + kind, &RecordSubject::open, size, suite);
    }
  }
  for (const std::size_t size : {1024, 16384}) {
    register_case(kAttached, "attached-write-" + std::to_string(size), &RecordSubject::seal, size,
                  suites()[0]);
    register_case(kAttached, "attached-read-" + std::to_string(size), &RecordSubject::open, size,
                  suites()[0]);
  }
}

}  // namespace baton::bench
