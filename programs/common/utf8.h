// Decoding UTF-8 that nobody checked.
#pragma once

#include <string_view>

namespace baton::programs {

inline constexpr char32_t kReplacementCharacter = 0xfffd;

// Takes the first code point off a text that is not empty. A byte that begins no valid sequence (RFC 3629 §4:
// neither overlong, nor a surrogate, nor above U+10FFFF) is taken alone and gives kReplacementCharacter.
char32_t take_code_point(std::string_view& text);

}  // namespace baton::programs
