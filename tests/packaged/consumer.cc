// A program of somebody else: a handshake with itself, and then the server's end goes on from its serialized
// form.
//
//   consumer CERTIFICATE KEY    (PEM files, of "localhost")
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "baton/handshake.h"
#include "baton/library.h"
#include "baton/serialize.h"

namespace {

template <class T>
T need(baton::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

void need(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A class of the program's own, over one of the library's.
class CountingClaimStore final : public baton::ClaimStore {
 public:
  baton::Result<void> claim(const baton::ClaimId& id, baton::UnixTime expires_at,
                            baton::UnixTime now) override {
    ++claims;
    return store_.claim(id, expires_at, now);
  }
  int claims = 0;

 private:
  baton::MemoryClaimStore store_;
};

baton::Config server_config(const std::string& certificate, const std::string& key) {
  baton::ServerSettings settings;
  settings.credentials.push_back({certificate, {key.begin(), key.end()}, "certificate", "key"});
  return need(baton::Config::server(std::move(settings)));
}

baton::Config client_config(const std::string& certificate) {
  baton::ClientSettings settings;
  settings.server_name = "localhost";
  settings.ca_pem = certificate;
  return need(baton::Config::client(std::move(settings)));
}

}  // namespace

int main(int argc, char** argv) {
  need(argc == 3, "usage: consumer CERTIFICATE KEY");
  need(baton::start_library().has_value(), "OpenSSL was used before main");
  const std::string certificate = read_file(argv[1]);
  baton::Config config = server_config(certificate, read_file(argv[2]));
  config.set_serialization_version(baton::newest_readable_version());

  auto client = need(baton::Handshake::start(client_config(certificate)));
  auto server = need(baton::Handshake::start(config));
  baton::HandshakeStep client_is = client.advance({});
  while (client_is == baton::HandshakeStep::need_bytes) {
    need(server.advance(client.take_output()) != baton::HandshakeStep::failed, "the server failed");
    client_is = client.advance(server.take_output());
  }
  need(client_is == baton::HandshakeStep::complete, "the client failed");
  need(server.advance(client.take_output()) == baton::HandshakeStep::complete, "the server is not complete");
  auto from_client = need(std::move(client).connection());
  auto first_owner = need(std::move(server).connection());

  const auto claims = std::make_shared<CountingClaimStore>();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto seal =
      need(baton::Seal::create(need(baton::KeyRing::create(now)), claims, {"test", "handover"}));
  const baton::Bytes moved = need(baton::serialize(std::move(first_owner), seal));
  auto second_owner = need(baton::deserialize(moved, seal, baton::Config::continuing(baton::Role::server)));
  need(claims->claims == 1, "the program's own claim store was not asked");

  const std::string text = "continued";
  need(from_client.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).has_value(),
       "write");
  second_owner.feed(from_client.take_output());
  const baton::Event event = second_owner.next();
  const auto* data = std::get_if<baton::ApplicationData>(&event);
  need(data != nullptr && std::string(data->bytes.begin(), data->bytes.end()) == text, "the text is lost");
  std::puts(text.c_str());
}
