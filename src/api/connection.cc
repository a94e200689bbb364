#include "baton/connection.h"

#include <cstdlib>

#include "api/inside.h"
#include "baton/serialize.h"
#include "crypto/kdf.h"
#include "handshake/groups.h"
#include "serialization/serialization.h"
#include "tls/exporter.h"

namespace baton {
namespace {

Error consumed() {
  return {ErrorCode::consumed, "the connection was serialized or moved already"};
}

const tls::ConnectionState& state_of(const std::unique_ptr<Connection::Inside>& inside) {
  if (!inside) std::abort();  // the caller's contract
  return inside->connection.state();
}

std::optional<std::string_view> known(const std::string& name) {
  return name.empty() ? std::nullopt : std::optional<std::string_view>(name);
}

}  // namespace

Connection::Connection(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> make_connection(tls::ConnectionState state, ConnectionSettings settings) {
  auto connection = tls::Connection::from_state(std::move(state), settings.options);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  return Connection(std::unique_ptr<Connection::Inside>(
      new Connection::Inside{std::move(*connection), std::move(settings)}));
}

Result<Connection> with_unsent_in_front(Connection connection, ByteView unsent) {
  if (unsent.empty()) return connection;
  auto& [inside, settings] = connection.inside();
  auto state = std::move(inside).into_state();
  if (!state) return tl::unexpected(std::move(state.error()));
  state->unsent_ciphertext.insert(state->unsent_ciphertext.begin(), unsent.begin(), unsent.end());
  return make_connection(std::move(*state), std::move(settings));
}

bool Connection::alive() const {
  return inside_ != nullptr;
}

MutableBytes Connection::receive_space(std::size_t at_least) {
  return inside_ ? inside_->connection.receive_space(at_least) : MutableBytes();
}

void Connection::received(std::size_t count) {
  if (inside_) inside_->connection.received(count);
}

void Connection::feed(ByteView ciphertext) {
  if (inside_) inside_->connection.feed(ciphertext);
}

Event Connection::next() {
  if (!inside_) return Failure{Alert::internal_error, false, consumed().message};
  return inside_->connection.next();
}

void Connection::consume(std::size_t count) {
  if (inside_) inside_->connection.consume(count);
}

Result<void> Connection::write(ByteView plaintext) {
  if (!inside_) return tl::unexpected(consumed());
  return inside_->connection.write(plaintext);
}

void Connection::after_idle() {
  if (inside_) inside_->connection.after_idle();
}

Result<void> Connection::close_write() {
  if (!inside_) return tl::unexpected(consumed());
  return inside_->connection.close_write();
}

void Connection::abort(Alert alert, std::string_view reason) {
  if (inside_) inside_->connection.abort(alert, std::string(reason));
}

Result<void> Connection::update_keys(KeyUpdateRequest request) {
  if (!inside_) return tl::unexpected(consumed());
  return inside_->connection.update_keys(request);
}

ByteView Connection::output() const {
  return inside_ ? inside_->connection.output() : ByteView();
}

void Connection::output_sent(std::size_t count) {
  if (inside_) inside_->connection.output_sent(count);
}

Bytes Connection::take_output() {
  if (!inside_) return {};
  const ByteView output = inside_->connection.output();
  Bytes taken(output.begin(), output.end());
  inside_->connection.output_sent(taken.size());
  return taken;
}

SerializationReadiness readiness_without_obstacle(const Connection& connection) {
  SerializationReadiness readiness;
  if (!connection.alive()) {
    readiness.obstacle = consumed();
    return readiness;
  }
  const tls::Connection& inside = connection.inside().connection;
  const tls::InFlight moving = inside.in_flight();
  readiness.unread_ciphertext = moving.unread_ciphertext;
  readiness.unread_plaintext = moving.unread_plaintext;
  readiness.unsent_ciphertext = moving.unsent_ciphertext;
  readiness.partial_handshake = moving.partial_handshake;
  readiness.key_update_owed = inside.state().key_update_owed;
  return readiness;
}

SerializationReadiness Connection::serialization_readiness() const {
  SerializationReadiness readiness = readiness_without_obstacle(*this);
  if (!inside_) return readiness;
  readiness.length = serialization_length(*this);
  if (failure()) {
    readiness.obstacle = Error{ErrorCode::refused, "the connection has failed: " + failure()->reason};
  } else if (inside_->settings.rekey && inside_->connection.rekey_size() > 0 &&
             !inside_->connection.may_seal()) {
    readiness.obstacle =
        Error{ErrorCode::limit_exceeded, "the sending key is used up, so no KeyUpdate can be sent"};
  } else if (auto can = serialization::can_write(inside_->settings.version, readiness.length); !can) {
    readiness.obstacle = std::move(can.error());
  }
  return readiness;
}

Role Connection::role() const {
  return state_of(inside_).role;
}

ProtocolVersion Connection::protocol_version() const {
  return state_of(inside_).version();
}

std::string_view Connection::cipher_suite() const {
  return inside_ ? state_of(inside_).suite->name : std::string_view();
}

std::optional<std::string> Connection::group() const {
  if (!inside_ || !state_of(inside_).group) return std::nullopt;
  return handshake::group_name(*state_of(inside_).group);
}

std::optional<std::string_view> Connection::server_name() const {
  return inside_ ? known(state_of(inside_).server_name) : std::nullopt;
}

std::optional<std::string_view> Connection::alpn() const {
  return inside_ ? known(state_of(inside_).alpn) : std::nullopt;
}

std::optional<bool> Connection::resumed() const {
  return inside_ ? state_of(inside_).resumed : std::nullopt;
}

std::optional<UnixTime> Connection::handshake_time() const {
  return inside_ ? state_of(inside_).handshake_time : std::nullopt;
}

std::optional<std::array<std::uint8_t, 32>> Connection::peer_certificate_digest() const {
  if (!inside_) return std::nullopt;
  const tls::ConnectionState& state = state_of(inside_);
  if (state.peer_chain.empty()) return state.peer_digest;
  std::array<std::uint8_t, 32> digest{};
  if (!crypto::digest(crypto::HashAlgorithm::sha256, state.peer_chain.front(), digest)) return std::nullopt;
  return digest;
}

const std::vector<Bytes>& Connection::peer_certificate_chain() const {
  static const std::vector<Bytes> kNone;
  return inside_ ? state_of(inside_).peer_chain : kNone;
}

const std::optional<Failure>& Connection::failure() const {
  static const std::optional<Failure> kNone;
  return inside_ ? inside_->connection.failure() : kNone;
}

bool Connection::can_export_keying_material() const {
  return inside_ && !state_of(inside_).exporter_secret.empty();
}

Result<void> Connection::export_keying_material(std::string_view label, ByteView context,
                                                MutableBytes out) const {
  if (!inside_) return tl::unexpected(consumed());
  return tls::export_keying_material(state_of(inside_), label, context, out);
}

}  // namespace baton
