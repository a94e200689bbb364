#include "common/config_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "common/suggestion.h"
#include "common/units.h"

namespace baton::programs {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number with a point";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

std::uint32_t line_of(const toml::node& node) {
  return std::max(1U, node.source().begin.line);
}

std::string quoted(std::string_view text) {
  return fmt::format("\"{}\"", text);
}

// Constants of the parsers themselves: a mistake in one is found by the first test that runs.
template <class T>
T constant(Result<T> result) {
  if (!result) std::abort();
  return *result;
}

}  // namespace

TableReader::TableReader(ConfigDocument& document) : TableReader(document, &document.root(), "", 1) {}

const toml::node* TableReader::find(std::string_view key) const {
  return table_ != nullptr ? table_->get(key) : nullptr;
}

const toml::node* TableReader::ask(std::string_view key, std::string_view default_text) {
  asked_.emplace(key);
  document_->note_key(full_name(key), default_text);
  return find(key);
}

std::string TableReader::full_name(std::string_view key) const {
  return name_.empty() ? std::string(key) : fmt::format("{}.{}", name_, key);
}

Place TableReader::place_of(std::string_view key) const {
  const toml::node* node = find(key);
  return {node != nullptr ? line_of(*node) : line_, full_name(key)};
}

void TableReader::missing(std::string_view key, std::string_view note) {
  const std::string_view separator = note.empty() ? "" : ": ";
  error(place_of(key), fmt::format("is missing{}{}", separator, note));
}

void TableReader::wrong_type(const toml::node& node, std::string_view key, std::string_view wanted) {
  error({line_of(node), full_name(key)}, fmt::format("must be {}, not {}", wanted, type_name(node)));
}

TableReader TableReader::table(std::string_view key) {
  asked_.emplace(key);
  const toml::node* node = find(key);
  if (node != nullptr && !node->is_table())
    wrong_type(*node, key, fmt::format("a table [{}]", full_name(key)));
  const toml::table* inner = node != nullptr ? node->as_table() : nullptr;
  return {*document_, inner, full_name(key), inner != nullptr ? line_of(*inner) : line_};
}

std::vector<TableReader> TableReader::as_tables(const toml::node* node, std::string_view key,
                                                std::string_view wanted) {
  std::vector<TableReader> readers;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    wrong_type(*node, key, wanted);
    return readers;
  }
  if (array->empty()) error({line_of(*node), full_name(key)}, "the list is empty");
  for (const toml::node& element : *array) {
    if (!element.is_table()) {
      wrong_type(element, key, wanted);
      continue;
    }
    readers.push_back({*document_, element.as_table(), full_name(key), line_of(element)});
  }
  return readers;
}

std::vector<TableReader> TableReader::tables(std::string_view key, std::string_view note_when_missing) {
  asked_.emplace(key);
  const toml::node* node = find(key);
  if (node != nullptr) return as_tables(node, key, fmt::format("a table [[{}]]", full_name(key)));
  missing(key, note_when_missing);
  return {};
}

std::vector<TableReader> TableReader::optional_inline_tables(std::string_view key,
                                                             std::string_view default_text) {
  const toml::node* node = ask(key, default_text);
  return node != nullptr ? as_tables(node, key, "a list of tables") : std::vector<TableReader>();
}

std::vector<TableReader> TableReader::inline_tables(std::string_view key) {
  const toml::node* node = ask(key, "required");
  if (node != nullptr) return as_tables(node, key, "a list of tables");
  missing(key, "");
  return {};
}

std::optional<PlacedText> TableReader::as_text(const toml::node* node, std::string_view key) {
  if (node == nullptr) return std::nullopt;
  const auto* text = node->as_string();
  if (text == nullptr) {
    wrong_type(*node, key, "a string");
    return std::nullopt;
  }
  const Place place{line_of(*node), full_name(key)};
  if (text->get().empty()) {
    error(place, "must not be empty; leave the key out");
    return std::nullopt;
  }
  return PlacedText{text->get(), place};
}

