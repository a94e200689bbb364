// A typed reader over one table of a configuration file.
//
// Every call that asks for a key notes errors (wrong type, missing, out of range) in the document and returns
// a value that lets the caller go on, so one pass finds all errors. A parser asks for every key of the table,
// whatever happens, and then calls finish(), which refuses all keys that were not asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config_document.h"
#include "common/endpoint.h"
#include "offload/rate.h"

namespace baton::programs {

struct PlacedText {
  std::string text;
  Place place;
};

// A file that the configuration names: an absolute path or one relative to the program's working directory.
struct NamedFile {
  std::filesystem::path path;
  Place place;
};

struct IntegerRange {
  std::int64_t fallback, min, max;  // `fallback` when the key is missing
};

// Of a duration or a size, as a user writes them: {"10s", "100ms", "5m"}.
struct TextRange {
  std::string_view fallback, min, max;
};

class TableReader {
 public:
  explicit TableReader(ConfigDocument& document);

  // The table of that name; when it is missing, a reader of an empty table, whose errors name this table's
  // line.
  TableReader table(std::string_view key);
  // The tables [[key]]; `required`: at least one, `note` says why when there is none.
  std::vector<TableReader> tables(std::string_view key, std::string_view note_when_missing);
  // The inline tables of a list: key = [{...}, {...}]; at least one.
  std::vector<TableReader> inline_tables(std::string_view key);
  // The same, or none when the key is missing.
  std::vector<TableReader> optional_inline_tables(std::string_view key, std::string_view default_text);
  // For the documentation: a key that is only asked for where another one is there.
  void note(std::string_view key, std::string_view default_text) { ask(key, default_text); }

  // `default_text` is for the documentation.
  std::optional<PlacedText> optional_text(std::string_view key, std::string_view default_text = "none");
  std::optional<PlacedText> required_text(std::string_view key);
  std::optional<NamedFile> optional_file(std::string_view key, std::string_view default_text = "none");
  std::optional<NamedFile> required_file(std::string_view key);
  // A list of strings; empty when the key is missing. An empty list in the file is an error.
  std::vector<PlacedText> optional_texts(std::string_view key, std::string_view default_text = "none");
  std::vector<PlacedText> required_texts(std::string_view key);

  std::int64_t integer(std::string_view key, IntegerRange range);
  std::optional<std::int64_t> optional_integer(std::string_view key, std::int64_t min, std::int64_t max,
                                               std::string_view default_text = "none");
  bool boolean(std::string_view key, bool fallback);
  std::chrono::milliseconds duration(std::string_view key, TextRange range);
  std::uint64_t size(std::string_view key, TextRange range);  // bytes
  offload::Rate rate(std::string_view key);                   // without the key: no limit

  // One of the words; `fallback` must be one of them.
  template <class T>
  T choice(std::string_view key, std::string_view fallback,
           std::span<const std::pair<std::string_view, T>> words) {
    std::vector<std::string> names;
    for (const auto& word : words) names.emplace_back(word.first);
    return words[choose(key, fallback, names)].second;
  }

  // Paths of Unix sockets are resolved as those of files are.
  std::optional<Endpoint> parsed_endpoint(const PlacedText& text);
  // As parsed_endpoint, to listen on: the host of a TCP address must be an IP address of this machine.
  std::optional<Endpoint> parsed_listen_endpoint(const PlacedText& text);

  // The value, with its error noted at the place.
  template <class T>
  std::optional<T> take(Result<T> result, const Place& place) {
    if (result) return std::move(*result);
    document_->errors().add(place, result.error().message);
    return std::nullopt;
  }

  void error(const Place& place, std::string_view problem) { document_->errors().add(place, problem); }
  // Where the table stands, and where a key of it stands (the table's line when the key is missing).
  Place place() const { return {line_, name_}; }
  Place place_of(std::string_view key) const;
  // Whether the file has the table, and the key in it.
  bool present() const { return table_ != nullptr; }
  bool has(std::string_view key) const { return find(key) != nullptr; }

  // Refuses all keys that were not asked for. Those in `foreign` get `reason` in place of a suggestion.
  void finish(std::span<const std::string_view> foreign = {}, std::string_view reason = {});

 private:
  TableReader(ConfigDocument& document, const toml::table* table, std::string name, std::uint32_t line)
      : document_(&document), table_(table), name_(std::move(name)), line_(line) {}

  const toml::node* find(std::string_view key) const;
  // Notes that the parser knows the key, and finds it.
  const toml::node* ask(std::string_view key, std::string_view default_text);
  std::string full_name(std::string_view key) const;
  void missing(std::string_view key, std::string_view note);
  void wrong_type(const toml::node& node, std::string_view key, std::string_view wanted);
  std::optional<PlacedText> as_text(const toml::node* node, std::string_view key);
  std::vector<PlacedText> as_texts(const toml::node* node, std::string_view key);
  std::vector<TableReader> as_tables(const toml::node* node, std::string_view key, std::string_view wanted);
  std::optional<NamedFile> as_file(std::optional<PlacedText> text);
  std::optional<std::int64_t> as_integer(const toml::node* node, std::string_view key, std::int64_t min,
                                         std::int64_t max);
  std::size_t choose(std::string_view key, std::string_view fallback, const std::vector<std::string>& names);

  ConfigDocument* document_;
  const toml::table* table_;  // null: missing
  std::string name_;          // empty: the root
  std::uint32_t line_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace baton::programs
