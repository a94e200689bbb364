#include "command_line/keyring.h"

#include <fmt/format.h>

#include <ostream>

#include "command_line/json.h"
#include "command_line/private_file.h"
#include "command_line/text.h"

namespace baton::command_line {
namespace {

using std::filesystem::path;

Result<KeyRing> read_ring(const PrivateFile& opened, const path& file) {
  auto text = opened.read(KeyRing::kMaxTextSize);
  if (!text) return pass_on(text);
  return KeyRing::parse_unprotected(*text, file.string());
}

// Reads a ring, changes it, and puts it back, with no other change between. Gives the changed ring.
template <class Change>
Result<KeyRing> change_key_ring(const path& file, Change change) {
  auto opened = PrivateFile::open_for_change(file);
  if (!opened) return pass_on(opened);
  auto ring = read_ring(*opened, file);
  if (!ring) return ring;
  if (Result<void> changed = change(*ring); !changed) {
    return fail(changed.error().code, fmt::format("{0}: {1}; to see its keys: baton keyring list {0}",
                                                  file.string(), changed.error().message));
  }
  if (auto replaced = opened->replace(ring->to_text_unprotected()); !replaced) return pass_on(replaced);
  return ring;
}

std::string table_of(const KeyRing& ring) {
  std::vector<TableRow> rows = {{"ID", "STATE", "CREATED"}};
  for (const KeyInfo& key : ring.keys()) {
    rows.push_back({key.id, std::string(to_string(key.state)), iso_time(key.created)});
  }
  return align(rows);
}

std::string json_of(const KeyRing& ring) {
  JsonArray keys;
  for (const KeyInfo& key : ring.keys()) {
    JsonObject one;
    one.add("id", key.id);
    one.add("state", to_string(key.state));
    one.add("created", iso_time(key.created));
    keys.add(one);
  }
  JsonObject all;
  all.add("keys", keys);
  return all.text() + "\n";
}

}  // namespace

Result<KeyRing> read_key_ring(const path& file) {
  auto opened = PrivateFile::open(file);
  if (!opened) return pass_on(opened);
  return read_ring(*opened, file);
}

Result<void> create_key_ring(const path& file, const Environment& environment) {
  auto ring = KeyRing::create(environment.now);
  if (!ring) return pass_on(ring);
  if (auto created = create_private_file(file, ring->to_text_unprotected()); !created) return created;
  environment.out << fmt::format(
      "{0}: created a key ring.\n\n{1}\n"
      "Next: copy {0} to every host that seals or opens connections, readable by its owner only. Whoever "
      "reads it can open and forge them.\n",
      file.string(), table_of(*ring));
  return {};
}

Result<void> rotate_key_ring(const path& file, const Environment& environment) {
  const auto ring =
      change_key_ring(file, [&](KeyRing& to_change) { return to_change.rotate(environment.now); });
  if (!ring) return tl::unexpected(ring.error());
  environment.out << fmt::format(
      "{0}: rotated. The key that was next is current now, and there is a new next key.\n\n{1}\n"
      "Next: copy {0} to every host that seals or opens connections; rotate again only when all of them have "
      "read it. A previous key can be retired when the last connection that it sealed has expired.\n",
      file.string(), table_of(*ring));
  return {};
}

Result<void> retire_key(const path& file, const std::string& id, const Environment& environment) {
  const auto ring = change_key_ring(file, [&](KeyRing& to_change) { return to_change.retire(id); });
  if (!ring) return tl::unexpected(ring.error());
  environment.out << fmt::format(
      "{0}: retired key {1}. What it sealed cannot be opened any more.\n\n{2}\n"
      "Next: copy {0} to every host that seals or opens connections, so that none of them opens with the "
      "retired key.\n",
      file.string(), id, table_of(*ring));
  return {};
}

Result<void> list_key_ring(const path& file, bool as_json, const Environment& environment) {
  const auto ring = read_key_ring(file);
  if (!ring) return tl::unexpected(ring.error());
  environment.out << (as_json ? json_of(*ring) : table_of(*ring));
  return {};
}

}  // namespace baton::command_line
