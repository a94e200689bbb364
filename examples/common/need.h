// For the start of a program, where an error ends it. What a peer can cause is not handled here.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "baton/config.h"
#include "baton/error.h"
#include "baton/secret.h"

namespace example {

inline void warn(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
}

[[noreturn]] inline void fail(const std::string& message) {
  warn(message);
  std::exit(1);
}

template <class T>
T need(baton::Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The answer of a system call.
inline int need(int answer, const std::string& what) {
  if (answer < 0) fail(what + ": " + std::strerror(errno));
  return answer;
}

inline void need_usage(bool given, const std::string& usage) {
  if (!given) fail("usage: " + usage);
}

// For certificates.
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path + ": " + std::strerror(errno));
  return {std::istreambuf_iterator<char>(file), {}};
}

// For keys: read without a buffer that nobody would wipe.
inline baton::SecretBuffer read_secret(const std::string& path) {
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);
  file.open(path, std::ios::binary);
  if (!file) fail(path + ": " + std::strerror(errno));
  return {std::istreambuf_iterator<char>(file), {}};
}

inline baton::Credential read_credential(const std::string& chain, const std::string& key) {
  return {
      .chain_pem = read_file(chain), .key_pem = read_secret(key), .chain_source = chain, .key_source = key};
}

// Of a server that may hand its connections on.
inline baton::Config server_config(const std::string& chain, const std::string& key) {
  baton::ServerSettings settings;
  settings.credentials.push_back(read_credential(chain, key));
  baton::Config config = need(baton::Config::server(std::move(settings)));
  config.set_serialization_version(baton::SerializationVersion::v1);
  return config;
}

}  // namespace example
