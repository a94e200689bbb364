#include "memory_search.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/secret.h"

namespace baton::test {
namespace {

constexpr std::size_t kWindow = std::size_t{1} << 18;  // bytes read at a time

// Larger mappings are the shadow memory of sanitizers: terabytes in which no variable lives.
constexpr std::uintptr_t kLargestMapping = std::uintptr_t{1} << 31;  // bytes

// Bits of /proc/self/pagemap: the page is in memory, or swapped out.
constexpr std::uint64_t kPageExists = std::uint64_t{3} << 62;

// What was read last. It is no hit itself: the search leaves it out, and wipes it at its end.
std::array<std::uint8_t, kWindow> the_window;

std::size_t page_size() {
  static const auto kSize = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return kSize;
}

int open_own(const std::string& name) {
  const int file = open(("/proc/self/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) std::abort();
  return file;
}

std::vector<MemoryRange> writable_mappings() {
  std::vector<MemoryRange> mappings;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    MemoryRange mapping{};
    char dash = 0;
    std::string rights;
    fields >> std::hex >> mapping.begin >> dash >> mapping.end >> rights;
    if (rights.starts_with("rw") && mapping.end - mapping.begin <= kLargestMapping) {
      mappings.push_back(mapping);
    }
  }
  return mappings;
}

// The pages that exist: nothing was ever written to the others, of which a sanitizer has gigabytes.
std::vector<MemoryRange> used_memory() {
  const int page_map = open_own("pagemap");
  std::vector<MemoryRange> used;
  for (const MemoryRange& mapping : writable_mappings()) {
    std::vector<std::uint64_t> pages((mapping.end - mapping.begin) / page_size());
    const std::size_t size = pages.size() * sizeof pages[0];
    const auto offset = static_cast<off_t>(mapping.begin / page_size() * sizeof pages[0]);
    if (pread(page_map, pages.data(), size, offset) != static_cast<ssize_t>(size)) std::abort();
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if ((pages[i] & kPageExists) == 0) continue;
      const std::uintptr_t begin = mapping.begin + i * page_size();
      if (used.empty() || used.back().end != begin) used.push_back({begin, begin});
      used.back().end = begin + page_size();
    }
  }
  close(page_map);
  return used;
}

// Nearly all of the time is spent here, so sanitizers stay out.
__attribute__((no_sanitize("address", "undefined"))) const std::uint8_t* first_of(
    const std::uint8_t* at, const std::uint8_t* end, const std::array<bool, 256>& wanted) {
  const bool* const is_wanted = wanted.data();
  while (at != end && !is_wanted[*at]) ++at;
  return at;
}

std::uint8_t hex_digit(unsigned value, char letter_a) {
  return static_cast<std::uint8_t>(value < 10 ? unsigned{'0'} + value
                                              : static_cast<unsigned>(letter_a) + value - 10);
}

}  // namespace

void MemorySearch::look_for(ByteView secret) {
  const auto random_byte = [this] { return static_cast<std::uint8_t>(random_()); };
  Needle raw;
  for (const std::uint8_t& byte : secret) {
    raw.mask.push_back(random_byte());
    raw.masked.push_back(byte ^ raw.mask.back());
  }
  add(std::move(raw));
  for (const char letter_a : {'a', 'A'}) {
    Needle hex;
    for (const std::uint8_t& byte : secret) {
      for (const unsigned digit : {static_cast<unsigned>(byte) >> 4, static_cast<unsigned>(byte) & 15}) {
        hex.mask.push_back(random_byte());
        hex.masked.push_back(hex_digit(digit, letter_a) ^ hex.mask.back());
      }
    }
    add(std::move(hex));
  }
}

void MemorySearch::add(Needle needle) {
  longest_ = std::max(longest_, needle.mask.size());
  may_begin_[needle.masked[0] ^ needle.mask[0]] = true;
  needles_.push_back(std::move(needle));
}

bool MemorySearch::stands_at(const Needle& needle, const std::uint8_t* place) const {
  for (std::size_t i = 0; i < needle.mask.size(); ++i) {
    if ((place[i] ^ needle.mask[i]) != needle.masked[i]) return false;
  }
  return true;
}

// Those that begin in the first `begins_within` bytes of the window.
std::size_t MemorySearch::hits_in(ByteView window, std::size_t begins_within, std::uintptr_t address) const {
  const auto own_begin = reinterpret_cast<std::uintptr_t>(the_window.data());
  const std::uint8_t* const end = window.data() + begins_within;
  std::size_t hits = 0;
  for (const std::uint8_t* at = window.data(); (at = first_of(at, end, may_begin_)) != end; ++at) {
    const auto place = static_cast<std::size_t>(at - window.data());
    if (address + place >= own_begin && address + place < own_begin + kWindow) continue;
    hits += static_cast<std::size_t>(std::ranges::count_if(needles_, [&](const Needle& needle) {
      return needle.mask.size() <= window.size() - place && stands_at(needle, at);
    }));
  }
  return hits;
}

// Reads it window by window, each beginning where a needle may not have been whole in the last.
std::size_t MemorySearch::hits_in_range(int memory, MemoryRange range) const {
  std::size_t hits = 0;
  for (std::uintptr_t at = range.begin; at < range.end;) {
    const std::size_t wanted = std::min<std::size_t>(kWindow, range.end - at);
    const ssize_t got = pread(memory, the_window.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) {  // given back since the pages were listed
      at = (at / page_size() + 1) * page_size();
      continue;
    }
    const auto size = static_cast<std::size_t>(got);
    const bool last = size < wanted || at + size == range.end;
    const std::size_t step = last ? size : size - longest_ + 1;
    hits += hits_in(ByteView(the_window).first(size), step, at);
    at += step;
  }
  return hits;
}

std::size_t MemorySearch::hits() const {
  const int memory = open_own("mem");
  std::size_t hits = 0;
  for (const MemoryRange& range : used_memory()) hits += hits_in_range(memory, range);
  close(memory);
  wipe(the_window);
  return hits;
}

}  // namespace baton::test
