#include "common/utf8.h"

#include <cstddef>
#include <cstdint>

namespace baton::programs {
namespace {

struct Sequence {
  std::size_t size;
  char32_t first_bits;  // what the first byte contributes
  char32_t smallest;    // anything below is overlong
};

Sequence classify(std::uint8_t first) {
  if (first < 0x80) return {1, first, 0};
  if ((first & 0xe0) == 0xc0) return {2, char32_t{first} & 0x1f, 0x80};
  if ((first & 0xf0) == 0xe0) return {3, char32_t{first} & 0x0f, 0x800};
  if ((first & 0xf8) == 0xf0) return {4, char32_t{first} & 0x07, 0x10000};
  return {0, 0, 0};
}

bool is_scalar_value(char32_t value) {
  return value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
}

}  // namespace

char32_t take_code_point(std::string_view& text) {
  const Sequence sequence = classify(static_cast<std::uint8_t>(text.front()));
  char32_t value = sequence.first_bits;
  bool valid = sequence.size != 0 && sequence.size <= text.size();
  for (std::size_t i = 1; valid && i < sequence.size; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    valid = (byte & 0xc0) == 0x80;
    value = value << 6 | (byte & 0x3f);
  }
  valid = valid && value >= sequence.smallest && is_scalar_value(value);
  text.remove_prefix(valid ? sequence.size : 1);
  return valid ? value : kReplacementCharacter;
}

}  // namespace baton::programs
