#include <algorithm>

#include "baton_states.h"
#include "record_subject.h"
#include "require.h"
#include "stopwatch.h"

namespace baton::bench {
namespace {

class BatonRecords final : public RecordSubject {
 public:
  explicit BatonRecords(States states)
      : server_(
            value_of(tls::Connection::from_state(std::move(states.server), no_key_update()), "no server")),
        client_(
            value_of(tls::Connection::from_state(std::move(states.client), no_key_update()), "no client")) {}

  double seal(ByteView plaintext, unsigned count) override {
    bool sealed = true;
    const Stopwatch watch;
    for (unsigned i = 0; i < count; ++i) {
      sealed &= server_.write(plaintext).has_value();
      server_.output_sent(server_.output().size());
    }
    const double seconds = watch.seconds();
    require(sealed, "Baton did not seal");
    return seconds;
  }

  double open(ByteView plaintext, unsigned count) override {
    for (unsigned i = 0; i < count; ++i) require(client_.write(plaintext).has_value(), "Baton did not seal");
    const ByteView wire = client_.output();
    std::ranges::copy(wire, server_.receive_space(wire.size()).begin());
    std::size_t opened = 0;
    const Stopwatch watch;
    server_.received(wire.size());
    for (;;) {
      const Event event = server_.next();
      const auto* data = std::get_if<ApplicationData>(&event);
      if (data == nullptr) break;
      opened += data->bytes.size();
      server_.consume(data->bytes.size());
    }
    const double seconds = watch.seconds();
    client_.output_sent(wire.size());
    require(opened == plaintext.size() * count, "Baton did not open all");
    return seconds;
  }

 private:
  static tls::ConnectionOptions no_key_update() {
    tls::ConnectionOptions options;
    options.key_limits = {UINT64_MAX, UINT64_MAX};
    return options;
  }

  tls::Connection server_;
  tls::Connection client_;
};

}  // namespace

RecordSubjectPtr make_baton_records(const RecordSuite& suite) {
  return std::make_unique<BatonRecords>(make_states(suite.iana));
}

}  // namespace baton::bench
