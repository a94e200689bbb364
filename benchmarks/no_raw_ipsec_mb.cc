// In place of raw_ipsec_mb.cc, where Baton is built without the library.
#include "record_subject.h"

namespace baton::bench {

RecordSubjectPtr make_raw_aead_of_ipsec_mb(const RecordSuite& suite) {
  return make_raw_aead_of_libcrypto(suite);
}

}  // namespace baton::bench
