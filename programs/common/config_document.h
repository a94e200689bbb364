// A configuration file, parsed as TOML, with its errors and the keys that were asked for.
#pragma once

#include <toml++/toml.h>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "common/config_errors.h"

namespace baton::programs {

// Largest configuration file that is read. Generated files list thousands of tenants in a fraction of it.
inline constexpr std::size_t kMaxConfigFile = std::size_t{16} * 1024 * 1024;  // bytes

class ConfigDocument {
 public:
  // A file that cannot be read, or is not TOML, is an error in errors(), and then root() is empty.
  static ConfigDocument read(const std::filesystem::path& file);
  // As read(), for text that is at hand. `file` names it in errors and is where relative paths start.
  static ConfigDocument parse(std::string_view text, const std::filesystem::path& file);

  const std::filesystem::path& file() const { return file_; }
  const toml::table& root() const { return root_; }
  // Whether the text is TOML. Where it is not, its keys say nothing.
  bool is_toml() const { return is_toml_; }
  ConfigErrors& errors() { return errors_; }
  const ConfigErrors& errors() const { return errors_; }

  // A path that the file names: relative ones start at the folder of the file.
  std::filesystem::path resolve(std::string_view path) const;

  // Every key that a TableReader asked for, with the text of its default: "none", "required", "\"10s\"". With
  // it a test holds the documentation to the parser.
  void note_key(const std::string& key, std::string_view default_text) { known_keys_[key] = default_text; }
  const std::map<std::string, std::string>& known_keys() const { return known_keys_; }

 private:
  explicit ConfigDocument(const std::filesystem::path& file) : file_(file), errors_(file) {}

  std::filesystem::path file_;
  toml::table root_;
  bool is_toml_ = false;
  ConfigErrors errors_;
  std::map<std::string, std::string> known_keys_;
};

}  // namespace baton::programs
