#include "handshake/libssl_handshake.h"

#include <openssl/err.h>

#include <climits>

#include "base/dead_stack.h"
#include "handshake/client_finished.h"
#include "handshake/completed_state.h"
#include "handshake/failure_reason.h"

namespace baton::handshake {
namespace {

void key_log_callback(const SSL* ssl, const char* line) {
  LibsslHandshake::of(ssl).on_key_log(line);
}

void message_callback(int written, int /*version*/, int content_type, const void* data, std::size_t size,
                      SSL* ssl, void* /*argument*/) {
  LibsslHandshake::of(ssl).on_message(written != 0, content_type,
                                      {static_cast<const std::uint8_t*>(data), size});
}

}  // namespace

void observe_handshakes(SSL_CTX* context) {
  SSL_CTX_set_keylog_callback(context, key_log_callback);
  SSL_CTX_set_msg_callback(context, message_callback);
}

LibsslHandshake::LibsslHandshake(tls::Role role, SslPtr ssl, const CommonOptions& options)
    : role_(role),
      options_(options),
      ssl_(std::move(ssl)),
      speaks_first_(role == tls::Role::client),
      key_log_(options.keep.exporter_secret) {}

Result<void> LibsslHandshake::attach() {
  BioPtr in(BIO_new(BIO_s_mem()));
  BioPtr out(BIO_new(BIO_s_mem()));
  if (!in || !out || SSL_set_app_data(ssl_.get(), this) != 1) return fail(ErrorCode::crypto, "out of memory");
  to_libssl_ = in.release();
  from_libssl_ = out.release();
  SSL_set_bio(ssl_.get(), to_libssl_, from_libssl_);
  if (role_ == tls::Role::server) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
  return {};
}

LibsslHandshake& LibsslHandshake::of(const SSL* ssl) {
  return *static_cast<LibsslHandshake*>(SSL_get_app_data(ssl));
}

void LibsslHandshake::on_message(bool written, int content_type, ByteView message) {
  if (content_type == SSL3_RT_ALERT && message.size() == 2) {
    (written ? alert_sent_ : alert_received_) = tls::Alert{message[1]};
  }
  if (content_type == SSL3_RT_HANDSHAKE && may_complete_early_) transcript_.add(message);
  if (!written) return;
  // The header of the record that carries the Finished message is shown before the message itself.
  if (content_type == SSL3_RT_HEADER) ++records_behind_finished_;
  if (content_type == SSL3_RT_HANDSHAKE && !message.empty() && message[0] == SSL3_MT_FINISHED) {
    records_behind_finished_ = 0;
    finished_written_ = true;
  }
  if (content_type == SSL3_RT_HANDSHAKE && !message.empty() && message[0] == SSL3_MT_CERTIFICATE_REQUEST) {
    give_up_early_completion();  // what the client will answer is not known
  }
}

Progress LibsslHandshake::advance(ByteView bytes) {
  if (!ssl_) return progress_;
  inbox_.add(bytes);
  const bool waits = is_suspended() && !exchange_.answer;
  if ((speaks_first_ || progress_ == Progress::pending) && !waits) {
    speaks_first_ = false;
    step();
  }
  feed_records();
  // A slow peer's partial record, or what arrives while a step is pending.
  if (ssl_ && consumed_ + inbox_.kept() > options_.max_handshake_bytes) {
    refuse(tls::Alert::handshake_failure, "the handshake takes more bytes than allowed");
  }
  // libssl leaves keys and IVs on the stack, perhaps a worker's, which then waits for its next handshake.
  if (!ssl_) wipe_dead_stack();
  return progress_;
}

void LibsslHandshake::feed_records() {
  while (progress_ == Progress::need_bytes) {
    const NextRecord next = inbox_.next();
    if (std::holds_alternative<NeedBytes>(next)) return;
    if (const auto* refused = std::get_if<NotARecord>(&next)) return refuse_header(*refused);
    feed(std::get<WholeRecord>(next).bytes);
  }
}

void LibsslHandshake::feed(ByteView record) {
  if (consumed_ + record.size() > options_.max_handshake_bytes) {
    return refuse(tls::Alert::handshake_failure, "the handshake takes more bytes than allowed");
  }
  if (BIO_write(to_libssl_, record.data(), static_cast<int>(record.size())) !=
      static_cast<int>(record.size())) {
    return refuse(tls::Alert::internal_error, "out of memory");
  }
  consumed_ += record.size();
  read_records_.note(record);
  step();
}

LibsslHandshake::LibsslAnswer LibsslHandshake::call_libssl() {
  const int result = SSL_do_handshake(ssl_.get());
  // Before anything that clears this thread's error queue.
  return {result, SSL_get_error(ssl_.get(), result)};
}

// nullopt: it is suspended.
std::optional<LibsslHandshake::LibsslAnswer> LibsslHandshake::call_on_fiber() {
  if (!fiber_) fiber_ = Fiber::create([this] { fiber_answer_ = call_libssl(); });
  if (!fiber_) {
    refusal_ = "there is no memory for another stack";
    return LibsslAnswer{-1, SSL_ERROR_SSL};
  }
  const SigningScope scope(exchange_);
  fiber_->resume();
  if (!fiber_->ended()) return std::nullopt;
  fiber_.reset();
  return fiber_answer_;
}

std::optional<LibsslHandshake::LibsslAnswer> LibsslHandshake::call() {
  if (!uses_fiber_ && !std::exchange(wants_fiber_, false)) {
    const LibsslAnswer answer = call_libssl();
    if (!wants_fiber_) return answer;
  }
  wants_fiber_ = false;
  uses_fiber_ = true;
  return call_on_fiber();
}

const SignatureNeeded* LibsslHandshake::needed_signature() const {
  return exchange_.needed && !exchange_.answer ? &*exchange_.needed : nullptr;
}

void LibsslHandshake::give_signature(Result<Bytes> signature) {
  if (needed_signature() == nullptr) return;
  if (!signature) refusal_ = signature.error().message;
  exchange_.answer = std::move(signature);
}

// Lets libssl come to its end: what it has on its suspended stack, nobody else could free.
void LibsslHandshake::abandon_signature() {
  if (!is_suspended()) return;
  exchange_.abandoned = true;
  exchange_.answer = fail(ErrorCode::refused, "the handshake has ended");
  while (!call_on_fiber()) exchange_.answer = fail(ErrorCode::refused, "the handshake has ended");
  ERR_clear_error();
}

void LibsslHandshake::drop_ssl() {
  abandon_signature();
  ssl_.reset();
}

LibsslHandshake::~LibsslHandshake() {
  abandon_signature();
}

void LibsslHandshake::step() {
  ERR_clear_error();  // also what other handshakes have left while this one was suspended
  pending_reason_ = PendingReason::none;
  const std::optional<LibsslAnswer> answer = call();
  if (!answer) {
    pending_reason_ = PendingReason::remote_signature;
    progress_ = Progress::pending;
    return;
  }
  collect_output();
  if (answer->result == 1) return complete();
  switch (answer->why) {
    case SSL_ERROR_WANT_READ:
      if (can_complete_early()) return complete_early();
      progress_ = Progress::need_bytes;
      return;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      if (refused_) return refuse(refused_->alert, refused_->reason);
      progress_ = Progress::pending;
      return;
    default:
      fail_as_libssl();
  }
}

void LibsslHandshake::collect_output() {
  const std::size_t before = output_.size();
  char* data = nullptr;
  const long size = BIO_get_mem_data(from_libssl_, &data);
  if (size <= 0) return;
  append(output_, {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
  BIO_reset(from_libssl_);

  // libssl flushes whole flights, so a step's output is whole records.
  ByteReader reader(ByteView(output_).subspan(before));
  while (reader.left() >= tls::kRecordHeaderSize) {
    const ByteView rest = ByteView(output_).last(reader.left());
    const std::size_t length = static_cast<std::size_t>(rest[3] << 8 | rest[4]);
    const ByteView record = reader.bytes(tls::kRecordHeaderSize + length);
    if (reader.ok()) written_records_.note(record);
  }
}

RecordCounts LibsslHandshake::record_counts() const {
  // Both Finished messages end at a record boundary, so the peer's application key has protected nothing yet;
  // ours the NewSessionTickets.
  if (SSL_version(ssl_.get()) == TLS1_3_VERSION) return {0, records_behind_finished_, 0};
  return {read_records_.count(), written_records_.count(), written_records_.last_explicit_nonce()};
}

void LibsslHandshake::complete() {
  // RFC 8446 §5.1: handshake messages MUST NOT span key changes. libssl checks it in TLS 1.3 only.
  if (SSL_has_pending(ssl_.get()) != 0 || BIO_ctrl_pending(to_libssl_) != 0) {
    return refuse(tls::Alert::unexpected_message, "data behind the Finished message in the same record");
  }
  CompletedHandshake completed{
      .role = role_,
      .ssl = ssl_.get(),
      .tls13_keys = key_log_.take(),
      .records = record_counts(),
      .server_name = summary_.server_name,
      .keep = options_.keep,
  };
  Result<tls::ConnectionState> state = completed_state(std::move(completed));
  if (!state) return refuse(tls::Alert::internal_error, std::move(state.error().message));
  summarize(ssl_.get(), *state, summary_);
  state_ = std::move(*state);
  progress_ = Progress::complete;
  // The peer may still resume this session: only libssl's copy of it goes.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  drop_ssl();
  inbox_ = RecordInbox();
}

void LibsslHandshake::try_early_completion() {
  may_complete_early_ = true;
  key_log_.keep_client_handshake_secret(true);
}

void LibsslHandshake::give_up_early_completion() {
  may_complete_early_ = false;
  transcript_ = Transcript();
  key_log_.keep_client_handshake_secret(false);
}

// The server's flight is written and the ClientHello ended its record, so that nothing but the client's
// Finished is to come. What else the client has sent stays with the caller.
bool LibsslHandshake::can_complete_early() const {
  return may_complete_early_ && finished_written_ && SSL_version(ssl_.get()) == TLS1_3_VERSION &&
         SSL_has_pending(ssl_.get()) == 0 && BIO_ctrl_pending(to_libssl_) == 0;
}

// libssl is given the Finished that an honest client will send, so that it completes and seals its tickets.
// They, and the right to continue, belong to whoever has then seen the real one (RFC 8446 §4.4.4).
void LibsslHandshake::complete_early() {
  const tls::CipherSuite* suite =
      tls::find_cipher_suite(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(ssl_.get())));
  if (suite == nullptr) return refuse(tls::Alert::internal_error, "libssl chose an unknown cipher suite");
  auto predicted = predict_client_finished(*suite, key_log_.take_client_handshake_secret(), transcript_);
  give_up_early_completion();  // it is tried once
  if (!predicted) return refuse(tls::Alert::internal_error, predicted.error().message);
  const auto size = static_cast<int>(predicted->record.size());
  if (BIO_write(to_libssl_, predicted->record.data(), size) != size) {
    return refuse(tls::Alert::internal_error, "out of memory");
  }
  Bytes flight = take_output();
  step();
  defer_tickets(std::move(predicted->awaited), std::move(flight));
}

// What libssl has answered to a Finished that nobody has sent must not leave as output.
void LibsslHandshake::defer_tickets(tls::AwaitedFinished awaited, Bytes flight) {
  awaited.deferred_ciphertext = std::exchange(output_, std::move(flight));
  if (progress_ == Progress::complete) {
    state_->awaited = std::make_unique<tls::AwaitedFinished>(std::move(awaited));
    summary_.early = true;
    if (tls::validate(*state_)) return;
    state_.reset();
  }
  drop_ssl();
  // The flight has not left, and without it the client still reads plaintext.
  output_ = tls::plaintext_alert(tls::Alert::internal_error);
  failure_ = {tls::Alert::internal_error, false, "libssl does not take the Finished that it must expect"};
  progress_ = Progress::failed;
}

void LibsslHandshake::fail_as_libssl() {
  const LibsslReason reason = take_libssl_reason(ssl_.get());
  if (alert_sent_) {
    failure_ = {*alert_sent_, false, refusal_.empty() ? reason.text : refusal_};
  } else if (alert_received_) {
    failure_ = {*alert_received_, true, "the peer sent the alert " + tls::to_string(*alert_received_)};
  } else {
    return refuse(reason.alert, refusal_.empty() ? reason.text : refusal_);
  }
  progress_ = Progress::failed;
  drop_ssl();
}

void LibsslHandshake::refuse(tls::Alert alert, std::string reason) {
  if (is_suspended()) {  // only libssl can seal the alert now, and it has one of its own
    abandon_signature();
    collect_output();
    alert = alert_sent_.value_or(alert);
  }
  if (!output_is_protected() && !alert_sent_) append(output_, tls::plaintext_alert(alert));
  failure_ = {alert, false, std::move(reason)};
  progress_ = Progress::failed;
  drop_ssl();
}

void LibsslHandshake::refuse_header(const NotARecord& refused) {
  if (output_is_protected()) {
    // Only libssl can seal the alert now: it sees the same header and refuses it by itself.
    refusal_ = refused.reason;
    BIO_write(to_libssl_, refused.header.data(), static_cast<int>(refused.header.size()));
    step();
  }
  if (ssl_) refuse(refused.alert, refused.reason);
}

bool LibsslHandshake::output_is_protected() const {
  return key_log_.has_handshake_keys() || written_records_.begun();
}

Bytes LibsslHandshake::take_output() {
  return std::exchange(output_, {});
}

Result<tls::ConnectionState> LibsslHandshake::take_state() {
  if (progress_ != Progress::complete)
    return fail(ErrorCode::invalid_argument, "the handshake is not complete");
  if (!state_) return fail(ErrorCode::consumed, "the state was taken before");
  tls::ConnectionState state = std::move(*state_);
  state_.reset();
  return state;
}

}  // namespace baton::handshake
