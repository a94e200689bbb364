#include "baton/adopt.h"
#include "libssl_end.h"
#include "record_subject.h"
#include "require.h"
#include "stopwatch.h"

namespace baton::bench {
namespace {

SslContext attached(SslContext context) {
  require(attach(context.get()).has_value(), "attaching to libssl failed");
  return context;
}

class LibsslRecords final : public RecordSubject {
 public:
  LibsslRecords(SslContext server, const RecordSuite& suite)
      : server_context_(std::move(server)), client_context_(make_libssl_client(suite.iana)) {
    connect(client_, server_);
    server_pipe_.drop_output();
  }

  double seal(ByteView plaintext, unsigned count) override {
    const int size = static_cast<int>(plaintext.size());
    int sealed = 0;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) sealed += SSL_write(server_.ssl(), plaintext.data(), size);
    const double seconds = watch.seconds();
    require(sealed == size * static_cast<int>(count), "libssl did not seal");
    return seconds;
  }

  double open(ByteView plaintext, unsigned count) override {
    const int size = static_cast<int>(plaintext.size());
    for (unsigned i = 0; i < count; ++i) {
      require(SSL_write(client_.ssl(), plaintext.data(), size) == size, "libssl did not seal");
    }
    server_pipe_.set_input(client_pipe_.take_output());
    int opened = 0;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) {
      opened += SSL_read(server_.ssl(), buffer_.data(), static_cast<int>(buffer_.size()));
    }
    const double seconds = watch.seconds();
    require(opened == size * static_cast<int>(count), "libssl did not open all");
    return seconds - server_pipe_.seconds_of_copies();
  }

 private:
  SslContext server_context_;
  SslContext client_context_;
  Pipe server_pipe_;
  Pipe client_pipe_;
  LibsslEnd server_{server_context_.get(), server_pipe_, false};
  LibsslEnd client_{client_context_.get(), client_pipe_, true};
  Bytes buffer_ = Bytes(16384);
};

}  // namespace

RecordSubjectPtr make_libssl_records(const RecordSuite& suite) {
  return std::make_unique<LibsslRecords>(make_libssl_server(suite.iana), suite);
}

RecordSubjectPtr make_attached_records(const RecordSuite& suite) {
  return std::make_unique<LibsslRecords>(attached(make_libssl_server(suite.iana)), suite);
}

}  // namespace baton::bench
