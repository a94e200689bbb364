// "Did you mean ...?"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace baton::programs {

// How many characters must be inserted, deleted, replaced or swapped with their neighbour to turn one into
// the other.
std::size_t edit_distance(std::string_view left, std::string_view right);

// The candidate that `word` is most likely a mistyping of: at most one edit in three characters, and at least
// one edit is always allowed.
std::optional<std::string> closest_word(std::string_view word, std::span<const std::string> candidates);

}  // namespace baton::programs