std::vector<PlacedText> TableReader::as_texts(const toml::node* node, std::string_view key) {
  std::vector<PlacedText> texts;
  if (node == nullptr) return texts;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    wrong_type(*node, key, "a list of strings, as in [\"...\"]");
    return texts;
  }
  if (array->empty()) error({line_of(*node), full_name(key)}, "the list is empty");
  for (const toml::node& element : *array) {
    if (auto text = as_text(&element, key)) texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<NamedFile> TableReader::as_file(std::optional<PlacedText> text) {
  if (!text) return std::nullopt;
  return NamedFile{document_->resolve(text->text), std::move(text->place)};
}

std::optional<PlacedText> TableReader::optional_text(std::string_view key, std::string_view default_text) {
  return as_text(ask(key, default_text), key);
}

std::optional<PlacedText> TableReader::required_text(std::string_view key) {
  const toml::node* node = ask(key, "required");
  if (node == nullptr) missing(key, "");
  return as_text(node, key);
}

std::optional<NamedFile> TableReader::optional_file(std::string_view key, std::string_view default_text) {
  return as_file(optional_text(key, default_text));
}

std::optional<NamedFile> TableReader::required_file(std::string_view key) {
  return as_file(required_text(key));
}

std::vector<PlacedText> TableReader::optional_texts(std::string_view key, std::string_view default_text) {
  return as_texts(ask(key, default_text), key);
}

std::vector<PlacedText> TableReader::required_texts(std::string_view key) {
  const toml::node* node = ask(key, "required");
  if (node == nullptr) missing(key, "");
  return as_texts(node, key);
}

std::optional<std::int64_t> TableReader::as_integer(const toml::node* node, std::string_view key,
                                                    std::int64_t min, std::int64_t max) {
  if (node == nullptr) return std::nullopt;
  const auto* integer = node->as_integer();
  if (integer == nullptr) {
    wrong_type(*node, key, "an integer");
    return std::nullopt;
  }
  if (integer->get() < min || integer->get() > max) {
    error(place_of(key), fmt::format("{} is out of range; write {} to {}", integer->get(), min, max));
    return std::nullopt;
  }
  return integer->get();
}

std::int64_t TableReader::integer(std::string_view key, IntegerRange range) {
  return as_integer(ask(key, fmt::to_string(range.fallback)), key, range.min, range.max)
      .value_or(range.fallback);
}

std::optional<std::int64_t> TableReader::optional_integer(std::string_view key, std::int64_t min,
                                                          std::int64_t max, std::string_view default_text) {
  return as_integer(ask(key, default_text), key, min, max);
}

bool TableReader::boolean(std::string_view key, bool fallback) {
  const toml::node* node = ask(key, fallback ? "true" : "false");
  if (node == nullptr) return fallback;
  if (const auto* value = node->as_boolean()) return value->get();
  wrong_type(*node, key, "true or false");
  return fallback;
}

std::chrono::milliseconds TableReader::duration(std::string_view key, TextRange range) {
  const auto fallback = constant(parse_duration(range.fallback));
  const auto text = as_text(ask(key, quoted(range.fallback)), key);
  if (!text) return fallback;
  const auto value = take(parse_duration(text->text), text->place);
  if (!value) return fallback;
  if (*value < constant(parse_duration(range.min)) || *value > constant(parse_duration(range.max))) {
    error(text->place,
          fmt::format("\"{}\" is out of range; write \"{}\" to \"{}\"", text->text, range.min, range.max));
  }
  return *value;
}

std::uint64_t TableReader::size(std::string_view key, TextRange range) {
  const auto fallback = constant(parse_size(range.fallback));
  const toml::node* node = ask(key, quoted(range.fallback));
  if (node == nullptr) return fallback;
  const auto* integer = node->as_integer();
  const auto text = integer != nullptr
                        ? std::optional(PlacedText{fmt::to_string(integer->get()), place_of(key)})
                        : as_text(node, key);
  if (!text) return fallback;
  const auto value = take(parse_size(text->text), text->place);
  if (!value) return fallback;
  if (*value < constant(parse_size(range.min)) || *value > constant(parse_size(range.max))) {
    error(text->place,
          fmt::format("{} is out of range; write \"{}\" to \"{}\"", text->text, range.min, range.max));
  }
  return *value;
}

offload::Rate TableReader::rate(std::string_view key) {
  const auto text = as_text(ask(key, "no limit"), key);
  if (!text) return {};
  return take(parse_rate(text->text), text->place).value_or(offload::Rate());
}

std::size_t TableReader::choose(std::string_view key, std::string_view fallback,
                                const std::vector<std::string>& names) {
  const auto index_of = [&](std::string_view word) {
    return static_cast<std::size_t>(std::find(names.begin(), names.end(), word) - names.begin());
  };
  const auto text = as_text(ask(key, quoted(fallback)), key);
  if (!text) return index_of(fallback);
  const std::size_t index = index_of(text->text);
  if (index < names.size()) return index;
  error(text->place, fmt::format("\"{}\" is not one of \"{}\"", text->text, fmt::join(names, "\", \"")));
  return index_of(fallback);
}

std::optional<Endpoint> TableReader::parsed_endpoint(const PlacedText& text) {
  auto endpoint = take(parse_endpoint(text.text), text.place);
  if (!endpoint) return std::nullopt;
  if (auto* local = std::get_if<UnixEndpoint>(&*endpoint)) {
    local->path = document_->resolve(local->path.string());
    if (local->path.string().size() > kMaxUnixPath) {
      error(text.place, fmt::format("the path of a Unix socket has at most {} bytes; {} has {}", kMaxUnixPath,
                                    local->path.string(), local->path.string().size()));
    }
  }
  return endpoint;
}

std::optional<Endpoint> TableReader::parsed_listen_endpoint(const PlacedText& text) {
  auto endpoint = parsed_endpoint(text);
  const auto* tcp = endpoint ? std::get_if<TcpEndpoint>(&*endpoint) : nullptr;
  if (tcp == nullptr || is_ip_address(tcp->host)) return endpoint;
  error(text.place, fmt::format("\"{}\": write an IP address to listen on, [::] for all", text.text));
  return std::nullopt;
}

void TableReader::finish(std::span<const std::string_view> foreign, std::string_view reason) {
  if (table_ == nullptr) return;
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const auto& [key, node] : *table_) {
    if (asked_.contains(key.str())) continue;
    const Place place{std::max(1U, key.source().begin.line), full_name(key.str())};
    const auto similar = closest_word(key.str(), known);
    if (std::find(foreign.begin(), foreign.end(), key.str()) != foreign.end()) {
      error(place, reason);
    } else if (similar) {
      error(place, fmt::format("unknown key; did you mean \"{}\"?", *similar));
    } else {
      error(place, fmt::format("unknown key; known here: {}", fmt::join(known, ", ")));
    }
  }
}

}  // namespace baton::programs
