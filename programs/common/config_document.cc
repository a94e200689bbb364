#include "common/config_document.h"

#include <fmt/format.h>

#include "common/files.h"

namespace baton::programs {

ConfigDocument ConfigDocument::read(const std::filesystem::path& file) {
  auto text = read_text_file(file, kMaxConfigFile);
  if (text) return parse(*text, file);
  ConfigDocument document(file);
  document.errors_.add({}, text.error().message);
  return document;
}

ConfigDocument ConfigDocument::parse(std::string_view text, const std::filesystem::path& file) {
  ConfigDocument document(file);
  try {
    document.root_ = toml::parse(text, file.string());
    document.is_toml_ = true;
  } catch (const toml::parse_error& error) {
    document.errors_.add({error.source().begin.line, ""}, fmt::format("not TOML: {}", error.description()));
  }
  return document;
}

std::filesystem::path ConfigDocument::resolve(std::string_view path) const {
  return (file_.parent_path() / std::filesystem::path(path)).lexically_normal();
}

}  // namespace baton::programs
