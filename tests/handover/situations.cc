#include "situations.h"

namespace baton::test {
namespace {

using enum KeyUpdateRequest;
using Moving = SerializationReadiness;

constexpr int kManyRecords = 300;  // each way
constexpr int kKeyUpdates = 5;     // each way

bool in_tls13(ProtocolVersion version, Role /*role*/) {
  return version == ProtocolVersion::tls13;
}

// The server has the last word in TLS 1.2; in TLS 1.3 the client has, and the server sends tickets behind it.
bool ends_with_output(ProtocolVersion version, Role role) {
  return version == ProtocolVersion::tls13 || role == Role::server;
}
bool ends_with_input(ProtocolVersion version, Role role) {
  return (version == ProtocolVersion::tls13) == (role == Role::server);
}

Moving nothing_at_all(Conversation& /*talk*/) {
  return {};
}

Moving handshake_output(Conversation& talk) {
  Moving moving;
  moving.unsent_ciphertext = talk.connection().output().size();
  EXPECT_GT(moving.unsent_ciphertext, 0u);
  return moving;
}

Moving data_behind_handshake(Conversation& talk) {
  Moving moving;
  moving.unread_ciphertext = talk.behind_handshake();
  EXPECT_GT(moving.unread_ciphertext, 0u);
  return moving;
}

Moving many_records(Conversation& talk) {
  for (int i = 0; i < kManyRecords; ++i) {
    talk.write(1 + static_cast<std::size_t>(i));
    talk.let_peer_write(1 + static_cast<std::size_t>(i));
  }
  talk.settle();
  return {};
}

// Data flows between them: a peer may take many KeyUpdates in a row for an attack.
Moving key_updates(Conversation& talk) {
  for (int i = 0; i < kKeyUpdates; ++i) {
    EXPECT_TRUE(talk.connection().update_keys(i == 0 ? update_requested : update_not_requested));
    talk.write(10);
    talk.settle();
    talk.peer().update_keys(i == 1 ? update_requested : update_not_requested);
    talk.let_peer_write(10);
    talk.settle();
  }
  return {};
}

Moving part_of_record(Conversation& talk, std::size_t part) {
  talk.settle();
  talk.let_peer_write(1000);
  talk.feed(part);
  Moving moving;
  moving.unread_ciphertext = part;
  return moving;
}

Moving part_of_header(Conversation& talk) {
  return part_of_record(talk, 3);
}

// Baton has looked at it, and knows how much is missing.
Moving part_of_body(Conversation& talk) {
  const Moving moving = part_of_record(talk, tls::kRecordHeaderSize + 200);
  EXPECT_EQ(talk.read_some(1), 0u);
  return moving;
}

Moving unopened_records(Conversation& talk) {
  talk.settle();
  for (const std::size_t size : {100u, 1u, 2000u}) talk.let_peer_write(size);
  Moving moving;
  moving.unread_ciphertext = talk.wire().size();
  talk.feed_all();
  return moving;
}

Moving unread_plaintext(Conversation& talk) {
  talk.settle();
  talk.let_peer_write(1000);
  talk.feed_all();
  EXPECT_EQ(talk.read_some(300), 300u);
  Moving moving;
  moving.unread_plaintext = 700;
  return moving;
}

// The transport has taken one record and half of the next.
Moving unsent_ciphertext(Conversation& talk) {
  talk.settle();
  for (int i = 0; i < 3; ++i) talk.write(500);
  talk.deliver(talk.record_size(500) + 250);
  Moving moving;
  moving.unsent_ciphertext = 2 * talk.record_size(500) - 250;
  return moving;
}

// The peer asks while something waits to be sent, so the answer waits for the next record.
Moving owed_key_update(Conversation& talk) {
  talk.settle();
  talk.write(500);
  talk.peer().update_keys(update_requested);
  talk.feed_all();
  talk.read_all();
  Moving moving;
  moving.unsent_ciphertext = talk.record_size(500);
  moving.key_update_owed = true;
  return moving;
}

Moving everything_at_once(Conversation& talk) {
  talk.settle();
  talk.write(500);
  Moving moving;
  if (talk.suite().version == ProtocolVersion::tls13) {
    talk.peer().update_keys(update_requested);
    moving.key_update_owed = true;
  }
  talk.let_peer_write(1000);
  talk.feed_all();
  EXPECT_EQ(talk.read_some(1), 1u);
  moving.unread_plaintext = 999;
  talk.let_peer_write(1000);
  moving.unread_ciphertext = talk.wire().size() - 1;
  talk.feed(moving.unread_ciphertext);
  talk.deliver(10);
  moving.unsent_ciphertext = talk.record_size(500) - 10;
  return moving;
}

Moving closed_by_baton(Conversation& talk) {
  talk.settle();
  talk.close_write();
  talk.settle();
  return {};
}

Moving closed_by_peer(Conversation& talk) {
  talk.settle();
  talk.let_peer_close();
  talk.settle();
  return {};
}

Moving unsent_close(Conversation& talk) {
  talk.settle();
  talk.write(50);
  talk.close_write();
  Moving moving;
  moving.unsent_ciphertext = talk.record_size(50) + talk.record_size(2);
  return moving;
}

Moving unread_close(Conversation& talk) {
  talk.settle();
  talk.let_peer_write(50);
  talk.let_peer_close();
  Moving moving;
  moving.unread_ciphertext = talk.wire().size();
  talk.feed_all();
  return moving;
}

constexpr Situation kSituations[] = {
    {"Fresh", nothing_at_all},
    {"HandshakeOutput", handshake_output, ends_with_output, HandshakeEnd::output_left},
    {"DataBehindHandshake", data_behind_handshake, ends_with_input, HandshakeEnd::data_right_behind},
    {"ManyRecords", many_records},
    {"KeyUpdates", key_updates, in_tls13},
    {"PartOfHeader", part_of_header},
    {"PartOfBody", part_of_body},
    {"UnopenedRecords", unopened_records},
    {"UnreadPlaintext", unread_plaintext},
    {"UnsentCiphertext", unsent_ciphertext},
    {"OwedKeyUpdate", owed_key_update, in_tls13},
    {"EverythingAtOnce", everything_at_once},
    {"ClosedByBaton", closed_by_baton},
    {"ClosedByPeer", closed_by_peer},
    {"UnsentClose", unsent_close},
    {"UnreadClose", unread_close},
    {"Rekey", nothing_at_all, nullptr, HandshakeEnd::delivered, true},
    {"RekeyWithEverything", everything_at_once, in_tls13, HandshakeEnd::delivered, true},
    {"RekeyClosedByBaton", closed_by_baton, in_tls13, HandshakeEnd::delivered, true},
};

}  // namespace

std::span<const Situation> situations() {
  return kSituations;
}

}  // namespace baton::test
