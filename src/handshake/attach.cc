#include "handshake/attach.h"

#include "crypto/openssl_error.h"
#include "handshake/recording_bio.h"

namespace baton::handshake {
namespace {

using KeyLogCallback = void (*)(const SSL*, const char*);

// What an SSL_CTX keeps for us.
struct Attachment {
  std::shared_ptr<const AttachOptions> options;
  KeyLogCallback next_key_log;
  InfoCallback next_info;
};

template <class T>
void free_data(void* /*parent*/, void* data, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*number*/,
               void* /*pointer*/) {
  delete static_cast<T*>(data);
}

// SSL_dup() copies the pointer: the copy is watched when its own handshake starts.
int drop_copy(CRYPTO_EX_DATA* /*to*/, const CRYPTO_EX_DATA* /*from*/, void** data, int /*index*/,
              long /*number*/, void* /*pointer*/) {
  *data = nullptr;
  return 1;
}

int attachment_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_data<Attachment>);
  return index;
}

int observer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, drop_copy, free_data<Observer>);
  return index;
}

const Attachment* attachment_of(const SSL_CTX* context) {
  return static_cast<const Attachment*>(SSL_CTX_get_ex_data(context, attachment_index()));
}

// No exception may pass through libssl's frames: the program's clock, or the want of memory, is no reason for
// a handshake to fail.
template <class Note>
void note(Observer* observer, Note what) noexcept {
  if (observer == nullptr) return;
  try {
    what(*observer);
  } catch (...) {
    observer->lose_track();
  }
}

void key_log_callback(const SSL* ssl, const char* line) {
  note(observer_of(ssl), [&](Observer& observer) { observer.on_key_log(line); });
  const Attachment* attachment = attachment_of(SSL_get_SSL_CTX(ssl));
  if (attachment != nullptr && attachment->next_key_log != nullptr) attachment->next_key_log(ssl, line);
}

SslMessageCallback next_message_callback(const SSL* ssl, const Observer* observer) {
  if (observer != nullptr) return observer->options().message_callback;
  const Attachment* attachment = attachment_of(SSL_get_SSL_CTX(ssl));
  return attachment == nullptr ? nullptr : attachment->options->message_callback;
}

// The argument is the program's: the context's, or the SSL's own.
void message_callback(int written, int version, int content_type, const void* data, std::size_t size,
                      SSL* ssl, void* argument) {
  Observer* observer = observer_of(ssl);
  note(observer, [&](Observer& noting) {
    noting.on_message(ssl, written != 0, content_type, {static_cast<const std::uint8_t*>(data), size});
  });
  const SslMessageCallback next = next_message_callback(ssl, observer);
  if (next != nullptr) next(written, version, content_type, data, size, ssl, argument);
}

// Where it fails, adoption_readiness() says so. libssl hands the SSL out as const, and lets the callback
// change it all the same.
void watch_quietly(const SSL* ssl) noexcept {
  try {
    static_cast<void>(watch(const_cast<SSL*>(ssl)));
  } catch (...) {
    note(observer_of(ssl), [](Observer& observer) { observer.lose_track(); });
  }
}

InfoCallback next_info_callback(const SSL* ssl, int where) {
  const Attachment* attachment = attachment_of(SSL_get_SSL_CTX(ssl));
  const InfoCallback present = attachment == nullptr ? nullptr : attachment->next_info;
  Observer* observer = observer_of(ssl);
  return observer == nullptr ? present : observer->next_info(where, present);
}

// At the start of a first handshake libssl has its BIOs, and has read and written nothing.
void info_callback(const SSL* ssl, int where, int result) {
  if (where == SSL_CB_HANDSHAKE_START && SSL_in_before(ssl) != 0) watch_quietly(ssl);
  if (const InfoCallback next = next_info_callback(ssl, where)) next(ssl, where, result);
}

bool set_observer(SSL* ssl, std::unique_ptr<Observer> observer) {
  delete observer_of(ssl);
  if (SSL_set_ex_data(ssl, observer_index(), nullptr) != 1) return false;
  return SSL_set_ex_data(ssl, observer_index(), observer.release()) == 1;
}

}  // namespace

Observer* observer_of(const SSL* ssl) {
  return static_cast<Observer*>(SSL_get_ex_data(ssl, observer_index()));
}

Result<void> attach(SSL_CTX* context, AttachOptions options) {
  if (context == nullptr) return fail(ErrorCode::invalid_argument, "no SSL_CTX to attach to");
  if (attachment_of(context) != nullptr) {
    return fail(ErrorCode::invalid_argument, "this SSL_CTX was attached already; once is enough");
  }
  auto attachment = std::make_unique<Attachment>(
      Attachment{std::make_shared<const AttachOptions>(std::move(options)),
                 SSL_CTX_get_keylog_callback(context), SSL_CTX_get_info_callback(context)});
  if (SSL_CTX_set_ex_data(context, attachment_index(), attachment.get()) != 1) {
    return crypto::openssl_error("attaching to an SSL_CTX");
  }
  static_cast<void>(attachment.release());  // the context's now
  SSL_CTX_set_keylog_callback(context, key_log_callback);
  SSL_CTX_set_info_callback(context, info_callback);
  SSL_CTX_set_msg_callback(context, message_callback);
  return {};
}

Result<void> watch(SSL* ssl) {
  if (ssl == nullptr) return fail(ErrorCode::invalid_argument, "no SSL to watch");
  if (SSL_is_dtls(ssl) != 0) return fail(ErrorCode::invalid_argument, "Baton does not carry DTLS");
  Observer* old = observer_of(ssl);
  const bool recording = old != nullptr && records_wire(ssl, old->wire());
  const bool unused = SSL_in_before(ssl) != 0;
  if (recording && (!unused || old->adopted())) return {};
  const Attachment* attachment = attachment_of(SSL_get_SSL_CTX(ssl));
  if (attachment == nullptr) {
    return fail(ErrorCode::invalid_argument,
                "the SSL's SSL_CTX is not attached; call attach() before SSL_new()");
  }
  if (!unused) {
    return fail(ErrorCode::invalid_argument,
                "the SSL's handshake has begun, so its first records are lost; call watch() before it");
  }
  // An SSL that SSL_clear() has made new again begins anew, with the recording BIOs that it has.
  const auto wire = recording ? old->wire() : std::make_shared<WireRecord>();
  *wire = WireRecord();
  auto observer = std::make_unique<Observer>(attachment->options, wire);
  if (!recording) {
    if (auto pushed = push_recording_bios(ssl, wire); !pushed) return pass_on(pushed);
  }
  if (!set_observer(ssl, std::move(observer))) return crypto::openssl_error("watching an SSL");
  return {};
}

}  // namespace baton::handshake
