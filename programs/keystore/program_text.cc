#include "keystore/config.h"

namespace baton::keystore {

const programs::ProgramText& program_text() {
  static constexpr programs::ProgramText kText = {
      .name = "baton-keystore",
      .description = "Holds certificates and private keys, and does TLS handshakes for application servers.",
      .invocation = "baton-keystore --config /etc/baton/keystore.toml --check",
      .example = R"(serialization_version = 1

[link]
listen = ["[::]:7600"]
certificate = "link.crt"
private_key = "link.key"
client_ca = "link-ca.crt"

[[application_server]]
identity = "app1.internal"
names = ["www.example.com"]

[[tenant]]
names = ["www.example.com"]
certificates = [{ chain = "www.crt", private_key = "www.key" }]
)"};
  return kText;
}

}  // namespace baton::keystore
