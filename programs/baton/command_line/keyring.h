// `baton keyring`: making, rotating and listing key rings.
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"
#include "baton/key_ring.h"
#include "command_line/environment.h"

namespace baton::command_line {

// Reads a key ring from a file that belongs to us and that nobody else can use. Errors: io, refused, and
// those of KeyRing::parse_unprotected.
[[nodiscard]] Result<KeyRing> read_key_ring(const std::filesystem::path& file);

// Each does what its command says and tells on `out` what was done and what comes next. The errors name the
// file and what to do.
[[nodiscard]] Result<void> create_key_ring(const std::filesystem::path& file, const Environment& environment);
[[nodiscard]] Result<void> rotate_key_ring(const std::filesystem::path& file, const Environment& environment);
[[nodiscard]] Result<void> retire_key(const std::filesystem::path& file, const std::string& id,
                                      const Environment& environment);
[[nodiscard]] Result<void> list_key_ring(const std::filesystem::path& file, bool as_json,
                                         const Environment& environment);

}  // namespace baton::command_line
