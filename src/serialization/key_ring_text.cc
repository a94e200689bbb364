#include "serialization/key_ring_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "crypto/random.h"

namespace baton::serialization {
namespace {

constexpr std::string_view kTitle = "baton-key-ring ";
constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kWarning =
    "# The keys of sealed connections. Whoever reads this file can open and forge them: keep it at mode "
    "0600.\n";

// Text that says where an error is. What stands in a key line is never quoted: a secret in the wrong place
// would end up in a log.
class Source {
 public:
  explicit Source(std::string_view name) : name_(name) {}

  tl::unexpected<Error> error(ErrorCode code, std::size_t line, const std::string& what) const {
    return fail(code, std::string(name_) + ":" + std::to_string(line) + ": " + what);
  }
  tl::unexpected<Error> malformed(std::size_t line, const std::string& what) const {
    return error(ErrorCode::malformed, line, what);
  }

 private:
  std::string_view name_;
};

// Cuts a text at its line feeds, without copying.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  // The next line without its line feed; nothing at the end. A last line feed starts no further line.
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }

  // Of the line that next() gave last, from 1 on.
  std::size_t number() const { return std::max<std::size_t>(number_, 1); }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

// A number as std::to_string writes it: no sign, no leading zero.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || end != text.data() + text.size() || leading_zero) return std::nullopt;
  return number;
}

std::optional<unsigned> digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return std::nullopt;
}

// Fills `out` from exactly as many digits as it needs.
bool decode_hex(std::string_view text, MutableBytes out) {
  if (text.size() != 2 * out.size()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = digit_value(text[2 * i]);
    const auto low = digit_value(text[2 * i + 1]);
    if (!high || !low) return false;
    out[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

void put_hex(ByteView bytes, SecretBuffer& out) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  for (const std::uint8_t byte : bytes) {
    out.push_back(static_cast<std::uint8_t>(kDigits[byte >> 4]));
    out.push_back(static_cast<std::uint8_t>(kDigits[byte & 15]));
  }
}

// The five words of a key line, which single spaces part.
using Words = std::array<std::string_view, 5>;

std::optional<Words> split(std::string_view line) {
  Words words;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    words[i] = line.substr(0, end);
    line.remove_prefix(end + 1);
  }
  if (line.find(' ') != std::string_view::npos) return std::nullopt;
  words.back() = line;
  return words;
}

Result<void> check_ending(const Source& source, std::string_view line, std::size_t number) {
  if (!line.ends_with('\r')) return {};
  return source.malformed(number, "lines must end with LF alone, not with CR LF");
}

Result<void> check_title(const Source& source, std::string_view line) {
  if (auto ending = check_ending(source, line, 1); !ending) return ending;
  const auto version =
      line.starts_with(kTitle) ? parse_number(line.substr(kTitle.size())) : std::optional<std::uint64_t>{};
  if (!version) return source.malformed(1, "not a key ring: the first line must be 'baton-key-ring 1'");
  if (*version == kVersion) return {};
  return source.error(ErrorCode::unsupported_version, 1,
                      "cannot read key ring version " + std::to_string(*version) + ", newest known is " +
                          std::to_string(kVersion));
}

// Reads key lines into a ring and remembers where each key stands.
class KeyLines {
 public:
  explicit KeyLines(const Source& source) : source_(source) {}

  Result<void> add(std::string_view line, std::size_t number) {
    const auto words = split(line);
    if (!words || words->front() != "key") {
      return source_.malformed(number,
                               "expected 'key ID STATE CREATED SECRET' with single spaces, a comment that "
                               "begins with #, or an empty line");
    }
    if (keys_.list.size() == KeyRing::kMaxKeys) {
      return source_.error(ErrorCode::limit_exceeded, number,
                           "more than " + std::to_string(KeyRing::kMaxKeys) +
                               " keys; retire previous ones that nothing is sealed under any more");
    }
    if (auto in_order = check_state((*words)[2], number); !in_order) return in_order;
    return add_key(*words, number);
  }

  Result<KeyRing::Keys> finish(std::size_t last_line) && {
    if (keys_.list.size() < 2) {
      return source_.malformed(last_line, "the key ring ends without its " +
                                              std::string(to_string(state_at(keys_.list.size()))) + " key");
    }
    return std::move(keys_);
  }

 private:
  // The place of a key gives its state, so there can only be one next and one current.
  Result<void> check_state(std::string_view word, std::size_t number) const {
    const std::size_t place = keys_.list.size();
    if (word == to_string(state_at(place))) return {};
    return source_.malformed(number, "the state of key " + std::to_string(place + 1) + " must be '" +
                                         std::string(to_string(state_at(place))) +
                                         "': a ring has one next key, one current, and then previous ones");
  }

  Result<void> add_key(const Words& words, std::size_t number) {
    RingKey key;
    if (!parse_key_id(words[1], key.id)) {
      return source_.malformed(number, "the id must have 16 hexadecimal digits, in lower case");
    }
    const auto created = parse_number(words[3]);
    if (!created || *created > static_cast<std::uint64_t>(kLatestTime.time_since_epoch().count())) {
      return source_.malformed(number, "the time of creation must be in Unix seconds, up to the year 9999");
    }
    key.created = UnixTime(std::chrono::seconds(*created));
    key.secret = Secret<RingKey::kSecretSize>(RingKey::kSecretSize);
    if (!decode_hex(words[4], key.secret.data())) {
      return source_.malformed(number, "the secret must have 64 hexadecimal digits, in lower case");
    }
    if (auto is_new = check_new(key, number); !is_new) return is_new;
    keys_.list.push_back(std::move(key));
    line_numbers_.push_back(number);
    return {};
  }

  Result<void> check_new(const RingKey& key, std::size_t number) const {
    for (std::size_t i = 0; i < keys_.list.size(); ++i) {
      const std::string where = std::to_string(line_numbers_[i]);
      if (keys_.list[i].id == key.id) {
        return source_.malformed(number, "the same id as in line " + where + "; remove one of the two");
      }
      if (crypto::constant_time_equal(keys_.list[i].secret.view(), key.secret.view())) {
        return source_.malformed(number, "the same secret as in line " + where + "; remove one of the two");
      }
    }
    return {};
  }

  const Source& source_;
  KeyRing::Keys keys_;
  std::vector<std::size_t> line_numbers_;  // of each key
};

}  // namespace

