// The seeds of the fuzzers in fuzz/corpus/fuzz_link_*. They must be what this generator makes, so that they
// follow the format; run the test with BATON_WRITE_CORPUS=1 in the environment to write them anew.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "offload/sample_frames.h"
#include "offload/signing_inputs.h"
#include "offload/signing_request.h"

namespace baton::offload::test {
namespace {

using Seeds = std::map<std::string, Bytes>;  // by file name

std::string file_name(FrameType type) {
  std::string name(to_string(type));
  for (char& letter : name) letter = static_cast<char>(letter == '_' ? '-' : letter | 0x20);
  return name;
}

Seeds frame_seeds() {
  Seeds seeds;
  Bytes all = {6};  // pieces of seven bytes
  for (const Frame& frame : sample_frames()) {
    const Bytes bytes = encoded(frame);
    Bytes seed = {255};
    append(seed, bytes);
    seeds[file_name(type_of(frame.body))] = seed;
    append(all, bytes);
  }
  seeds["all"] = all;
  seeds["optional"] = {255, 200, 0, 0, 2, 0, 0, 0, 0, 1, 2};
  seeds["too-large"] = {255, 32, 255, 255, 255, 0, 0, 0, 1};
  seeds["empty-server-bytes"] = {0};
  append(seeds["empty-server-bytes"], encoded({kSomeHandshake, ServerBytes{}}));
  return seeds;
}

// A script of fuzz/link_script.h.
class Script {
 public:
  Script& operation(unsigned code, ByteView bytes = {}) {
    ByteWriter writer(bytes_);
    writer.u8(static_cast<std::uint8_t>(code));
    writer.u16(static_cast<std::uint16_t>(bytes.size()));
    writer.bytes(bytes);
    return *this;
  }
  Script& text(unsigned code, std::string_view text) { return operation(code, as_bytes(text)); }
  Script& receive(HandshakeId id, FrameBody body) { return operation(7, encoded({id, std::move(body)})); }
  Script& hello() { return receive(HandshakeId::link, sample_hello()); }
  Script& hello_that_signs() {
    Hello hello = sample_hello();
    hello.capabilities |= kSigning;
    return receive(HandshakeId::link, hello);
  }
  operator Bytes() const { return bytes_; }  // NOLINT(google-explicit-constructor): reads as a table below

