// Looks for secrets in the memory of this very process.
#pragma once

#include <array>
#include <random>
#include <vector>

#include "base/bytes.h"

namespace baton::test {

// Addresses, the end excluded.
struct MemoryRange {
  std::uintptr_t begin;
  std::uintptr_t end;
};

// Keeps what it looks for under a random mask, so that it does not find itself; and it compares where the
// bytes are, one at a time, so that no copy of a secret comes into being.
class MemorySearch {
 public:
  explicit MemorySearch(std::mt19937_64& random) : random_(random) {}

  // At least 16 bytes.
  void look_for(ByteView secret);

  // How often one of them stands in memory that can be written, raw or in hexadecimal (as libssl gives
  // secrets to a key log).
  std::size_t hits() const;

 private:
  struct Needle {
    Bytes masked;
    Bytes mask;
  };

  void add(Needle needle);
  std::size_t hits_in(ByteView window, std::size_t begins_within, std::uintptr_t address) const;
  bool stands_at(const Needle& needle, const std::uint8_t* place) const;
  std::size_t hits_in_range(int memory, MemoryRange range) const;

  std::mt19937_64& random_;
  std::vector<Needle> needles_;
  std::size_t longest_ = 0;
  std::array<bool, 256> may_begin_{};  // whether a needle begins with this byte
};

}  // namespace baton::test
