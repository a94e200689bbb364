// Small correct configuration files that tests change in one place.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace baton::test {

inline constexpr std::string_view kKeystoreText =
    R"(serialization_version = 1
[link]
listen = ["[::]:7600", "unix:/run/k.sock"]
certificate = "l.crt"
private_key = "l.key"
client_ca = "ca.crt"
[limits]
max_links = 10
[[application_server]]
identity = "app1.internal"
names = ["*"]
[[tenant]]
names = ["www.example.com"]
certificates = [{ chain = "a.crt", private_key = "a.key" }]
)";

inline constexpr std::string_view kProxyText =
    R"(threads = 1
[[listener]]
listen = ["[::]:443"]
backend = "127.0.0.1:8080"
[link]
certificate = "l.crt"
private_key = "l.key"
ca = "ca.crt"
[[key_store]]
address = "keystore.internal:7600"
[limits]
buffer = "64KiB"
)";

// One change of a text, and the first line of the error that follows from it.
struct WrongText {
  std::string_view from, to, error;
};

// Names the case by its error, when a test fails.
inline void PrintTo(const WrongText& wrong, std::ostream* out) {
  *out << wrong.error;
}

inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string changed(text);
  const std::size_t place = changed.find(from);
  if (place == std::string::npos) {
    ADD_FAILURE() << "the text has no \"" << from << '"';
    return changed;
  }
  return changed.replace(place, from.size(), to);
}

inline std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace baton::test
