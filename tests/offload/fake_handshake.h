// A handshake that does what its client's bytes say, so that tests of the service need no TLS.
#pragma once

#include <algorithm>
#include <string>

#include "handshake/server.h"
#include "offload/sample_frames.h"

namespace baton::offload::test {

// One byte of the client each:
//   'e'  need_bytes, and the server sends "E"
//   'n'  need_bytes, and the server sends nothing
//   's'  pending for a slow signature; then the server sends "S"
//   't'  pending until the selector chooses a tenant; then the server sends "T"
//   'c'  complete, and the server sends "C"; what follows is not consumed
//   'f'  failed with handshake_failure, and the server sends "F"
//   'a'  failed by an alert of the client
//   'r'  failed with unrecognized_name
class FakeHandshake final : public handshake::Handshake {
 public:
  FakeHandshake(handshake::TenantSelector selector, int& alive)
      : selector_(std::move(selector)), alive_(alive) {
    ++alive_;
    summary_.server_name = "www.example.com";
  }
  FakeHandshake(const FakeHandshake&) = delete;
  FakeHandshake& operator=(const FakeHandshake&) = delete;
  ~FakeHandshake() override { --alive_; }

  handshake::Progress advance(ByteView bytes) override {
    append(input_, bytes);
    while (consumed_ < input_.size()) {
      const handshake::Progress progress = step(static_cast<char>(input_[consumed_]));
      if (progress == handshake::Progress::pending) return progress;
      reason_ = handshake::PendingReason::none;
      ++consumed_;
      if (progress != handshake::Progress::need_bytes) return progress;
    }
    return handshake::Progress::need_bytes;
  }

  Bytes take_output() override { return std::exchange(output_, {}); }
  std::uint64_t consumed() const override { return consumed_; }
  handshake::PendingReason pending_reason() const override { return reason_; }
  void allow_slow_signature() override { may_sign_ = true; }
  const tls::Failure& failure() const override { return failure_; }
  const handshake::Summary& summary() const override { return summary_; }

  Result<tls::ConnectionState> take_state() override {
    tls::ConnectionState state;
    state.suite = tls::find_cipher_suite("TLS_AES_128_GCM_SHA256");
    state.read.keying = tls::KeyingMaterial(some_bytes(32));
    state.write.keying = tls::KeyingMaterial(some_bytes(32));
    return state;
  }

 private:
  handshake::Progress step(char command) {
    using handshake::Progress;
    switch (command) {
      case 'e':
        return say('E', Progress::need_bytes);
      case 's':
        reason_ = handshake::PendingReason::slow_signature;
        return std::exchange(may_sign_, false) ? say('S', Progress::need_bytes) : Progress::pending;
      case 't':
        reason_ = handshake::PendingReason::tenant;
        return std::holds_alternative<handshake::SelectLater>(selector_({"www.example.com", true}))
                   ? Progress::pending
                   : say('T', Progress::need_bytes);
      case 'c':
        return say('C', Progress::complete);
      case 'f':
        return fail_with({tls::Alert::handshake_failure, false, "asked to"});
      case 'a':
        return fail_with({tls::Alert::bad_certificate, true, "the client said so"});
      case 'r':
        return fail_with({tls::Alert::unrecognized_name, false, "no such name"});
      default:
        return Progress::need_bytes;
    }
  }

  handshake::Progress say(char letter, handshake::Progress progress) {
    output_.push_back(static_cast<std::uint8_t>(letter));
    return progress;
  }

  handshake::Progress fail_with(tls::Failure failure) {
    failure_ = std::move(failure);
    return failure_.from_peer ? handshake::Progress::failed : say('F', handshake::Progress::failed);
  }

  handshake::TenantSelector selector_;
  int& alive_;
  Bytes input_;
  Bytes output_;
  std::uint64_t consumed_ = 0;
  handshake::PendingReason reason_ = handshake::PendingReason::none;
  bool may_sign_ = false;
  tls::Failure failure_;
  handshake::Summary summary_;
};

class FakeEndpoint final : public handshake::ServerEndpoint {
 public:
  Result<std::unique_ptr<handshake::Handshake>> accept(handshake::TenantSelector selector,
                                                       handshake::HandoffPoint /*handoff*/) const override {
    if (refuses) return fail(ErrorCode::crypto, "asked to fail");
    return std::make_unique<FakeHandshake>(std::move(selector), alive);
  }

  bool refuses = false;
  mutable int alive = 0;  // handshakes that exist
};

}  // namespace baton::offload::test
