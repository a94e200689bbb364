#include "gnutls_end.h"
#include "record_subject.h"
#include "require.h"
#include "stopwatch.h"

namespace baton::bench {
namespace {

class GnutlsRecords final : public RecordSubject {
 public:
  explicit GnutlsRecords(const RecordSuite& suite)
      : server_(suite.priority, server_pipe_, false), client_(suite.priority, client_pipe_, true) {
    connect(client_, server_);
    server_pipe_.drop_output();
  }

  double seal(ByteView plaintext, unsigned count) override {
    ssize_t sealed = 0;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) {
      sealed += gnutls_record_send(server_.session(), plaintext.data(), plaintext.size());
    }
    const double seconds = watch.seconds();
    require(sealed == static_cast<ssize_t>(plaintext.size() * count), "GnuTLS did not seal");
    return seconds;
  }

  double open(ByteView plaintext, unsigned count) override {
    const auto size = static_cast<ssize_t>(plaintext.size());
    for (unsigned i = 0; i < count; ++i) {
      require(gnutls_record_send(client_.session(), plaintext.data(), plaintext.size()) == size,
              "GnuTLS did not seal");
    }
    server_pipe_.set_input(client_pipe_.take_output());
    ssize_t opened = 0;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) {
      opened += gnutls_record_recv(server_.session(), buffer_.data(), buffer_.size());
    }
    const double seconds = watch.seconds();
    require(opened == size * static_cast<ssize_t>(count), "GnuTLS did not open all");
    return seconds - server_pipe_.seconds_of_copies();
  }

 private:
  Pipe server_pipe_;
  Pipe client_pipe_;
  GnutlsEnd server_;
  GnutlsEnd client_;
  Bytes buffer_ = Bytes(16384);
};

}  // namespace

RecordSubjectPtr make_gnutls_records(const RecordSuite& suite) {
  return std::make_unique<GnutlsRecords>(suite);
}

}  // namespace baton::bench
