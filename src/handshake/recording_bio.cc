#include "handshake/recording_bio.h"

#include "crypto/openssl_error.h"
#include "handshake/openssl_handles.h"

namespace baton::handshake {
namespace {

enum class Direction { reads, writes };

// A BIO's own data. A program may write to the BIO that libssl reads from (it would like to reach the memory
// BIO below), so each records one direction only.
struct RecordingEnd {
  std::shared_ptr<WireRecord> record;
  Direction direction;
};

RecordingEnd& end_of(BIO* bio) {
  return *static_cast<RecordingEnd*>(BIO_get_data(bio));
}

// Whether anything may pass. The program can take away what lies below (BIO_pop).
bool is_open(BIO* bio) {
  return !end_of(bio).record->silent && BIO_next(bio) != nullptr;
}

int read_through(BIO* bio, char* data, int size) {
  const RecordingEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  if (!is_open(bio)) return -1;
  const int count = BIO_read(BIO_next(bio), data, size);
  BIO_copy_next_retry(bio);
  if (count > 0 && end.direction == Direction::reads) {
    end.record->input.read({reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(count)});
  }
  return count;
}

int write_through(BIO* bio, const char* data, int size) {
  const RecordingEnd& end = end_of(bio);
  BIO_clear_retry_flags(bio);
  if (!is_open(bio)) return -1;
  const int count = BIO_write(BIO_next(bio), data, size);
  BIO_copy_next_retry(bio);
  if (count > 0 && end.direction == Direction::writes) {
    end.record->output.written(
        {reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(count)});
  }
  return count;
}

// Everything but what concerns this BIO alone is for the one below, so that SSL_get_fd() and kTLS's questions
// are answered as without us.
long control_through(BIO* bio, int command, long number, void* pointer) {
  BIO* next = BIO_next(bio);
  // SSL_dup() asks whether it may go on. Its copy gets no BIO that way.
  if (command == BIO_CTRL_DUP) return 1;
  if (command == BIO_CTRL_PUSH || command == BIO_CTRL_POP || next == nullptr) return 0;
  // libssl asks for kTLS several times a record, so the retry flags are left to those that can change them.
  const bool may_retry = command == BIO_CTRL_FLUSH || command == BIO_C_DO_STATE_MACHINE;
  if (may_retry) BIO_clear_retry_flags(bio);
  const long result = BIO_ctrl(next, command, number, pointer);
  if (may_retry) BIO_copy_next_retry(bio);
  return result;
}

int forget_end(BIO* bio) {
  delete static_cast<RecordingEnd*>(BIO_get_data(bio));
  BIO_set_data(bio, nullptr);
  return 1;
}

// By its type a recording BIO is recognised.
int recorder_type() {
  static const int type = BIO_get_new_index() | BIO_TYPE_FILTER;
  return type;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(recorder_type(), "baton recorder");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, read_through);
  BIO_meth_set_write(method, write_through);
  BIO_meth_set_ctrl(method, control_through);
  BIO_meth_set_destroy(method, forget_end);
  return method;
}

// Takes a reference of its own to `below`, which notices nothing: BIO_push() would change where it hangs in a
// chain of the program's.
BioPtr recording_bio(const std::shared_ptr<WireRecord>& record, Direction direction, BIO* below) {
  static BIO_METHOD* method = make_method();
  BioPtr bio(method == nullptr ? nullptr : BIO_new(method));
  if (!bio) return bio;
  BIO_set_data(bio.get(), new RecordingEnd{record, direction});
  BIO_set_init(bio.get(), 1);
  BIO_up_ref(below);
  BIO_set_next(bio.get(), below);
  return bio;
}

bool is_end_of(BIO* bio, const std::shared_ptr<WireRecord>& record) {
  return bio != nullptr && BIO_method_type(bio) == recorder_type() && end_of(bio).record == record &&
         BIO_next(bio) != nullptr;
}

}  // namespace

Result<void> push_recording_bios(SSL* ssl, const std::shared_ptr<WireRecord>& record) {
  BIO* in = SSL_get_rbio(ssl);
  BIO* out = SSL_get_wbio(ssl);
  if (in == nullptr || out == nullptr) {
    return fail(ErrorCode::invalid_argument,
                "the SSL has no BIO yet; call SSL_set_fd() or SSL_set_bio() first");
  }
  BioPtr reader = recording_bio(record, Direction::reads, in);
  BioPtr writer = recording_bio(record, Direction::writes, out);
  if (!reader || !writer) return crypto::openssl_error("a recording BIO");
  // The SSL gives its own references back; the ones just taken keep what lies below alive.
  SSL_set0_rbio(ssl, reader.release());
  SSL_set0_wbio(ssl, writer.release());
  return {};
}

bool records_wire(const SSL* ssl, const std::shared_ptr<WireRecord>& record) {
  return is_end_of(SSL_get_rbio(ssl), record) && is_end_of(SSL_get_wbio(ssl), record);
}

}  // namespace baton::handshake
