// What stands between C and the C++ behind it: no exception passes, and errors become numbers and a text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "baton/baton.h"
#include "baton/bytes.h"

namespace baton::capi {

// Notes a failure for this thread; baton_last_error() has its text, cut to fit. Allocates nothing.
baton_status note(const Error& error) noexcept;
baton_status note(baton_status status, const char* text) noexcept;
// Notes the exception that is being handled.
baton_status note_exception() noexcept;

// An argument that may be missing.
struct Argument {
  bool missing;
  const char* name;
};
inline Argument needed(const void* pointer, const char* name) {
  return {pointer == nullptr, name};
}
inline Argument bytes(const std::uint8_t* pointer, std::size_t size, const char* name) {
  return {pointer == nullptr && size != 0, name};
}
baton_status note_missing(const Argument& argument) noexcept;

// Runs `body`, which gives a Result<void>, when nothing is missing.
template <class Body>
baton_status guarded(std::initializer_list<Argument> arguments, Body body) noexcept {
  for (const Argument& argument : arguments) {
    if (argument.missing) return note_missing(argument);
  }
  try {
    const Result<void> result = body();
    return result ? BATON_OK : note(result.error());
  } catch (...) {
    return note_exception();
  }
}

// What `body` gives, or `otherwise` when it throws.
template <class Value, class Body>
Value shielded(Value otherwise, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    static_cast<void>(note_exception());
    return otherwise;
  }
}

// Gives a new handle for what succeeded.
template <class Handle, class Value>
Result<void> give(Handle** handle, Result<Value> value) {
  if (!value) return pass_on(value);
  *handle = new Handle{std::move(*value)};
  return {};
}

// What a getter of texts gives: a copy that the handle keeps, for its object may be taken.
inline const char* give_text(std::string& kept, std::string_view text) noexcept {
  return shielded<const char*>(nullptr, [&] {
    kept = text;
    return kept.c_str();
  });
}

// What a getter of bytes gives: their address, and their number if that is asked for.
inline const std::uint8_t* give_view(ByteView view, std::size_t* size) {
  if (size != nullptr) *size = view.size();
  return view.data();
}

// `count` bytes of what was shown were sent.
Result<void> check_sent(std::size_t count, std::size_t shown);

}  // namespace baton::capi
