// The configuration file of the OpenSSL provider. docs/configuration.md describes every key.
#pragma once

#include <filesystem>

#include "links/config.h"

namespace baton::provider_module {

struct Config {
  std::filesystem::path file;
  programs::LogConfig log;
  links::Config links;
  std::chrono::milliseconds signature_timeout{};  // from OpenSSL's question to its failure
};

// Parses a document. All errors are reported at once, one a line, each with file and line.
[[nodiscard]] Result<Config> parse_config(programs::ConfigDocument& document);

// What the configuration's files hold; nullopt: the links need none. All errors are reported at once.
[[nodiscard]] Result<std::optional<programs::LinkCredential>> load_files(const Config& config);

}  // namespace baton::provider_module
