#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "baton/library.h"
#include "capi/guard.h"

namespace baton::capi {
namespace {

struct Code {
  ErrorCode code;
  baton_status status;
};
constexpr std::array kCodes{
    Code{ErrorCode::invalid_argument, BATON_INVALID_ARGUMENT},
    Code{ErrorCode::truncated, BATON_TRUNCATED},
    Code{ErrorCode::malformed, BATON_MALFORMED},
    Code{ErrorCode::unsupported_version, BATON_UNSUPPORTED_VERSION},
    Code{ErrorCode::unknown_field, BATON_UNKNOWN_FIELD},
    Code{ErrorCode::refused, BATON_REFUSED},
    Code{ErrorCode::limit_exceeded, BATON_LIMIT_EXCEEDED},
    Code{ErrorCode::consumed, BATON_CONSUMED},
    Code{ErrorCode::crypto, BATON_CRYPTO},
    Code{ErrorCode::io, BATON_IO},
    Code{ErrorCode::wrong_role, BATON_WRONG_ROLE},
    Code{ErrorCode::not_allowed, BATON_NOT_ALLOWED},
    Code{ErrorCode::unknown_key, BATON_UNKNOWN_KEY},
    Code{ErrorCode::bad_seal, BATON_BAD_SEAL},
    Code{ErrorCode::wrong_audience, BATON_WRONG_AUDIENCE},
    Code{ErrorCode::wrong_purpose, BATON_WRONG_PURPOSE},
    Code{ErrorCode::expired, BATON_EXPIRED},
    Code{ErrorCode::not_yet_valid, BATON_NOT_YET_VALID},
    Code{ErrorCode::already_claimed, BATON_ALREADY_CLAIMED},
};

// `status` may be any number: it comes from outside.
const Code* find(int status) {
  const auto* found =
      std::ranges::find(kCodes, status, [](const Code& code) { return static_cast<int>(code.status); });
  return found == kCodes.end() ? nullptr : found;
}

baton_status status_of(ErrorCode code) {
  const auto* found = std::ranges::find(kCodes, code, &Code::code);
  return found == kCodes.end() ? BATON_INTERNAL : found->status;
}

constexpr std::size_t kMaxText = 1024;  // bytes, the 0 at the end included
thread_local std::array<char, kMaxText> last_error{};

void keep(std::string_view text) {
  const std::size_t size = std::min(text.size(), kMaxText - 1);
  // Never of itself: a text that came from here may be handed in again.
  std::memmove(last_error.data(), text.data(), size);
  last_error[size] = 0;
}

}  // namespace

baton_status note(const Error& error) noexcept {
  keep(error.message);
  return status_of(error.code);
}

baton_status note(baton_status status, const char* text) noexcept {
  keep(text);
  return status;
}

baton_status note_exception() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return note(BATON_NO_MEMORY, "out of memory");
  } catch (const std::exception& exception) {
    return note(BATON_INTERNAL, exception.what());
  } catch (...) {
    return note(BATON_INTERNAL, "an unknown exception");
  }
}

baton_status note_missing(const Argument& argument) noexcept {
  keep(argument.name);
  const std::size_t at = std::strlen(last_error.data());
  constexpr std::string_view kIsNull = " is NULL";
  std::memcpy(last_error.data() + at, kIsNull.data(), kIsNull.size() + 1);
  return BATON_INVALID_ARGUMENT;
}

Result<void> check_sent(std::size_t count, std::size_t shown) {
  if (count <= shown) return {};
  return fail(ErrorCode::invalid_argument,
              std::to_string(count) + " bytes cannot have been sent, there are " + std::to_string(shown));
}

}  // namespace baton::capi

using namespace baton::capi;

const char* baton_status_name(int status) {
  if (status == BATON_OK) return "ok";
  if (status == BATON_NO_MEMORY) return "no_memory";
  if (status == BATON_INTERNAL) return "internal";
  const Code* found = find(status);
  // The names are literals, so a 0 stands behind them.
  return found == nullptr ? "unknown" : baton::to_string(found->code).data();
}

const char* baton_last_error() {
  return last_error.data();
}

const char* baton_version() {
  return BATON_VERSION;
}

baton_status baton_start_library() {
  return guarded({}, [] { return baton::start_library(); });
}
