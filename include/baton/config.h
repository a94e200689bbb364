// What connections are made with, and what may become of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "baton/error.h"
#include "baton/export.h"
#include "baton/import_policy.h"
#include "baton/secret.h"
#include "baton/types.h"

namespace baton {

// Where a private key is.
enum class KeyPlace : std::uint8_t {
  here,
  // Each signature is asked for: HandshakeStep::need_signature. For Handshake only: key stores and the
  // streams of baton/asio do not wait for one, and fail. A client is asked for one in TLS 1.3, and fails in
  // TLS 1.2.
  elsewhere
};

// A certificate chain and its private key, as PEM text. The caller reads the files and wipes its own copy.
struct BATON_EXPORT Credential {
  std::string chain_pem{};              // leaf first
  SecretBuffer key_pem{};               // of the leaf; empty when the key is elsewhere
  std::string chain_source{};           // file name for error messages
  std::string key_source{};             // the same for the key
  KeyPlace key_place = KeyPlace::here;  // `elsewhere`: key_pem is empty
};

// How much is kept of the peer's verified certificate.
enum class PeerIdentity : std::uint8_t {
  none,
  digest,  // SHA-256 of the leaf
  chain    // all that the peer sent, up to 32 KiB and 16 certificates; of a longer one the digest. After a
           // resumption only the leaf is known
};

// What a connection remembers beyond what it needs, and what travels with it when it is serialized. Decided
// before the handshake.
struct BATON_EXPORT KeptMetadata {
  PeerIdentity peer = PeerIdentity::none;  // how much of who the peer is
  // TLS 1.3: keep the exporter secret, so that export_keying_material() works, also after an import. It adds
  // to what a serialized connection gives away: every key that an application derives from it.
  bool exporter_secret = false;
  // TLS 1.2: keep the master secret and both randoms, so that the connection can be written in s2n-tls's
  // format (s2n.h), and for nothing else; serialize() does not carry them. Whoever gets the master secret,
  // out of our memory or out of those bytes, decrypts the whole connection from its first record on, and
  // every session that is resumed from it. TLS 1.3 needs no such thing.
  bool tls12_master_secret = false;
};

// A server's TLS. Empty lists mean all that Baton carries.
struct BATON_EXPORT ServerSettings {
  std::vector<Credential> credentials{};  // one per kind of key: ECDSA and RSA side by side
  // What is spoken, both ends included.
  ProtocolVersion min_version = ProtocolVersion::tls12;
  ProtocolVersion max_version = ProtocolVersion::tls13;
  std::vector<std::string> cipher_suites{};  // IANA names, in order of preference
  std::vector<std::string> groups{};         // OpenSSL's names, in order of preference
  std::vector<std::string> alpn{};           // in order of preference; empty: ALPN is ignored
  std::string client_ca_pem{};               // not empty: a client certificate is demanded and verified
  // 80 secret bytes in libssl's order (name 16, HMAC key 32, AES key 32), shared by the servers that resume
  // each other's sessions; or empty: fresh random ones.
  SecretBuffer ticket_keys{};
  KeptMetadata keep{};  // what its connections remember
};

// A client's TLS.
struct BATON_EXPORT ClientSettings {
  std::string server_name{};               // sent as SNI and verified; an IP address is verified and not sent
  std::string ca_pem{};                    // trust anchors; empty: the system's
  std::optional<Credential> credential{};  // the client's own certificate
  // The others mean what they mean in ServerSettings.
  ProtocolVersion min_version = ProtocolVersion::tls12;
  ProtocolVersion max_version = ProtocolVersion::tls13;
  std::vector<std::string> cipher_suites{};
  std::vector<std::string> groups{};
  std::vector<std::string> alpn{};
  KeptMetadata keep{};
};

// The settings of a set of connections of one role. Made once and used for many; a value that is cheap to
// copy. A connection takes what it needs when it is made: later changes touch later connections only. Reading
// from several threads is safe, changing is not.
class BATON_EXPORT Config {
 public:
  // Loads and checks: every key signs, matches its certificate, and every leaf is within its validity. Errors
  // name the source.
  static Result<Config> server(ServerSettings settings);
  static Result<Config> client(ClientSettings settings);
  // For a process that only continues connections that another one has established: it owns no TLS material.
  static Config continuing(Role role);

  // The version that is written; every version up to newest_readable_version() is read, always. Default:
  // none, which means that connections of this configuration cannot be serialized. Set it only when every
  // host that may have to read knows the version (docs/deploying-versions.md).
  Config& set_serialization_version(SerializationVersion version);
  // TLS 1.3: sends a KeyUpdate in our direction before a connection is serialized, so that the serialized
  // form does not open what we sent before. It does open what the peer sent since its own last KeyUpdate, and
  // all that both send from then on. TLS 1.2 has no KeyUpdate, so there it changes nothing. Default: off.
  Config& set_rekey_before_serialize(bool rekey);
  // Whether connections may be written in, and read from, version 1 of s2n-tls's format (s2n.h). Default:
  // off.
  Config& set_s2n_v1(bool on);
  // Whether a connection of TLS 1.2 that was read from that format keeps its master secret, so that it can be
  // written in it again. See KeptMetadata::tls12_master_secret for what that costs. Default: off.
  Config& set_keep_imported_master_secret(bool keep);
  // What deserialize() accepts.
  Config& set_import_policy(ImportPolicy policy);
  // TLS 1.3: application records are padded to a multiple of this many bytes (RFC 8446 §5.4). 0: none.
  Config& set_padding_block(std::uint16_t bytes);
  // Application records are small enough for one TCP segment until so many bytes have been written in a row,
  // so that the peer can use the first ones while more are on their way; then they are full. They are small
  // again after Connection::after_idle(). 0, the default: always full.
  Config& set_small_records_up_to(std::uint32_t bytes);
  // Where the time comes from: for the time of handshakes, for ages and for expiry. Default: the system's
  // clock, which an empty function means too. Called on the thread that needs it.
  Config& set_clock(std::function<UnixTime()> clock);

  // What was set.
  Role role() const { return role_; }
  SerializationVersion serialization_version() const { return version_; }
  bool rekey_before_serialize() const { return rekey_; }
  bool s2n_v1() const { return s2n_v1_; }
  bool keep_imported_master_secret() const { return keep_imported_master_secret_; }
  const ImportPolicy& import_policy() const { return policy_; }
  std::uint16_t padding_block() const { return padding_block_; }
  std::uint32_t small_records_up_to() const { return small_records_up_to_; }
  const std::function<UnixTime()>& clock() const { return clock_; }
  UnixTime now() const;  // by clock(), or by the system's clock where there is none

  // For Baton itself: what starts handshakes; null where none can be started.
  struct Endpoint;
  const Endpoint* endpoint() const { return endpoint_.get(); }

 private:
  explicit Config(Role role);

  Role role_;
  SerializationVersion version_ = SerializationVersion::none;
  bool rekey_ = false;
  bool s2n_v1_ = false;
  bool keep_imported_master_secret_ = false;
  std::uint16_t padding_block_ = 0;
  std::uint32_t small_records_up_to_ = 0;
  ImportPolicy policy_;
  std::function<UnixTime()> clock_;
  std::shared_ptr<const Endpoint> endpoint_;
};

}  // namespace baton
