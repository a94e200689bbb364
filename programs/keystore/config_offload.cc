#include "keystore/config_offload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace baton::keystore {
namespace {

using offload::SigningKind;
using offload::SigningKinds;
using programs::Duplicates;
using programs::PlacedText;
using programs::TableReader;

constexpr std::array<std::pair<std::string_view, SigningKind>, 3> kSigningKinds = {
    {{"tls13-server", SigningKind::tls13_server},
     {"tls12-server", SigningKind::tls12_server},
     {"tls13-client", SigningKind::tls13_client}}};
constexpr std::string_view kDefaultKinds = "[\"tls13-server\", \"tls12-server\"]";

}  // namespace

OffloadModes read_offload(TableReader& table) {
  const auto words = table.optional_texts("offload", "[\"serialization\"]");
  if (words.empty()) return {};
  OffloadModes modes{false, false};
  Duplicates duplicates;
  for (const PlacedText& word : words) {
    duplicates.check(table, word.text, word.place);
    if (word.text == "serialization") {
      modes.serialization = true;
    } else if (word.text == "signing") {
      modes.signing = true;
    } else {
      table.error(word.place, fmt::format("\"{}\" is not \"serialization\" or \"signing\"", word.text));
    }
  }
  return modes;
}

SigningKinds read_signing_kinds(TableReader& table) {
  const auto words = table.optional_texts("signing_kinds", kDefaultKinds);
  if (words.empty()) return offload::kServerKinds;
  SigningKinds kinds;
  Duplicates duplicates;
  for (const PlacedText& word : words) {
    duplicates.check(table, word.text, word.place);
    const auto* found =
        std::ranges::find(kSigningKinds, word.text, &decltype(kSigningKinds)::value_type::first);
    if (found != kSigningKinds.end()) {
      kinds.add(found->second);
    } else {
      table.error(word.place, fmt::format("\"{}\" is not \"tls13-server\", \"tls12-server\" or "
                                          "\"tls13-client\"",
                                          word.text));
    }
  }
  return kinds;
}

void refuse_without_signing(TableReader& table, std::string_view key, bool signing, std::string_view where) {
  if (signing || !table.has(key)) return;
  table.error(table.place_of(key), fmt::format("has no effect without \"signing\" in {}", where));
}

}  // namespace baton::keystore
