#include "handshake/provider/key_uri.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <climits>
#include <cstring>
#include <memory>

#include "handshake/openssl_handles.h"

namespace baton::provider {
namespace {

constexpr std::string_view kBeginning = "baton:certificate=";
constexpr std::string_view kDigits = "0123456789ABCDEF";

// Other blocks may be private keys (R6).
struct WipeBlock {
  std::size_t size = 0;
  void operator()(unsigned char* content) const noexcept { OPENSSL_clear_free(content, size); }
};
struct FreeText {
  void operator()(char* text) const noexcept { OPENSSL_free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

bool stands_for_itself(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

// -1: none of a hexadecimal number.
int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// nullopt: a "%" without two digits.
std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return decoded;
}

}  // namespace

Result<std::filesystem::path> parse_key_uri(std::string_view uri) {
  if (!uri.starts_with(kBeginning)) {
    return fail(ErrorCode::malformed,
                "a key's URI is \"baton:certificate=\" and the absolute path of its certificate");
  }
  const auto path = decode_percent(uri.substr(kBeginning.size()));
  if (!path) return fail(ErrorCode::malformed, "in a key's URI, \"%\" stands before two hexadecimal digits");
  if (!path->starts_with('/')) {
    return fail(ErrorCode::malformed, "the path of the certificate in a key's URI is absolute");
  }
  for (const char c : *path) {
    if ((c >= 0 && c < ' ') || c == 0x7f)
      return fail(ErrorCode::malformed, "a key's URI has a control character in it");
  }
  return std::filesystem::path(*path);
}

Result<std::string> key_uri_of(const std::filesystem::path& certificate) {
  if (!certificate.is_absolute()) {
    return fail(ErrorCode::invalid_argument, "the path of the certificate is not absolute");
  }
  std::string uri(kBeginning);
  for (const char c : certificate.string()) {
    if (stands_for_itself(c)) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return uri;
}

std::string key_file_of(std::string_view uri) {
  const handshake::BioPtr bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  if (!bio || PEM_write_bio(bio.get(), kKeyFileLabel, "", reinterpret_cast<const unsigned char*>(uri.data()),
                            static_cast<long>(uri.size())) <= 0) {
    throw std::bad_alloc();  // nothing else goes wrong in memory
  }
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::optional<std::string> find_key_uri(ByteView pem) {
  if (pem.empty() || pem.size() > INT_MAX) return std::nullopt;
  const handshake::BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return std::nullopt;
  ERR_set_mark();
  std::optional<std::string> uri;
  while (!uri) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* content = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &name, &header, &content, &size) != 1) break;
    const Text name_owner(name);
    const Text header_owner(header);
    const std::unique_ptr<unsigned char, WipeBlock> owner(content, WipeBlock{static_cast<std::size_t>(size)});
    if (std::strcmp(name, kKeyFileLabel) == 0) uri.emplace(content, content + size);
  }
  ERR_pop_to_mark();  // the end of the file is no error
  return uri;
}

}  // namespace baton::provider
