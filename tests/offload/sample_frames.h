// One frame of every type, with every field set, for tests and for the seeds of the fuzzers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "offload/frame_codec.h"

namespace baton::offload::test {

inline constexpr auto kSomeHandshake = static_cast<HandshakeId>(7);

inline Bytes some_bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t index = 0; index < size; ++index) bytes[index] = static_cast<std::uint8_t>(index * 7 + 1);
  return bytes;
}

inline SecretBuffer some_secret(std::size_t size) {
  const Bytes bytes = some_bytes(size);
  return {bytes.begin(), bytes.end()};
}

inline Hello sample_hello() {
  Hello hello;
  hello.newest_readable = 1;
  hello.capabilities = kSerializationOffload | std::uint64_t{1} << 63;
  hello.max_payload = 65536;
  hello.max_in_flight = 100;
  hello.software = "test 1.0";
  hello.extensions = {0, 9, 0, 2, 0xaa, 0xbb, 0x80, 1, 0, 0};
  return hello;
}

inline Open sample_open() {
  Open open;
  open.client.ip = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  open.client.port = 4711;
  open.listener = "https";
  for (std::size_t index = 0; index < open.trace_id.size(); ++index) {
    open.trace_id[index] = static_cast<std::uint8_t>(0xa0 + index);
  }
  open.deadline_ms = 5000;
  open.first_bytes = some_bytes(5);
  return open;
}

inline Sign sample_sign() {
  Sign sign;
  sign.kind = SigningKind::tls12_server;
  sign.scheme = 0x0403;
  for (std::size_t index = 0; index < sign.key.size(); ++index) {
    sign.key[index] = static_cast<std::uint8_t>(0x40 + index);
  }
  sign.client = sample_open().client;
  sign.trace_id = sample_open().trace_id;
  sign.deadline_ms = 3000;
  sign.input = some_bytes(133);
  return sign;
}

inline Failed sample_failed() {
  Failed failed;
  failed.reason = FailureReason::tls_alert_sent;
  failed.alert = tls::Alert::handshake_failure;
  failed.consumed = 517;
  failed.server_bytes = {21, 3, 3, 0, 2, 2, 40};
  failed.server_name = "www.example.com";
  failed.text = "no shared cipher";
  return failed;
}

inline std::vector<Frame> sample_frames() {
  std::vector<Frame> frames;
  const auto link = [&frames](FrameBody body) { frames.push_back({HandshakeId::link, std::move(body)}); };
  const auto handshake = [&frames](FrameBody body) { frames.push_back({kSomeHandshake, std::move(body)}); };
  link(sample_hello());
  link(Ping{0x0102030405060708});
  link(Pong{0x0102030405060708});
  link(GoAway{"restart"});
  link(LinkError{LinkErrorCode::timeout, "silent for 30 s"});
  handshake(sample_open());
  handshake(ClientBytes{some_bytes(20)});
  handshake(Cancel{CancelReason::timeout});
  handshake(Outcome{OutcomeKind::alert, tls::Alert::bad_certificate, AlertFrom::client});
  handshake(sample_sign());
  handshake(ServerBytes{517, some_bytes(33)});
  handshake(Handoff{600, some_bytes(10), some_secret(97)});
  handshake(sample_failed());
  handshake(Signature{some_bytes(71)});
  handshake(SignRefused{SigningRefusal::input_refused, "no input of a TLS signature"});
  return frames;
}

inline Bytes encoded(const Frame& frame, std::size_t max_payload = kMaxFramePayload) {
  SecretBuffer out;
  if (!encode(frame, max_payload, out)) return {};
  return {out.begin(), out.end()};
}

}  // namespace baton::offload::test
