// Who protects records: one connection of a library, seen from the server.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"

namespace baton::bench {

struct RecordSuite {
  std::string label;     // in the names of the cases
  std::string iana;      // also libssl's name
  std::string priority;  // GnuTLS's
};

class RecordSubject {
 public:
  RecordSubject() = default;
  RecordSubject(const RecordSubject&) = delete;
  RecordSubject& operator=(const RecordSubject&) = delete;
  virtual ~RecordSubject() = default;

  // Seals `count` records of this plaintext, which are dropped. Gives the seconds that it took.
  virtual double seal(ByteView plaintext, unsigned count) = 0;
  // Has the other end seal as many, then opens them. Gives the seconds of the opening alone.
  virtual double open(ByteView plaintext, unsigned count) = 0;
};

using RecordSubjectPtr = std::unique_ptr<RecordSubject>;

RecordSubjectPtr make_baton_records(const RecordSuite& suite);
RecordSubjectPtr make_libssl_records(const RecordSuite& suite);
// libssl's records on a context that Baton is attached to, so that it could be adopted.
RecordSubjectPtr make_attached_records(const RecordSuite& suite);
RecordSubjectPtr make_gnutls_records(const RecordSuite& suite);
// The cipher alone, in place, with what a record of TLS 1.3 adds to the plaintext: by libipsec-mb where Baton
// would use it, elsewhere by libcrypto.
RecordSubjectPtr make_raw_aead(const RecordSuite& suite);
RecordSubjectPtr make_raw_aead_of_ipsec_mb(const RecordSuite& suite);
RecordSubjectPtr make_raw_aead_of_libcrypto(const RecordSuite& suite);

}  // namespace baton::bench
