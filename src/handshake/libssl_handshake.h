// What both roles share: libssl between two memory BIOs, one whole record at a time.
#pragma once

#include <openssl/ssl.h>

#include "baton/config.h"
#include "handshake/completed_state.h"
#include "handshake/fiber.h"
#include "handshake/handshake.h"
#include "handshake/openssl_handles.h"
#include "handshake/record_inbox.h"
#include "handshake/suspending_signer.h"
#include "handshake/traffic_keys.h"
#include "handshake/transcript.h"

namespace baton::handshake {

// Registers the key log and message callbacks; each finds its handshake by the SSL's application data.
void observe_handshakes(SSL_CTX* context);

// What both roles are told.
struct CommonOptions {
  std::size_t max_handshake_bytes;
  KeptMetadata keep;
};

class LibsslHandshake : public Handshake {
 public:
  LibsslHandshake(tls::Role role, SslPtr ssl, const CommonOptions& options);
  LibsslHandshake(const LibsslHandshake&) = delete;
  LibsslHandshake& operator=(const LibsslHandshake&) = delete;
  ~LibsslHandshake() override;

  // Gives the SSL its BIOs. Called once, before anything else.
  [[nodiscard]] Result<void> attach();

  // The handshake of an SSL that was attached.
  static LibsslHandshake& of(const SSL* ssl);

  Progress advance(ByteView bytes) final;
  Bytes take_output() final;
  std::uint64_t consumed() const final { return consumed_; }
  PendingReason pending_reason() const final { return pending_reason_; }
  void allow_slow_signature() override {}
  const SignatureNeeded* needed_signature() const final;
  void give_signature(Result<Bytes> signature) final;
  Result<tls::ConnectionState> take_state() final;
  const tls::Failure& failure() const final { return failure_; }
  const Summary& summary() const final { return summary_; }

  // For the callbacks.
  void on_key_log(std::string_view line) { key_log_.note(line); }
  void on_message(bool written, int content_type, ByteView message);

 protected:
  // Set by a callback that makes libssl pause for good: the handshake is refused.
  std::optional<tls::Failure> refused_;
  // Set by a callback that makes libssl pause.
  PendingReason pending_reason_ = PendingReason::none;
  Summary summary_;

  // Completes the handshake of a TLS 1.3 server before the client's Finished, unless a certificate is asked
  // of the client.
  void try_early_completion();
  // It will be late: nothing is kept for it any more.
  void give_up_early_completion();

  // The key is elsewhere: libssl runs on a fiber from the next step on. A callback that asks for it in the
  // middle of a step makes libssl pause, and the step begins again there.
  void use_fiber() { wants_fiber_ = true; }
  bool uses_fiber() const { return uses_fiber_; }

 private:
  struct LibsslAnswer {
    int result;
    int why;  // SSL_get_error()
  };
  LibsslAnswer call_libssl();
  std::optional<LibsslAnswer> call_on_fiber();
  std::optional<LibsslAnswer> call();
  bool is_suspended() const { return fiber_ != nullptr; }
  void abandon_signature();
  void drop_ssl();

  void step();
  void feed_records();
  void feed(ByteView record);
  void collect_output();
  RecordCounts record_counts() const;
  void complete();
  bool can_complete_early() const;
  void complete_early();
  void defer_tickets(tls::AwaitedFinished awaited, Bytes flight);
  void fail_as_libssl();
  void refuse(tls::Alert alert, std::string reason);
  void refuse_header(const NotARecord& refused);
  bool output_is_protected() const;

  tls::Role role_;
  CommonOptions options_;
  SslPtr ssl_;                  // gone after `complete` and `failed`
  BIO* to_libssl_ = nullptr;    // owned by ssl_
  BIO* from_libssl_ = nullptr;  // owned by ssl_
  bool speaks_first_;           // a client whose first step is still to come
  Progress progress_ = Progress::need_bytes;

  bool wants_fiber_ = false;
  bool uses_fiber_ = false;
  std::unique_ptr<Fiber> fiber_;  // while libssl is suspended in it
  LibsslAnswer fiber_answer_{};
  SignatureExchange exchange_;

  RecordInbox inbox_;
  std::uint64_t consumed_ = 0;
  Bytes output_;

  KeyLogReader key_log_;
  Transcript transcript_;  // kept while may_complete_early_
  bool may_complete_early_ = false;
  bool finished_written_ = false;
  std::uint64_t records_behind_finished_ = 0;  // written under TLS 1.3's application key
  ProtectedRecords read_records_;              // TLS 1.2
  ProtectedRecords written_records_;           // TLS 1.2
  std::string refusal_;                        // why libssl was made to fail, in our own words
  std::optional<tls::Alert> alert_sent_;
  std::optional<tls::Alert> alert_received_;

  tls::Failure failure_;
  std::optional<tls::ConnectionState> state_;
};

}  // namespace baton::handshake
