// One link to a key store, for the coroutines of one event loop: its stream, its pings and its end.
#pragma once

#include <memory>
#include <string>

#include "net/later.h"
#include "net/signal.h"
#include "net/stream.h"
#include "offload/handshake_link.h"

namespace baton::links {

class KeyStoreLink final : public offload::HandshakeLink {
 public:
  // `program` is what the key store's log calls this one.
  KeyStoreLink(const asio::any_io_executor& executor, const std::string& program,
               std::unique_ptr<net::Stream> stream);

  // Runs the link to its end; the result is why it ended. HELLO must come within `hello_timeout`.
  net::Task<Error> run(std::chrono::milliseconds hello_timeout);

  // Whether it is there for new handshakes.
  bool alive() const { return client().ready() && !client().going_away() && !done_; }
  // It is silent when an answer is overdue and a ping is not answered either. Whatever comes next ends that.
  bool silent() const { return silent_; }
  // Whether it takes new handshakes.
  bool usable() const { return alive() && !silent_; }
  bool ended() const { return done_; }

  // No new handshakes; the link closes once those that run have ended.
  void retire(std::string_view reason);

  // Called when the link becomes usable and when it stops being so.
  void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }
  // Called with the round trip of each ping.
  void set_on_pong(std::function<void(std::chrono::microseconds)> on_pong) { on_pong_ = std::move(on_pong); }

 private:
  net::Task<Result<void>> receive_all();
  net::Task<Result<void>> send();
  net::Task<Result<void>> watch(std::chrono::milliseconds hello_timeout);
  net::Task<Result<void>> wait_for_hello(std::chrono::milliseconds hello_timeout);
  void on_output() override { wake_.notify(); }
  void on_outcome() override;
  void on_handshake_ended() override { close_if_done(); }
  void on_handoff(const offload::Handoff& handoff) override;
  void on_overdue() override;
  void on_news(offload::LinkNews news) override;
  void judge_silence();
  void close_if_done();
  void changed();

  asio::any_io_executor executor_;
  std::unique_ptr<net::Stream> stream_;
  net::Signal wake_;     // output is there
  net::Signal greeted_;  // had_hello_ is true
  net::Later later_;     // wakes
  net::Later judge_;     // whether it is silent
  std::function<void()> on_change_;
  std::function<void(std::chrono::microseconds)> on_pong_;
  std::chrono::steady_clock::time_point pinged_;
  std::uint64_t last_ping_ = 0;  // of those at intervals
  std::uint64_t last_pong_ = 0;
  std::optional<std::chrono::steady_clock::time_point> doubted_since_;  // and nothing has come since then
  bool silent_ = false;
  bool had_hello_ = false;
  bool had_handoff_ = false;
  bool done_ = false;
  std::string end_reason_;
};

}  // namespace baton::links