Result<KeyRing::Keys> parse_key_ring(ByteView bytes, std::string_view source_name) {
  const Source source(source_name);
  const std::string_view text = as_text(bytes);
  if (text.size() > KeyRing::kMaxTextSize) {
    const auto line = std::ranges::count(text.substr(0, KeyRing::kMaxTextSize), '\n') + 1;
    return source.error(ErrorCode::limit_exceeded, static_cast<std::size_t>(line),
                        "a key ring has at most " + std::to_string(KeyRing::kMaxTextSize) + " bytes");
  }
  Lines lines(text);
  KeyLines keys(source);
  if (auto title = check_title(source, lines.next().value_or("")); !title) return pass_on(title);
  while (const auto line = lines.next()) {
    if (auto ending = check_ending(source, *line, lines.number()); !ending) return pass_on(ending);
    if (line->empty() || line->front() == '#') continue;
    if (auto added = keys.add(*line, lines.number()); !added) return pass_on(added);
  }
  return std::move(keys).finish(lines.number());
}

SecretBuffer print_key_ring(const KeyRing::Keys& keys) {
  SecretBuffer out;
  const auto put = [&out](std::string_view text) { append(out, as_bytes(text)); };
  put(kTitle);
  put(std::to_string(kVersion) + "\n");
  put(kWarning);
  for (std::size_t place = 0; place < keys.list.size(); ++place) {
    const RingKey& key = keys.list[place];
    put("key " + to_hex(key.id) + " ");
    put(to_string(state_at(place)));
    put(" " + std::to_string(key.created.time_since_epoch().count()) + " ");
    put_hex(key.secret.view(), out);
    put("\n");
  }
  return out;
}

bool parse_key_id(std::string_view text, KeyId& id) {
  return decode_hex(text, id);
}

}  // namespace baton::serialization
