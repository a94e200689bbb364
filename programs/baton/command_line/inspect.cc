#include "command_line/inspect.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "command_line/inspection.h"
#include "command_line/keyring.h"
#include "common/files.h"
#include "crypto/kdf.h"
#include "serialization/envelope.h"

namespace baton::command_line {
namespace {

constexpr std::size_t kMaxInput = serialization::kMaxEnvelopeSize;
static_assert(kMaxInput >= kMaxSerializedSize);

std::string name_of(const InspectOptions& options) {
  return options.file == "-" ? "standard input" : options.file;
}

struct Input {
  SecretBuffer bytes;
  std::optional<struct stat> status;  // of a file
};

Result<Input> read_input(const InspectOptions& options, const Environment& environment) {
  if (options.file == "-") {
    auto bytes = programs::read_secret_descriptor(environment.input, name_of(options), kMaxInput);
    if (!bytes) return pass_on(bytes);
    return Input{std::move(*bytes), std::nullopt};
  }
  auto file = programs::read_secret_file_of_any_mode(options.file, kMaxInput);
  if (!file) return pass_on(file);
  return Input{std::move(file->content), file->status};
}

Result<InspectedConnection> describe(tls::ConnectionState state,
                                     std::optional<SerializationVersion> version) {
  InspectedConnection connection;
  if (version) connection.size = serialization::serialization_length(state, *version);
  connection.version = version;
  connection.certificate = state.peer_digest;
  if (!state.peer_chain.empty()) {
    const auto hashed = crypto::digest(crypto::HashAlgorithm::sha256, state.peer_chain.front(),
                                       connection.certificate.emplace());
    if (!hashed) return tl::unexpected(hashed.error());
  }
  connection.state = std::move(state);
  return connection;
}

// Null when no ring is given.
using RingOrNone = Result<std::unique_ptr<KeyRing>>;

RingOrNone read_ring(const InspectOptions& options) {
  if (!options.keyring) return nullptr;
  auto ring = read_key_ring(*options.keyring);
  if (!ring) return pass_on(ring);
  return std::make_unique<KeyRing>(std::move(*ring));
}

// Of a connection that could be read. It stands behind the magic number.
SerializationVersion version_of(ByteView serialized) {
  ByteReader reader(serialized);
  reader.u32();
  return static_cast<SerializationVersion>(reader.u16());
}

// Of a connection that was in an envelope: it is known as long as there is one version only.
std::optional<SerializationVersion> version_in_envelope() {
  const auto newest = newest_readable_version();
  return newest == SerializationVersion::v1 ? std::optional(newest) : std::nullopt;
}

Result<void> add_content(ByteView envelope, const KeyRing& ring, Inspection& found) {
  auto opened = serialization::inspect_unprotected(envelope, ring);
  if (!opened) return pass_on(opened);
  auto connection = describe(std::move(opened->state), version_in_envelope());
  if (!connection) return pass_on(connection);
  found.envelope = std::move(opened->envelope);
  found.connection = std::move(*connection);
  return {};
}

// `ring` may be null.
Result<void> inspect_sealed(ByteView bytes, const KeyRing* ring, Inspection& found) {
  // Also without a key, a part of an envelope should not look like a whole one.
  if (auto whole = serialization::parse_envelope(bytes); !whole) return pass_on(whole);
  auto header = serialization::read_envelope_header(bytes);
  if (!header) return pass_on(header);
  found.header = std::move(*header);
  return ring != nullptr ? add_content(bytes, *ring, found) : Result<void>{};
}

Result<void> inspect_unsealed(ByteView bytes, Inspection& found) {
  if (bytes.empty()) return fail(ErrorCode::truncated, "is empty");
  auto state = serialization::deserialize_unprotected(bytes);
  if (!state) return pass_on(state);
  auto connection = describe(std::move(*state), version_of(bytes));
  if (!connection) return pass_on(connection);
  found.connection = std::move(*connection);
  return {};
}

// What the operator should know besides.
void tell_more(const Input& input, const InspectOptions& options, const Environment& environment) {
  if (serialization::looks_sealed(input.bytes)) return;
  // Whoever reads it can use the connection. But the operator may have got the file as it is, so this is no
  // reason to refuse.
  const auto owner_only =
      input.status ? programs::check_private(*input.status, options.file) : Result<void>{};
  if (!owner_only) {
    environment.error_out << fmt::format(
        "warning: whoever reads this file can read and forge the connection, and {}\n",
        owner_only.error().message);
  }
  if (options.keyring) {
    environment.error_out << fmt::format("note: {} is not sealed, so {} was not read\n", name_of(options),
                                         options.keyring->string());
  }
}

}  // namespace

Result<void> inspect(const InspectOptions& options, const Environment& environment) {
  const auto input = read_input(options, environment);
  if (!input) return tl::unexpected(input.error());
  const bool sealed = serialization::looks_sealed(input->bytes);
  const auto ring = sealed ? read_ring(options) : RingOrNone{};
  if (!ring) return tl::unexpected(ring.error());
  Inspection found{input->bytes.size(), environment.now, {}, {}, {}};
  auto inspected =
      sealed ? inspect_sealed(input->bytes, ring->get(), found) : inspect_unsealed(input->bytes, found);
  if (!inspected) {
    return fail(inspected.error().code, fmt::format("{}: {}", name_of(options), inspected.error().message));
  }
  tell_more(*input, options, environment);
  environment.out << (options.as_json ? to_json(found) : to_text(found));
  return {};
}

}  // namespace baton::command_line