 private:
  Bytes bytes_;
};

constexpr auto kFirst = static_cast<HandshakeId>(1);
constexpr unsigned on_first(unsigned operation) {
  return 1U << 3 | operation;
}

Seeds client_seeds() {
  const Handoff handoff{2, {1}, some_secret(97)};
  const auto opened = [] { return Script().hello().text(0, "hello"); };
  const auto asked = [] { return Script().hello_that_signs().text(6, "input"); };
  return {
      {"hello", Script().hello()},
      {"no-hello", Script().receive(HandshakeId::link, Ping{1})},
      {"handoff",
       opened().receive(kFirst, ServerBytes{1, {2}}).text(on_first(1), "more").receive(kFirst, handoff)},
      {"established", opened().receive(kFirst, handoff).operation(on_first(3)).receive(kFirst, handoff)},
      {"failed", opened().receive(kFirst,
                                  [] {
                                    Failed failed = sample_failed();
                                    failed.consumed = 3;
                                    return failed;
                                  }())},
      {"cancel-crosses-handoff", opened().operation(on_first(2)).receive(kFirst, handoff)},
      {"bad-count", opened().receive(kFirst, ServerBytes{99, {}})},
      {"never-opened", Script().hello().receive(kSomeHandshake, handoff)},
      {"ping", Script().hello().operation(4).receive(HandshakeId::link, Pong{1}).operation(5, some_bytes(9))},
      {"go-away", Script().hello().receive(HandshakeId::link, GoAway{"restart"}).text(0, "late")},
      {"link-error", opened().receive(HandshakeId::link, LinkError{LinkErrorCode::refused, "no"})},
      {"signature",
       asked().receive(kFirst, Signature{some_bytes(70)}).receive(kFirst, Signature{some_bytes(70)})},
      {"sign-refused", asked().receive(kFirst, SignRefused{SigningRefusal::key_refused, "no such key"})},
      {"cancel-crosses-signature", asked().operation(on_first(2)).receive(kFirst, Signature{some_bytes(70)})},
      {"signature-of-a-handshake", opened().receive(kFirst, Signature{some_bytes(70)})},
      {"handoff-of-a-signature", asked().receive(kFirst, handoff)},
  };
}

Open open_with(std::string_view first_bytes) {
  Open open = sample_open();
  open.first_bytes.assign(first_bytes.begin(), first_bytes.end());
  return open;
}

Sign sign_with(KeyDigest key) {
  Sign sign = sample_sign();
  sign.kind = SigningKind::tls13_server;
  sign.scheme = key[0] == 2 ? 0x0804 : 0x0403;
  sign.key = key;
  sign.input = certificate_verify(kServerContext, 32);
  return sign;
}

Seeds server_seeds() {
  const auto opened = [](std::string_view first_bytes) {
    return Script().hello().receive(kFirst, open_with(first_bytes));
  };
  const ClientBytes finish{{'c'}};
  return {
      {"hello", Script().hello()},
      {"established", opened("e").receive(kFirst, finish).receive(kFirst, Outcome{})},
      {"failed", opened("ef").receive(kFirst, Cancel{})},
      {"alert-received", opened("ea")},
      {"name-refused", opened("r")},
      {"cancel", opened("e").receive(kFirst, Cancel{}).receive(kFirst, finish)},
      {"worker", opened("s").operation(1).receive(kFirst, finish).operation(2)},
      {"worker-not-run", opened("s").operation(1).operation(3)},
      {"worker-cancelled", opened("s").operation(1).receive(kFirst, Cancel{}).operation(2)},
      {"tenant", opened("t").operation(4).receive(kFirst, finish).operation(4, some_bytes(1))},
      {"deadline", opened("n").operation(0, some_bytes(313))},
      {"outcome-missing", opened("c").operation(0, some_bytes(1876)).receive(kFirst, Outcome{})},
      {"sign", Script().hello_that_signs().receive(kFirst, sign_with({}))},
      {"sign-slowly", Script().hello_that_signs().receive(kFirst, sign_with({2})).operation(1).operation(2)},
      {"sign-no-room", Script().hello_that_signs().receive(kFirst, sign_with({2})).operation(1).operation(3)},
      {"sign-cancelled",
       Script().hello_that_signs().receive(kFirst, sign_with({2})).operation(1).receive(kFirst, Cancel{})},
      {"sign-deadline",
       Script().hello_that_signs().receive(kFirst, sign_with({2})).operation(0, some_bytes(700))},
      {"sign-no-key", Script().hello_that_signs().receive(kFirst, sign_with({7}))},
      {"early-outcome", opened("n").receive(kFirst, Outcome{})},
      {"id-twice", opened("n").receive(kFirst, open_with("e"))},
      {"never-opened", Script().hello().receive(kSomeHandshake, Cancel{})},
      {"go-away", Script().hello().receive(HandshakeId::link, GoAway{"bye"}).receive(kFirst, open_with("e"))},
      {"ping", Script().hello().receive(HandshakeId::link, Ping{3}).operation(5, some_bytes(9))},
  };
}

Bytes signing_seed(SigningKind kind, std::uint16_t scheme, handshake::KeyKind key, ByteView input) {
  Bytes seed;
  ByteWriter writer(seed);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u16(scheme);
  writer.u8(static_cast<std::uint8_t>(key));
  writer.u8(0xff);  // all kinds allowed
  writer.bytes(input);
  return seed;
}

Seeds signing_seeds() {
  using enum SigningKind;
  using handshake::KeyKind;
  const Bytes sha256 = certificate_verify(kServerContext, 32);
  const Bytes sha384 = certificate_verify(kServerContext, 48);
  const Bytes client = certificate_verify(kClientContext, 32);
  return {
      {"tls13-sha256", signing_seed(tls13_server, 0x0403, KeyKind::ecdsa_p256, sha256)},
      {"tls13-sha384", signing_seed(tls13_server, 0x0503, KeyKind::ecdsa_p384, sha384)},
      {"tls13-client", signing_seed(tls13_client, 0x0804, KeyKind::rsa, client)},
      {"tls12-x25519", signing_seed(tls12_server, 0x0807, KeyKind::ed25519, server_key_exchange(29, 32))},
      {"tls12-x448", signing_seed(tls12_server, 0x0401, KeyKind::rsa, server_key_exchange(30, 56))},
      {"tls12-p256", signing_seed(tls12_server, 0x0503, KeyKind::ecdsa_p256, server_key_exchange(23, 65))},
      {"tls12-p384", signing_seed(tls12_server, 0x0601, KeyKind::rsa, server_key_exchange(24, 97))},
      {"tls12-p521", signing_seed(tls12_server, 0x0806, KeyKind::rsa, server_key_exchange(25, 133))},
      {"digest", signing_seed(tls13_server, 0x0403, KeyKind::ecdsa_p256, Bytes(32, 1))},
      {"compressed",
       signing_seed(tls12_server, 0x0403, KeyKind::ecdsa_p256, server_key_exchange(23, 33, 33, 3, 2))},
  };
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void check(const std::string& target, const Seeds& seeds) {
  const std::filesystem::path folder = std::filesystem::path(BATON_SOURCE_DIR) / "fuzz/corpus" / target;
  const bool write = std::getenv("BATON_WRITE_CORPUS") != nullptr;
  if (write) std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : seeds) {
    if (write) {
      std::ofstream(folder / name, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    }
    EXPECT_EQ(read_file(folder / name), bytes) << target << "/" << name;
  }
}

TEST(Corpus, Frames) {
  check("fuzz_link_frames", frame_seeds());
}
TEST(Corpus, Client) {
  check("fuzz_link_client", client_seeds());
}
TEST(Corpus, SigningRequests) {
  check("fuzz_signing_requests", signing_seeds());
}
TEST(Corpus, Server) {
  check("fuzz_link_server", server_seeds());
}

}  // namespace
}  // namespace baton::offload::test
